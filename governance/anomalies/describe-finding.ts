// A finding in one sentence, with its numbers and without any value of an event; how severe it is; and which of two is
// the worse.

import type { JsonObject } from '../../storage/json.ts'
import { type Severity, windowKinds } from './anomaly-kinds.ts'
import type { Finding } from './finding.ts'

const MINUTE_MS = 60_000
/** From there on it is far: shares in points, others in multiples. */
const FAR_POINTS = 0.2
const FAR_TIMES = 3

const looks: Record<string, string> = {
  email: 'e-mail addresses',
  phone: 'telephone numbers',
  iban: 'bank accounts',
  card: 'card numbers',
  ip: 'IP addresses',
}

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

/** One sentence: what it is at its worst. */
export function detailOf(finding: Finding): string {
  const { metric, usual, allowed } = finding
  const { pointer = '', about = '', of } = metric
  const share = `${percent(metric.value)} of ${of} events`
  const against =
    allowed !== undefined && finding.kind !== 'clock-skew'
      ? `; the policy allows ${percent(allowed)}`
      : usual === undefined
        ? ''
        : `; ${percent(usual)} is usual`
  switch (metric.name) {
    case 'volume':
      return finding.kind === 'silence' ? silence(finding) : volume(finding)
    case 'rejections':
      return `${share} were rejected${against}.`
    case 'duplicates':
      return `${share} had come before under the same id${against}.`
    case 'ahead':
      return `${share} have a time that is ahead of their reception by more than the policy allows.`
    case 'delay':
      return `One in twenty of ${of} events came ${seconds(metric.value)} or more after its own time; ${seconds(usual!)} is usual.`
    case 'late':
      return `${share} came later after their own time than the policy promises${against}.`
    case 'missing':
      return `${pointer} lacks a value in ${share}${against}.`
    case 'values':
      return `The mean of ${pointer} was ${figure(metric.value)} over ${of} values; ${figure(usual!)} is usual.`
    case 'broken':
      return `The rule ${about} was broken by ${share}${against}.`
    case 'causes':
      return about === 'required'
        ? `${share} were rejected because ${pointer} is missing.`
        : `${share} were rejected by \`${about}\` at ${pointer || 'the event itself'}: they have another shape than the schema says.`
    case 'spread':
      return `The ${of} values of ${pointer} in an hour are spread otherwise than at this time of the days before: a stability index of ${figure(metric.value)}, where ${figure(allowed!)} is much.`
    case 'suspects':
      return `Texts at ${pointer}, which are kept as they come, looked like ${looks[about] ?? about} in ${percent(metric.value)} of the ${of} events that were looked at.`
  }
}

function volume({ metric, usual, allowed }: Finding): string {
  const against =
    allowed === undefined ? `about ${figure(usual!)} are usual then` : `the policy expects ${allowed} at most`
  return `${metric.value} events came in a minute; ${against}.`
}

function silence({ usual, allowed, sinceMs }: Finding): string {
  const since = sinceMs === undefined ? '' : ` since ${new Date(sinceMs).toISOString()}`
  const policy =
    allowed === undefined ? '' : `, longer than the ${figure(allowed / MINUTE_MS)} minutes that the policy allows`
  return `No event came${since}${policy}${usual === undefined ? '' : `; about ${figure(usual)} a minute are usual then`}.`
}

const figure = (value: number) => String(Number(value.toPrecision(3)))
const percent = (share: number) => `${figure(share * 100)} %`
const seconds = (ms: number) => `${figure(ms / 1_000)} s`
