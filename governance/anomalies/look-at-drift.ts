// Whether the values of an hour are spread otherwise than at the same time of the days before.

import type { Documents } from '../../storage/documents/documents.ts'
import { QUALITY_HOURS, type StoredQualityHour, type StoredSpread } from '../../storage/stored-quality.ts'
import { mergeSpreads } from '../quality/quality-state.ts'
import { type Drift, driftOf } from '../quality/read-drift.ts'
import { rowsByHour } from '../quality/rows-by-hour.ts'
import type { Verdicts } from './finding.ts'
import type { Span } from './history.ts'
import { type MetricName, metric } from './metrics-of.ts'

export const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DAYS = 7
/** Days without which nothing is told: the warm-up. */
const LEAST_DAYS = 3
/** Hours in a row that are spread otherwise; and that are not, before it is over. */
export const DRIFT_HOURS = 2
export const WELL_HOURS = 2
/** Of the population stability index, from where on much has changed, as is commonly said. */
const MUCH = 0.25

const KIND = 'drift'

export function isDrift(key: string): boolean {
  return key.startsWith(`${KIND} `)
}

/** @param drift of what there is enough to tell */
export function lookAtDrift(
  drift: ReadonlyMap<string, Drift>,
  { startMs, endMs }: { startMs: number; endMs: number },
): Verdicts {
  const verdicts: Verdicts = new Map()
  for (const [pointer, { psi, chance, values, isDrifting }] of drift) {
    const spread = metric('spread', { pointer }, psi, values)
    const allowed = Math.max(MUCH, chance)
    const found = { kind: KIND, startMs, endMs, metric: spread, needed: DRIFT_HOURS, side: 'above', allowed } as const
    verdicts.set(`${KIND} ${spread.series}`, isDrifting ? { ...found, keepsOut: [spread.series] } : 'fine')
  }
  return verdicts
}

/**
 * By pointer: the hour's values against those of the same hour on the days before. Empty during the warm-up.
 * @param spans of anomalies: an hour is no example of what is usual where its values were told to be unusual, or drifting
 */
export async function readHourDrift(
  documents: Pick<Documents, 'find'>,
  dataset: string,
  startMs: number,
  spans: readonly Span[],
): Promise<Map<string, Drift>> {
  const spread = await spreadOf(documents, dataset, startMs)
  // Where the mean is told of, that is enough.
  const actual = without(spread, toldIn(startMs, spans, ['values']))
  if (Object.keys(spread).length === 0) return new Map()
  const before: StoredSpread = {}
  let days = 0
  for (let atMs = startMs - DAY_MS; atMs >= startMs - DAYS * DAY_MS; atMs -= DAY_MS) {
    const spread = await spreadOf(documents, dataset, atMs)
    if (Object.keys(spread).length > 0) days++
    mergeSpreads(before, without(spread, toldIn(atMs, spans, ['values', 'spread'])))
  }
  return days < LEAST_DAYS ? new Map() : driftOf(actual, before)
}

async function spreadOf(documents: Pick<Documents, 'find'>, dataset: string, fromMs: number): Promise<StoredSpread> {
  const spread: StoredSpread = {}
  const place = { dataset, fromMs, beforeMs: fromMs + HOUR_MS }
  for await (const { rows } of rowsByHour<StoredQualityHour>(documents, QUALITY_HOURS, place))
    for (const row of rows) mergeSpreads(spread, row.spread)
  return spread
}

/** Pointers of which such a metric was told in this hour. */
function toldIn(atMs: number, spans: readonly Span[], names: MetricName[]): (pointer: string) => boolean {
  const told = spans.filter(({ fromMs, beforeMs }) => fromMs < atMs + HOUR_MS && atMs < beforeMs)
  const series = new Set(told.map(span => span.series))
  return pointer => names.some(name => series.has(metric(name, { pointer }, 0, 0).series))
}

function without({ numbers, values }: StoredSpread, isOut: (pointer: string) => boolean): StoredSpread {
  const kept = <T>(of: Record<string, T> = {}) =>
    Object.fromEntries(Object.entries(of).filter(([pointer]) => !isOut(pointer)))
  return { numbers: kept(numbers), values: kept(values) }
}
