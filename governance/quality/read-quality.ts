// Reads a dataset's quality, window by window, from where processors left it: counts of the conservation ledger, and what
// was measured of events, over all partitions of the log.

import type { Documents } from '../../storage/documents/documents.ts'
import type { JsonValue } from '../../storage/json.ts'
import {
  QUALITY_HOURS,
  QUALITY_MINUTES,
  type StoredMoments,
  type StoredQuality,
  type StoredQualityHour,
  type StoredQualityMinutes,
  type StoredQualityRow,
} from '../../storage/stored-quality.ts'
import type { CountsByMinute, StoredLedgerRow } from '../../storage/stored-shapes.ts'
import type { Contract } from '../contract/contract.ts'
import { mean } from '../measures/mean.ts'
import { quantile } from '../measures/quantile.ts'
import { variance } from '../measures/variance.ts'
import { mergeQuality } from './quality-state.ts'
import type { NumberStatistics, QualityWindow, Volume } from './quality-window.ts'
import { type HourRows, rowsByHour } from './rows-by-hour.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

const quantiles = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
] as const

type Reading = Pick<Documents, 'find'>

/** A window while it is read. */
interface OpenWindow {
  startMs: number
  endMs: number
  counts: Record<string, number>
  state: StoredQuality
  plans: Record<string, string[]>
}

/**
 * All windows of a stretch of time, oldest first, those in which nothing came in as well. Hours are read as a whole where
 * windows are whole hours of UTC, else by the minute.
 * @param fromMs start of the first window: a whole minute @param beforeMs windows that begin before
 * @param stepMs length of a window: whole minutes @throws RangeError for others
 */
export async function* readQuality(
  documents: Reading,
  { dataset, quality }: Pick<Contract, 'dataset' | 'quality'>,
  fromMs: number,
  beforeMs: number,
  stepMs: number,
): AsyncGenerator<QualityWindow> {
  if (fromMs % MINUTE_MS !== 0 || stepMs % MINUTE_MS !== 0 || stepMs <= 0)
    throw new RangeError('windows of quality are of whole minutes')
  const isTimely = quality?.timeliness !== undefined
  const endMs = fromMs + Math.ceil((beforeMs - fromMs) / stepMs) * stepMs
  const byHour = fromMs % HOUR_MS === 0 && stepMs % HOUR_MS === 0
  let window = openWindow(fromMs, stepMs)
  const close = () => {
    const closed = closeWindow(dataset, window, isTimely)
    window = openWindow(window.endMs, stepMs)
    return closed
  }
  for await (const slice of slices(documents, dataset, { fromMs, endMs, byHour })) {
    while (slice.startMs >= window.endMs) yield close()
    addSlice(window, slice)
  }
  while (window.startMs < endMs) yield close()
}

/** What a minute, or a whole hour, adds to its window. */
interface Slice extends Pick<OpenWindow, 'counts' | 'plans'> {
  startMs: number
  states: StoredQuality[]
}

/** Those in which anything came in, in the order of time. */
async function* slices(
  documents: Reading,
  dataset: string,
  { fromMs, endMs, byHour }: { fromMs: number; endMs: number; byHour: boolean },
): AsyncGenerator<Slice> {
  const place = { dataset, fromMs: Math.floor(fromMs / HOUR_MS) * HOUR_MS, beforeMs: endMs }
  const ledger = rowsByHour<StoredLedgerRow>(documents, 'ledger', place)
  const measured = rowsByHour<StoredQualityRow>(documents, byHour ? QUALITY_HOURS : QUALITY_MINUTES, place)
  for await (const [hourMs, counted, rows] of together(ledger, measured)) {
    const plans = Object.assign({}, ...rows.map(row => row.plans)) as Record<string, string[]>
    if (byHour) yield { startMs: hourMs, counts: countsOf(counted), plans, states: wholes(rows) }
    else
      for (const slice of minutesOf(hourMs, counted, rows as StoredQualityMinutes[]))
        if (slice.startMs >= fromMs && slice.startMs < endMs) yield { ...slice, plans }
  }
}

/** Hours of either, with the rows of both. */
async function* together<A, B>(
  first: AsyncGenerator<HourRows<A>>,
  second: AsyncGenerator<HourRows<B>>,
): AsyncGenerator<[hourMs: number, first: A[], second: B[]]> {
  let [a, b] = await Promise.all([first.next(), second.next()])
  while (!a.done || !b.done) {
    const [aMs, bMs] = [a, b].map(({ done, value }) => (done ? Number.POSITIVE_INFINITY : value.hourMs)) as [
      number,
      number,
    ]
    const hourMs = Math.min(aMs, bMs)
    yield [hourMs, aMs === hourMs ? a.value.rows : [], bMs === hourMs ? b.value.rows : []]
    if (aMs === hourMs) a = await first.next()
    if (bMs === hourMs) b = await second.next()
  }
}

const wholes = (rows: StoredQualityRow[]) => (rows as StoredQualityHour[]).map(({ whole }) => whole)

function minutesOf(hourMs: number, ledger: StoredLedgerRow[], rows: StoredQualityMinutes[]): Omit<Slice, 'plans'>[] {
  const minutes = new Set([...ledger, ...rows].flatMap(row => Object.keys(row.minutes)))
  return [...minutes].sort().map(minute => ({
    startMs: hourMs + Number(minute) * MINUTE_MS,
    counts: countsOf(ledger, minute),
    states: rows.flatMap(row => row.minutes[minute] ?? []),
  }))
}

/** Sums over partitions, and over minutes unless one is named. */
function countsOf(ledger: StoredLedgerRow[], minute?: string): Record<string, number> {
  const sums: Record<string, number> = {}
  const of = ({ minutes }: { minutes: CountsByMinute }) =>
    minute === undefined ? Object.values(minutes) : [minutes[minute] ?? {}]
  for (const counts of ledger.flatMap(of))
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
  return sums
}

function openWindow(startMs: number, stepMs: number): OpenWindow {
  return { startMs, endMs: startMs + stepMs, counts: {}, state: {}, plans: {} }
}

function addSlice(window: OpenWindow, { counts, plans, states }: Slice): void {
  for (const [name, count] of Object.entries(counts)) window.counts[name] = (window.counts[name] ?? 0) + count
  Object.assign(window.plans, plans)
  for (const state of states) mergeQuality(window.state, state)
}

function closeWindow(dataset: string, { startMs, endMs, counts, state, plans }: OpenWindow, isTimely: boolean) {
  const { events = {}, missing = {}, numbers = {}, delay, timed = 0, late = 0, rules = {}, causes = {} } = state
  const fields: QualityWindow['fields'] = new Map()
  for (const [plan, of] of Object.entries(events))
    for (const pointer of plans[plan] ?? [])
      fields.set(pointer, { of: (fields.get(pointer)?.of ?? 0) + of, missing: missing[pointer] ?? 0 })
  const window: QualityWindow = {
    dataset,
    startMs,
    endMs,
    volume: volumeOf(counts),
    events: Object.values(events).reduce((sum, count) => sum + count, 0),
    fields,
    numbers: new Map(Object.entries(numbers).map(([pointer, moments]) => [pointer, statisticsOf(moments)])),
    delay: delay
      ? (Object.fromEntries(quantiles.map(([name, q]) => [name, quantile(q).finish(delay)])) as QualityWindow['delay'])
      : null,
    timed,
    inTime: isTimely ? timed - late : null,
    ahead: state.ahead ?? 0,
    consistency: new Map(Object.entries(rules).map(([name, [of, broken]]) => [name, { of, broken }])),
    causes: new Map(Object.entries(causes)),
    sampled: state.sampled ?? 0,
    suspects: new Map(
      Object.entries(state.suspects ?? {}).map(([pointer, kinds]) => [pointer, new Map(Object.entries(kinds))]),
    ),
  }
  return window
}

function volumeOf(counts: Record<string, number>): Volume {
  const of = (name: keyof Volume) => counts[name] ?? 0
  return {
    received: of('received'),
    accepted: of('accepted'),
    suppressed: of('suppressed'),
    rejected: of('rejected'),
    unanswered: of('unanswered'),
    effective: of('effective'),
    duplicates: of('duplicates'),
    conflicts: of('conflicts'),
    held: of('held'),
  }
}

function statisticsOf(moments: StoredMoments): NumberStatistics {
  const number = (shown: JsonValue) => (shown === null ? null : bounded(Number(shown)))
  return { count: moments.n, mean: number(mean.finish(moments)), variance: number(variance.finish(moments)) }
}

/** Sums may be greater than any number. */
const bounded = (number: number) => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, number))
