// Sends made-up events to a gateway at a steady rate, some of them bad, and counts what becomes of them. It is a
// producer like any other: it knows nothing but the gateway's address and a key.

import { setTimeout as pause } from 'node:timers/promises'
import type { JsonObject } from '../../storage/json.ts'
import { PostFailed, postEvents } from './post-events.ts'
import { seededRandom } from './seeded-random.ts'
import { type SimulatedSource, spoilEvent } from './spoil-event.ts'
import { makeTransaction } from './transactions.ts'
import { makeUserProfile } from './user-profiles.ts'

export const simulatedSources: SimulatedSource[] = ['transactions', 'user-profiles']

/** At most this many events go in one request. */
const BATCH_EVENTS = 500
/** Above this rate, one request gathers what fell due in GATHER_MS. */
const SINGLES_PER_SECOND = 20
const GATHER_MS = 100

export interface SimulateOptions {
  url: string
  apiKey: string
  source: SimulatedSource
  /** Events a second; more than 0. */
  ratePerSecond: number
  /** Share of bad events, from 0 to 1. */
  badShare: number
  /** How many events to send; without end when left out. */
  count?: number
  /** An integer. The same seed gives the same people, amounts and ids: sent twice, events have one effect. */
  seed: number
  /** Ends the simulation; what was sent until then is in the totals. */
  signal?: AbortSignal
  /** Told after each request. */
  onProgress?: (totals: SimulationTotals) => void
}

/** `failed`: events without an outcome, as the gateway did not answer. sent = the sum of the others. */
export interface SimulationTotals {
  sent: number
  accepted: number
  suppressed: number
  rejected: number
  failed: number
}

/**
 * Runs until `count` events are sent or the signal is aborted. The pace is held against the clock, not from request
 * to request: after a stall it catches up.
 * @throws PostRefused when the gateway refuses a request for good; RangeError for a rate or share out of range
 */
export async function simulate(options: SimulateOptions): Promise<SimulationTotals> {
  const { source, ratePerSecond, badShare, count = Number.POSITIVE_INFINITY, seed, signal } = options
  if (!(ratePerSecond > 0)) throw new RangeError('the rate must be more than 0 events a second')
  if (!(badShare >= 0 && badShare <= 1)) throw new RangeError('the share of bad events must be from 0 to 1')
  const random = seededRandom(seed)
  const totals: SimulationTotals = { sent: 0, accepted: 0, suppressed: 0, rejected: 0, failed: 0 }
  const gatherMs = ratePerSecond > SINGLES_PER_SECOND ? GATHER_MS : 0
  const startMs = performance.now()
  while (totals.sent < count && !signal?.aborted) {
    const due = Math.floor(((performance.now() - startMs) * ratePerSecond) / 1_000) + 1
    const size = Math.min(due - totals.sent, count - totals.sent, BATCH_EVENTS)
    if (size < 1) {
      const nextDueMs = startMs + (totals.sent * 1_000) / ratePerSecond
      await pauseOrAbort(Math.max(nextDueMs - performance.now(), gatherMs), signal)
      continue
    }
    const events = Array.from({ length: size }, () => makeEvent(source, badShare, random))
    await post(options, events, totals)
    options.onProgress?.({ ...totals })
  }
  return totals
}

function makeEvent(source: SimulatedSource, badShare: number, random: () => number): JsonObject {
  const event = source === 'transactions' ? makeTransaction(random, Date.now()) : makeUserProfile(random)
  return random() < badShare ? spoilEvent(event, source, random).event : event
}

async function post(options: SimulateOptions, events: JsonObject[], totals: SimulationTotals): Promise<void> {
  const { url, apiKey, source, signal } = options
  totals.sent += events.length
  try {
    const answer = await postEvents({ url, apiKey, dataset: source, events, ...(signal && { signal }) })
    totals.accepted += answer.accepted
    totals.suppressed += answer.suppressed
    totals.rejected += answer.rejected
    totals.failed += events.length - answer.accepted - answer.suppressed - answer.rejected
  } catch (error) {
    totals.failed += events.length
    if (!(error instanceof PostFailed) && !signal?.aborted) throw error
  }
}

/** Resolves after the time, or when the signal is aborted. */
async function pauseOrAbort(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await pause(ms, undefined, signal ? { signal } : {}).catch(() => {})
}
