// Reads one YAML or JSON file into a value and remembers where each key and value stands. What is wrong with the file
// is reported, never thrown.

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { JsonValue } from '../../storage/json.ts'
import type { Position, Report } from './diagnostic.ts'
import { formatPointer } from './json-pointer.ts'

export type Path = readonly (string | number)[]

export interface SourceFile {
  file: string
  text: string
  /** Hex SHA-256 of the file's bytes. */
  sha256: string
  /** Undefined when the file could not be read as what it should be. */
  value: JsonValue | undefined
  /** Where the value (or the key) at a path stands; the nearest place above it where there is none. */
  at(path?: Path, part?: 'key' | 'value'): Position
}

export const MAX_FILE_BYTES = 256 * 1024
const MAX_DEPTH = 100
const MAX_ALIASES = 100
const MAX_SYNTAX_PROBLEMS = 20

export interface FoundFile {
  path: string
  bytes: Buffer
  /** Hex SHA-256 of the bytes. */
  sha256: string
  /** Where a policy names it, if it stands in no file: problems are reported there, with a JSON Pointer. */
  namedAt?: Position
}

/** Parses a file's bytes, with every problem reported. JSON is read as YAML for positions and as JSON for its value. */
export function parseSource(found: FoundFile, language: 'yaml' | 'json', report: Report): SourceFile {
  if (found.namedAt) return parseNamed(found, found.namedAt, report)
  const { path: file, bytes, sha256 } = found
  const text = bytes.toString('utf8')
  const source: SourceFile = {
    file,
    text,
    sha256,
    value: undefined,
    at: () => ({ file, line: 1, column: 1 }),
  }
  if (bytes.length > MAX_FILE_BYTES) {
    report.error(source.at(), `the file is larger than ${MAX_FILE_BYTES / 1024} KiB.`, 'Make it smaller.')
    return source
  }
  if (text.includes('\uFFFD') && Buffer.compare(Buffer.from(text), bytes) !== 0) {
    report.error(source.at(), 'the file is not UTF-8.', 'Save it in the encoding UTF-8.')
    return source
  }
  const lines = new LineCounter()
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
    source.at = (path = [], part = 'value') => place(offsetOf(document, path, part))
    const jsonProblem = language === 'json' ? jsonError(text) : undefined
    if (jsonProblem) report.error(place(jsonProblem.offset), jsonProblem.message, 'Write strict JSON (RFC 8259).')
    // What JSON.parse accepts is JSON; only duplicate keys escape it.
    const problems = [...document.errors, ...document.warnings].filter(
      ({ code }) => language === 'yaml' || code === 'DUPLICATE_KEY',
    )
    if (problems.some(({ message }) => message.includes('call stack'))) throw new RangeError('it is nested too deeply')
    for (const { code, message, pos } of problems.slice(0, MAX_SYNTAX_PROBLEMS)) {
      const fix = code === 'DUPLICATE_KEY' ? 'Keep one of the two.' : 'Mend the YAML syntax here.'
      report.error(place(pos[0]), `${lowerFirst(message.split('\n')[0]!)}.`, fix)
    }
    if (jsonProblem || problems.length > 0) return source
    const value = language === 'json' ? JSON.parse(text) : document.toJS({ maxAliasCount: MAX_ALIASES })
    if (depthExceeds(value, MAX_DEPTH)) throw new RangeError(`it is nested more than ${MAX_DEPTH} levels deep`)
    source.value = value ?? null
  } catch (error) {
    // Nesting that overflows the stack, and aliases that multiply, arrive here.
    report.error({ file, line: 1, column: 1 }, `the file cannot be read: ${(error as Error).message}.`, 'Simplify it.')
  }
  return source
}

function parseNamed({ path, bytes, sha256 }: FoundFile, namedAt: Position, report: Report): SourceFile {
  const at = (inside: Path = []): Position => {
    if (inside.length === 0) return namedAt
    return { ...namedAt, within: `${namedAt.within}, at ${formatPointer(inside)}` }
  }
  const source = parseSource({ path, bytes, sha256 }, 'json', {
    error: (_, message, fix) => report.error(at(), message, fix),
    warning: (_, message, fix) => report.warning(at(), message, fix),
  })
  return { ...source, at }
}

function offsetOf(document: Document.Parsed, path: Path, part: 'key' | 'value'): number {
  let node: unknown = document.contents
  let offset = document.contents?.range[0] ?? 0
  for (const [index, token] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    let key: unknown
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(token))
      if (!pair) break
      key = pair.key
      node = pair.value
    } else if (isSeq(node) && node.items.length > Number(token)) {
      node = node.items[Number(token)]
    } else break
    const shown = (part === 'key' && index === path.length - 1 ? key : undefined) ?? node ?? key
    offset = (shown as Node | null)?.range?.[0] ?? offset
  }
  return offset
}

function jsonError(text: string): { message: string; offset: number } | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const offset = /at position (\d+)/.exec((error as Error).message)?.[1]
    return { message: 'this is not JSON.', offset: offset === undefined ? text.trimEnd().length : Number(offset) }
  }
}

function depthExceeds(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some(inner => depthExceeds(inner, depth - 1))
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
