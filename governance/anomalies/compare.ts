// How far a metric is from what it usually is, in robust units: the median in place of the mean, the median absolute
// deviation in place of the standard deviation, so that what was wrong before does not hide what is wrong now. After
// B. Iglewicz, D. C. Hoaglin, How to Detect and Handle Outliers (1993).

import { type History, LEAST_POINTS, type Sample } from './history.ts'
import type { Metric } from './metrics-of.ts'

/** Beyond this many units a value is unusual: what Iglewicz and Hoaglin recommend. */
const UNUSUAL_SCORE = 3.5
/** The standard deviation of a normal distribution, in median absolute deviations. */
const MAD_TO_SIGMA = 1.4826
/** Of a history of fewer days, one day that was different is too much: it is asked as well what the last hours were. */
const FEW_DAYS = 3
/** Few events of a window are looked at for personal data: one of them is unusual where there never was one. */
export const SUSPECTS_BY_CHANCE = 0.001
/** A score is written as JSON, which has no infinity. */
const MAX_SCORE = 1_000

/** Changes that are too small to matter, however certain they are: of a count, a share, a spread, a time. */
const LEAST_CHANGE = { count: 0.05, share: 0.005, deviations: 0.05, time: 0.1, timeMs: 1_000 }

export interface Compared {
  /** The median of what it was. */
  usual: number
  /** One robust unit. */
  scale: number
  /** In these units, from what is usual; negative below. */
  score: number
  isUnusual: boolean
}

/** Undefined while the history is too short: the warm-up. */
export function compare(history: History, metric: Metric, startMs: number): Compared | undefined {
  const before = history.sameTime(metric.series, startMs)
  const compared = against(metric, before)
  if (!compared?.isUnusual) return compared
  // A Saturday is like a Saturday, and what was usual yesterday is no fault today: faults were kept out. Of a young
  // history, one day says little.
  const { recent, weekBefore, dayBefore } = history
  for (const sample of before.days < FEW_DAYS ? [recent] : [weekBefore, dayBefore]) {
    const other = against(metric, sample(metric.series, startMs))
    if (other && !(other.isUnusual && other.score > 0 === compared.score > 0)) return { ...other, isUnusual: false }
  }
  return compared
}

/** What it was in the last hours: also during the warm-up. */
export function compareRecent(history: History, metric: Metric, startMs: number): Compared | undefined {
  return against(metric, history.recent(metric.series, startMs))
}

function against(metric: Metric, { values, deviations }: Sample): Compared | undefined {
  if (values.length < LEAST_POINTS) return undefined
  const usual = medianOf(values)
  const floor = floorOf(metric, usual, deviations)
  const distance = metric.value - usual
  // The scale is never below its floor: most values need no second look.
  const isNear = Math.abs(distance) <= UNUSUAL_SCORE * floor
  const mad = isNear ? 0 : MAD_TO_SIGMA * medianOf(values.map(value => Math.abs(value - usual)))
  const scale = Math.max(floor, mad)
  const score = Math.max(-MAX_SCORE, Math.min(MAX_SCORE, distance === 0 ? 0 : distance / scale))
  return { usual, scale, score, isUnusual: Math.abs(score) > UNUSUAL_SCORE }
}

/** What chance alone makes of it: of a count the root, of a share and of a mean what so few events leave open. */
function floorOf({ name, of, value }: Metric, usual: number, deviations: number[]): number {
  if (name === 'volume') return Math.max(Math.sqrt(Math.max(usual, 1)), LEAST_CHANGE.count * usual)
  if (name === 'delay') return Math.max(LEAST_CHANGE.time * Math.abs(usual), LEAST_CHANGE.timeMs)
  if (name === 'suspects') return Math.max(shareNoise(usual, of, SUSPECTS_BY_CHANCE), LEAST_CHANGE.share)
  if (name !== 'values') return Math.max(shareNoise(usual, of, 1 / of), LEAST_CHANGE.share)
  const deviation = deviations.length > 0 ? medianOf(deviations) : 0
  const rounding = Number.EPSILON * Math.max(Math.abs(usual), Math.abs(value))
  return Math.max(deviation / Math.sqrt(of), LEAST_CHANGE.deviations * deviation, 2 ** 30 * rounding)
}

/** The standard deviation of a share of so many; of 0 and 1 too, which nobody has seen to the last event. */
function shareNoise(share: number, of: number, least: number): number {
  const open = Math.min(Math.max(share, least), 1 - least)
  return Math.sqrt(Math.max(0, open * (1 - open)) / of)
}

function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
