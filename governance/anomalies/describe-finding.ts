// A finding in one sentence, with its numbers and without any value of an event; how severe it is; and which of two is
// the worse.

import type { JsonObject } from '../../storage/json.ts'
import { type Severity, windowKinds } from './anomaly-kinds.ts'
import { type Seen, sentences } from './anomaly-sentences.ts'
import type { Finding } from './finding.ts'

/** From there on it is far: shares in points, others in multiples. */
const FAR_POINTS = 0.2
const FAR_TIMES = 3

export function severityOf(finding: Finding): Severity {
  return windowKinds[finding.kind][isFar(finding) ? 1 : 0]
}

function isFar({ metric, usual, allowed }: Finding): boolean {
  const expected = usual ?? allowed ?? 0
  if (metric.name !== 'volume' && metric.name !== 'values' && metric.name !== 'delay')
    return metric.value - expected >= FAR_POINTS
  const [value, size] = [Math.abs(metric.value), Math.abs(expected)]
  return value >= FAR_TIMES * size || value <= size / FAR_TIMES || metric.value * expected < 0
}

/** How far it is from what should be: in robust units, where these are known. */
export function distanceOf({ score, value, usual, allowed }: { [name: string]: unknown }): number {
  return typeof score === 'number' ? Math.abs(score) : Math.abs(Number(value) - Number(allowed ?? usual ?? 0))
}

/** The second, if it is as bad as the first. */
export function worseOf(a: Finding, b: Finding): Finding {
  return distanceOf(evidenceOf(b)) >= distanceOf(evidenceOf(a)) ? b : a
}

/** The numbers that show it. */
export function evidenceOf({ startMs, metric, usual, scale, score, allowed, sinceMs }: Finding): JsonObject {
  const numbers = { usual, scale, score, allowed }
  const known = Object.entries(numbers).flatMap(([name, value]) => (value === undefined ? [] : [[name, exact(value)]]))
  return {
    window: new Date(startMs).toISOString(),
    metric: metric.name,
    ...(metric.about !== undefined && { about: metric.about }),
    value: exact(metric.value),
    of: metric.of,
    ...Object.fromEntries(known),
    ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }),
  }
}

const exact = (value: number) => Number(value.toPrecision(6))

/** One sentence, in English: what it is at its worst. */
export function detailOf(finding: Finding): string {
  const { kind, metric } = finding
  const numbers = evidenceOf(finding) as unknown as Omit<Seen, 'kind' | 'pointer' | 'about'>
  return sentences.en[metric.name]({ about: '', ...numbers, kind, pointer: metric.pointer ?? '' })
}
