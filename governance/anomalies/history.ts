// What metrics were in the minutes before, seven days of them, in memory and bounded: written over as time goes by.
// Minutes of known anomalies can be kept out, and taken in again.

import { isSparse, type Metric } from './metrics-of.ts'

export const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440
const DAYS = 7
/** Before and after the same time of day; and where windows are so long that there are too few. */
const AROUND_MINUTES = 10
const FAR_AROUND_MINUTES = 60
/** Fewer windows say nothing about what is usual. */
export const LEAST_POINTS = 10
/** Before this minute. */
const RECENT_MINUTES = 120
const KEPT_MINUTES = DAYS * DAY_MINUTES + FAR_AROUND_MINUTES + 1
/** How long a history has to reach back, ms. */
export const HISTORY_MS = (DAYS * DAY_MINUTES + FAR_AROUND_MINUTES) * MINUTE_MS
/** Series of one dataset that are watched, some 50 to 90 kB each; what comes after that many is not. */
const MAX_SERIES = 200

/** Minutes of a series that were not as usual. */
export interface Span {
  series: string
  fromMs: number
  beforeMs: number
}

/** What a metric was at some minutes. */
export interface Sample {
  values: number[]
  /** Of single values, where the metric is a mean. */
  deviations: number[]
  /** From how many days. */
  days: number
}

export interface History {
  /** The next minute, or one some minutes later: those in between are unknown. Earlier ones are ignored. */
  note(startMs: number, metrics: Metric[]): void
  /** Keeps out these minutes, and no others. */
  keepOut(spans: Span[]): void
  /** Keeps out these too. */
  keepOutToo(span: Span): void
  /** Sparse metrics that were found before. */
  sparse(): Iterable<Metric>
  /** One that was found longer ago. */
  expect(sparse: Metric): void
  /** At about the same time on the days before. */
  sameTime(series: string, startMs: number): Sample
  /** Likewise, on the day before alone; on the same day of the week before. */
  dayBefore(series: string, startMs: number): Sample
  weekBefore(series: string, startMs: number): Sample
  /** In the two hours before. */
  recent(series: string, startMs: number): Sample
}

interface Series {
  values: Float32Array
  deviations: Float32Array | undefined
  isOut: Uint8Array | undefined
}

export function openHistory(): History {
  const known = new Map<string, Series>()
  const sparse = new Map<string, Metric>()
  let last = Number.NEGATIVE_INFINITY

  function seriesOf({ series, name, deviation, ...about }: Metric): Series | undefined {
    const found = known.get(series)
    if (found || known.size >= MAX_SERIES) return found
    const emptied = () => new Float32Array(KEPT_MINUTES).fill(Number.NaN)
    const made = { values: emptied(), deviations: deviation === undefined ? undefined : emptied(), isOut: undefined }
    known.set(series, made)
    if (isSparse({ name })) sparse.set(series, { series, name, ...about })
    return made
  }

  function forget(minute: number): void {
    const at = minute % KEPT_MINUTES
    for (const { values, deviations, isOut } of known.values()) {
      values[at] = Number.NaN
      if (deviations) deviations[at] = Number.NaN
      if (isOut) isOut[at] = 0
    }
  }

  function gather(sample: Sample, series: string, from: number, before: number): void {
    const found = known.get(series)
    if (!found) return
    const size = sample.values.length
    for (let minute = Math.max(from, last - KEPT_MINUTES + 1); minute < Math.min(before, last + 1); minute++) {
      const at = minute % KEPT_MINUTES
      const value = found.values[at]!
      if (Number.isNaN(value) || found.isOut?.[at]) continue
      sample.values.push(value)
      if (found.deviations) sample.deviations.push(found.deviations[at]!)
    }
    if (sample.values.length > size) sample.days++
  }

  function keepOutToo({ series, fromMs, beforeMs }: Span): void {
    const found = known.get(series)
    if (!found) return
    found.isOut ??= new Uint8Array(KEPT_MINUTES)
    const from = Math.max(fromMs / MINUTE_MS, last - KEPT_MINUTES + 1)
    for (let minute = from; minute < beforeMs / MINUTE_MS && minute <= last; minute++)
      found.isOut[minute % KEPT_MINUTES] = 1
  }

  const empty = (): Sample => ({ values: [], deviations: [], days: 0 })
  const sameTime = (series: string, startMs: number, days: number[], around = AROUND_MINUTES): Sample => {
    const sample = empty()
    for (const day of days) {
      const minute = startMs / MINUTE_MS - day * DAY_MINUTES
      gather(sample, series, minute - around, minute + around + 1)
    }
    const isEnough = sample.values.length >= LEAST_POINTS || around === FAR_AROUND_MINUTES
    return isEnough ? sample : sameTime(series, startMs, days, FAR_AROUND_MINUTES)
  }
  const allDays = Array.from({ length: DAYS }, (_, i) => i + 1)

  return {
    note: (startMs, metrics) => {
      const minute = startMs / MINUTE_MS
      if (minute <= last) return
      for (let passed = Math.max(last + 1, minute - KEPT_MINUTES + 1); passed <= minute; passed++) forget(passed)
      last = minute
      for (const metric of metrics) {
        const series = seriesOf(metric)
        if (!series) continue
        series.values[minute % KEPT_MINUTES] = metric.value
        if (series.deviations) series.deviations[minute % KEPT_MINUTES] = metric.deviation ?? Number.NaN
      }
    },
    keepOut: spans => {
      for (const series of known.values()) series.isOut = undefined
      spans.forEach(keepOutToo)
    },
    keepOutToo,
    sparse: () => sparse.values(),
    expect: seriesOf,
    sameTime: (series, startMs) => sameTime(series, startMs, allDays),
    dayBefore: (series, startMs) => sameTime(series, startMs, [1]),
    weekBefore: (series, startMs) => sameTime(series, startMs, [DAYS]),
    recent: (series, startMs) => {
      const sample = empty()
      gather(sample, series, startMs / MINUTE_MS - RECENT_MINUTES, startMs / MINUTE_MS)
      return sample
    },
  }
}
