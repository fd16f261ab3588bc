// Reads a policy's `computed`: everything that can be judged without the schema. What its sources are is looked up by
// `check-computed.ts`.

import { refusedNames } from './check-schema.ts'
import { checkShape } from './check-shape.ts'
import { type Computation, computationShapes } from './computed-shape.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import { parsePointer } from './json-pointer.ts'
import type { Path, SourceFile } from './source-file.ts'

export interface ComputedField {
  /** Of the member that is added to the event; `pointer` leads there. */
  name: string
  pointer: string
  computation: Computation
  /** What it reads of the raw event, and where the policy says so. */
  sources: { pointer: string; tokens: string[]; path: Path }[]
  /** Of the whole, in the policy. */
  path: Path
}

/** The computed fields of a policy, whatever else it holds; those with a problem are left out. */
export function readComputed(source: SourceFile, written: unknown, report: Report): ComputedField[] {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return []
  return Object.entries(written).flatMap(([pointer, how]) => {
    const path = ['computed', pointer]
    const name = readName(source, path, pointer, report)
    const computation = readComputation(source, path, how, report)
    if (name === undefined || computation === undefined) return []
    return [{ name, pointer, computation, sources: sourcesOf(computation, path), path }]
  })
}

function readName(source: SourceFile, path: Path, pointer: string, report: Report): string | undefined {
  const tokens = parsePointer(pointer)
  const [name] = tokens ?? []
  const error = (message: string, fix: string) => report.error(source.at(path, 'key'), message, fix)
  if (name === undefined) error(`\`${pointer}\` is no JSON Pointer.`, `Write it with a slash before it: /${pointer}.`)
  else if (tokens!.length > 1)
    error(`\`${pointer}\` lies deeper than an event’s own members.`, `Write one name, such as /${tokens!.at(-1)}.`)
  else if (refusedNames.has(name)) error(`a field may not be called \`${name}\`.`, 'Choose another name.')
  else return name
  return undefined
}

function readComputation(source: SourceFile, path: Path, written: unknown, report: Report): Computation | undefined {
  if (written === 'received') return written
  const isObject = typeof written === 'object' && written !== null && !Array.isArray(written)
  const names = isObject ? Object.keys(written) : [written]
  const kind = isObject && (['join', 'years'] as const).find(name => names.includes(name))
  if (kind)
    return checkShape(computationShapes[kind], source, path, written, report) ? (written as Computation) : undefined
  const known = [...Object.keys(computationShapes), 'received']
  const fix = `${didYouMean(String(names[0]), known)}Choose one of ${listed(known)}.`
  report.error(source.at(path), 'nothing says how this field is computed.', fix)
  return undefined
}

function sourcesOf(computation: Computation, path: Path): ComputedField['sources'] {
  if (computation === 'received') return []
  const sources =
    'join' in computation
      ? computation.join.map((pointer, i) => ({ pointer, path: [...path, 'join', i] }))
      : [{ pointer: computation.years.since, path: [...path, 'years', 'since'] }]
  return sources.map(each => ({ ...each, tokens: parsePointer(each.pointer)! }))
}
