// Reads conditions on stored values as a policy writes them: one, or a list of which all must hold.

import type { Condition } from './aggregate.ts'
import type { WrittenCondition } from './aggregate-shape.ts'
import type { Report } from './diagnostic.ts'
import type { Path, SourceFile } from './source-file.ts'

/** Something that reads a field, and where the policy says so. */
export type Reader<Part> = Omit<Part, 'level'> & { path: Path }

/** @param path where they are written */
export function readConditions(
  source: SourceFile,
  path: Path,
  written: WrittenCondition | WrittenCondition[] | undefined,
  report: Report,
): Reader<Condition>[] {
  const list = Array.isArray(written)
  return [written ?? []].flat().map((condition, i) => {
    const own = list ? [...path, i] : path
    checkCondition(source, own, condition, report)
    return { ...condition, path: [...own, 'pointer'] }
  })
}

function checkCondition(source: SourceFile, path: Path, condition: WrittenCondition, report: Report): void {
  const { pointer, minimum = -Infinity, maximum = Infinity } = condition
  if (Object.keys(condition).length === 1) {
    const fix = 'Add `minimum`, `maximum`, `equals` or `oneOf`.'
    report.error(source.at(path), `the condition on ${pointer} asks for nothing.`, fix)
  } else if (minimum > maximum) {
    const message = `no number is at least ${minimum} and at most ${maximum}.`
    report.error(source.at([...path, 'minimum']), message, 'Swap the two.')
  }
}
