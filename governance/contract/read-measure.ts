// From a window and a measure as they are written (`{ tumbling: 1m }`, `count`, `{ sum: /amount }`) to what is meant.

import type { TSchema } from 'typebox'
import type { JsonObject } from '../../storage/json.ts'
import type { MeasureKind } from '../measures/measure.ts'
import { MAX_WINDOWS_OF_EVENT, type WindowSpec } from '../measures/windows-of.ts'
import { measureShapes, windowShapes } from './aggregate-shape.ts'
import { checkShape } from './check-shape.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import { durationMs, formatDuration } from './policy-parts.ts'
import type { Path, SourceFile } from './source-file.ts'

const MAX_WINDOW_MS = durationMs('366d')
/** What is kept of a person and day is one row: no more sessions than fit there, none that reaches over a day. */
const LEAST_GAP = '1m'
const MAX_GAP = '1d'

export interface ReadMeasure {
  kind: MeasureKind
  pointer?: string
  parameters: JsonObject
  /** Where the pointer stands; of the count of events, the measure. */
  path: Path
}

/** The measure written at `path`; undefined when an error was reported. */
export function readMeasure(source: SourceFile, path: Path, written: unknown, report: Report): ReadMeasure | undefined {
  if (written === 'count') return { kind: 'count', parameters: {}, path }
  const choice = readChoice(source, path, written, measureShapes, 'measure', report)
  if (!choice) return undefined
  const { name, value } = choice
  const kind = name as MeasureKind
  const inner = [...path, name]
  if (typeof value === 'string') return { kind, pointer: value, parameters: {}, path: inner }
  const { of, ...parameters } = value as { of: string } & JsonObject
  return { kind, pointer: of, parameters, path: [...inner, 'of'] }
}

/** The window written at `path`; undefined when an error was reported. */
export function readWindow(source: SourceFile, path: Path, written: unknown, report: Report): WindowSpec | undefined {
  const choice = readChoice(source, path, written, windowShapes, 'window', report)
  if (!choice) return undefined
  const window = windowOf(choice)
  const inner = [...path, choice.name]
  if ('session' in window) {
    const { gapMs } = window.session
    const [fix, message] = [
      `Write \`gap: ${LEAST_GAP}\` to \`gap: ${MAX_GAP}\`.`,
      'no session can be told by this gap.',
    ]
    if (gapMs < durationMs(LEAST_GAP) || gapMs > durationMs(MAX_GAP))
      report.error(source.at([...inner, 'gap']), message, fix)
  } else if (lengthOf(window) > MAX_WINDOW_MS) {
    report.error(source.at(inner), 'a window of more than 366 days would hardly ever close.', 'Write `366d` or less.')
  } else if ('hopping' in window) {
    const { sizeMs, everyMs } = window.hopping
    const [size, every] = [formatDuration(sizeMs), formatDuration(everyMs)]
    if (everyMs > sizeMs) {
      const message = `windows of ${size}, one every ${every}, leave events between them out.`
      report.error(source.at([...inner, 'every']), message, `Write \`every: ${size}\` or less.`)
    } else if (sizeMs / everyMs > MAX_WINDOWS_OF_EVENT) {
      const message = `each event would be counted in ${Math.ceil(sizeMs / everyMs)} windows; ${MAX_WINDOWS_OF_EVENT} are the most.`
      report.error(source.at([...inner, 'every']), message, 'Begin windows less often, or make them shorter.')
    }
  }
  return window
}

function windowOf({ name, value }: Choice): WindowSpec {
  if (name === 'tumbling') return { tumbling: durationMs(value as string) }
  if (name === 'session') return { session: { gapMs: durationMs((value as { gap: string }).gap) } }
  const { size, every } = value as { size: string; every: string }
  return { hopping: { sizeMs: durationMs(size), everyMs: durationMs(every) } }
}

/** How long a window is, in milliseconds; of sessions, the pause that ends one. */
export function lengthOf(window: WindowSpec): number {
  if ('tumbling' in window) return window.tumbling
  return 'hopping' in window ? window.hopping.sizeMs : window.session.gapMs
}

/** The window with its times as a policy writes them. */
export function writtenWindow(window: WindowSpec) {
  if ('tumbling' in window) return { tumbling: formatDuration(window.tumbling) }
  if ('session' in window) return { session: { gap: formatDuration(window.session.gapMs) } }
  const { sizeMs, everyMs } = window.hopping
  return { hopping: { size: formatDuration(sizeMs), every: formatDuration(everyMs) } }
}

interface Choice {
  name: string
  value: unknown
}

/** One name of several, with what it takes. */
function readChoice(
  source: SourceFile,
  path: Path,
  written: unknown,
  shapes: Record<string, TSchema>,
  what: 'measure' | 'window',
  report: Report,
): Choice | undefined {
  const choose = `Choose one of ${listed(Object.keys(shapes))}.`
  const isObject = typeof written === 'object' && written !== null && !Array.isArray(written)
  const names = isObject ? Object.keys(written) : [written]
  const [name] = names
  if (names.length !== 1 || typeof name !== 'string') {
    report.error(source.at(path), `a ${what} is one name with what it is of.`, choose)
    return undefined
  }
  if (!Object.hasOwn(shapes, name)) {
    const at = isObject ? source.at([...path, name], 'key') : source.at(path)
    report.error(at, `\`${name}\` is no ${what}.`, `${didYouMean(name, Object.keys(shapes))}${choose}`)
    return undefined
  }
  if (!isObject) {
    report.error(source.at(path), `\`${name}\` needs to know more.`, `Write ${examples[name]}.`)
    return undefined
  }
  const value = (written as Record<string, unknown>)[name]
  return checkShape(shapes[name]!, source, [...path, name], value, report) ? { name, value } : undefined
}

const examples: Record<string, string> = {
  ...Object.fromEntries(Object.keys(measureShapes).map(kind => [kind, `\`{ ${kind}: /amount }\``])),
  quantile: '`{ quantile: { of: /amount, q: 0.5 } }`',
  top: '`{ top: { of: /type, n: 10 } }`',
  tumbling: '`{ tumbling: 1h }`',
  hopping: '`{ hopping: { size: 1h, every: 10m } }`',
  session: '`{ session: { gap: 30m } }`',
}
