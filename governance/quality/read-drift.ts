// How values of a window of whole hours are spread, against the seven days before its own day.

import type { Documents } from '../../storage/documents/documents.ts'
import { QUALITY_HOURS, type StoredQualityHour, type StoredSpread } from '../../storage/stored-quality.ts'
import { mergeSpreads } from './quality-state.ts'
import { rowsByHour } from './rows-by-hour.ts'
import { binsOf, type StabilityIndex, stabilityIndex } from './stability-index.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const BASELINE_DAYS = 7
/** Of fewer values, in the window or before it, nothing is told. */
const MIN_VALUES = 100
/** From here on much has changed, as is commonly said. */
const MUCH = 0.25
/** Days whose spreads are kept by one reader. */
const MAX_DAYS = 60

export interface Drift extends StabilityIndex {
  /** Values in the window, and in the days before. */
  values: number
  before: number
  /** Much has changed, and more than by chance. */
  isDrifting: boolean
}

/** By pointer; empty where there is too little to tell, or the window is not of whole hours of one UTC day or more. */
export type ReadDrift = (startMs: number, endMs: number) => Promise<Map<string, Drift>>

type Hours = Map<number, StoredSpread>

/** A reader for one look: what it has read of a day is not read again. */
export function openDriftReader(documents: Pick<Documents, 'find'>, dataset: string): ReadDrift {
  const days = new Map<number, Promise<Hours>>()
  const baselines = new Map<number, Promise<StoredSpread>>()

  function hoursOf(dayMs: number): Promise<Hours> {
    const hours = days.get(dayMs) ?? readDay(documents, dataset, dayMs)
    days.set(dayMs, hours)
    if (days.size > MAX_DAYS) days.delete(days.keys().next().value!)
    return hours
  }

  async function merged(startMs: number, endMs: number): Promise<StoredSpread> {
    const spread: StoredSpread = {}
    for (let dayMs = dayOf(startMs); dayMs < endMs; dayMs += DAY_MS)
      for (const [hourMs, of] of await hoursOf(dayMs)) if (hourMs >= startMs && hourMs < endMs) mergeSpreads(spread, of)
    return spread
  }

  function baselineOf(dayMs: number): Promise<StoredSpread> {
    const baseline = baselines.get(dayMs) ?? merged(dayMs - BASELINE_DAYS * DAY_MS, dayMs)
    baselines.clear()
    baselines.set(dayMs, baseline)
    return baseline
  }

  return async (startMs, endMs) => {
    if (startMs % HOUR_MS !== 0 || endMs % HOUR_MS !== 0) return new Map()
    const spread = await merged(startMs, endMs)
    if (Object.keys(spread).length === 0) return new Map()
    return driftOf(spread, await baselineOf(dayOf(startMs)))
  }
}

/** By pointer, of those of which there is enough to tell. */
export function driftOf(spread: StoredSpread, before: StoredSpread): Map<string, Drift> {
  const found = new Map<string, Drift>()
  for (const [pointer, actual] of Object.entries(spread.numbers ?? {})) {
    const expected = before.numbers?.[pointer]
    if (expected) tell(pointer, ...binsOf(expected, actual))
  }
  for (const [pointer, actual] of Object.entries(spread.values ?? {})) {
    const expected = before.values?.[pointer]
    const names = [...new Set([...Object.keys(expected ?? {}), ...Object.keys(actual)])]
    const counts = (of: Record<string, number>) => names.map(name => of[name] ?? 0)
    if (expected) tell(pointer, counts(expected), counts(actual))
  }
  return found

  function tell(pointer: string, expected: number[], actual: number[]): void {
    const [before, values] = [expected, actual].map(counts => counts.reduce((sum, count) => sum + count, 0)) as [
      number,
      number,
    ]
    // In one bin nothing can move.
    if (expected.length < 2 || before < MIN_VALUES || values < MIN_VALUES) return
    const index = stabilityIndex(expected, actual)
    found.set(pointer, { ...index, values, before, isDrifting: index.psi > Math.max(MUCH, index.chance) })
  }
}

async function readDay(documents: Pick<Documents, 'find'>, dataset: string, dayMs: number): Promise<Hours> {
  const hours: Hours = new Map()
  const place = { dataset, fromMs: dayMs, beforeMs: dayMs + DAY_MS }
  for await (const { hourMs, rows } of rowsByHour<StoredQualityHour>(documents, QUALITY_HOURS, place)) {
    const spread: StoredSpread = {}
    for (const row of rows) mergeSpreads(spread, row.spread)
    hours.set(hourMs, spread)
  }
  return hours
}

/** Start of its day, UTC. */
const dayOf = (ms: number) => Math.floor(ms / DAY_MS) * DAY_MS
