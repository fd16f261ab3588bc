// Notices on their way: at most two for each channel of a group, of which the first may be on the wire. Who sends one
// has a claim with an end; what fails is tried again after pauses that grow, and given up after a day. Pure.

import { createHash } from 'node:crypto'
import { mostSevere } from '../../governance/anomalies/anomaly-kinds.ts'
import type { StoredAlert, StoredDelivery, StoredNotice } from '../../storage/stored-alert.ts'

/** Anomalies that a message describes one by one. */
export const MAX_SAMPLES = 5
/** Between two tries: doubles from the first to the last, and a quarter more at random. */
const FIRST_PAUSE_MS = 1_000
const LAST_PAUSE_MS = 900_000
const JITTER = 0.25
/** What could not be delivered for so long is given up. */
export const GIVEN_UP_MS = 86_400_000

/** How one try ended. */
export type Attempt =
  | { ok: true }
  | { ok: false; permanent: boolean /** The receiver asks for so long a pause. */; pauseMs?: number }

/** The deliveries of a group with a notice for each channel; one that nobody sends yet becomes part of it. */
export function queued(alert: StoredAlert, notice: StoredNotice, channels: string[], nowMs: number): StoredDelivery[] {
  return channels.reduce((deliveries, channel) => {
    const last = deliveries.findLast(delivery => delivery.channel === channel)
    const waits = last && (last.claim?.untilMs ?? 0) <= nowMs
    const delivery: StoredDelivery = {
      id: deliveryId(alert.opening, notice.number, channel),
      channel,
      notice: waits ? merged(last.notice, notice) : notice,
      attempts: waits ? last.attempts : 0,
      beganAtMs: nowMs,
      nextAtMs: waits ? last.nextAtMs : nowMs,
      claim: null,
    }
    return [...deliveries.filter(each => !waits || each !== last), delivery]
  }, alert.deliveries)
}

/** Visible characters alone, without a dot: it stands in headers, and in what is signed. */
export function deliveryId(opening: string, number: number, channel: string): string {
  return `${opening}-${number}-${createHash('sha256').update(channel).digest('hex').slice(0, 8)}`
}

/** Two notices as one, of the later time: who has not heard of the first is told of it as one. */
function merged(earlier: StoredNotice, later: StoredNotice): StoredNotice {
  if (later.kind === 'resolved' || earlier.kind === 'resolved') return later
  const ids = new Set(later.samples.map(({ id }) => id))
  const samples = [...later.samples, ...earlier.samples.filter(({ id }) => !ids.has(id))].slice(0, MAX_SAMPLES)
  const kind = earlier.kind === 'opened' ? 'opened' : earlier.kind === 'more' ? 'more' : later.kind
  const severity = mostSevere([earlier.severity, later.severity])
  return { ...later, kind, severity, fresh: earlier.fresh + later.fresh, samples }
}

/** Those that may be sent now: of each channel the first, unless somebody sends it. */
export function dueOf({ deliveries }: StoredAlert, nowMs: number): StoredDelivery[] {
  return deliveries
    .filter((delivery, i) => deliveries.findIndex(({ channel }) => channel === delivery.channel) === i)
    .filter(({ nextAtMs, claim }) => nextAtMs <= nowMs && (claim?.untilMs ?? 0) <= nowMs)
}

/** @returns the group with the delivery claimed; the very same one where it is not to be had, or is had already */
export function claimed(alert: StoredAlert, id: string, token: string, nowMs: number, claimMs: number): StoredAlert {
  const delivery = dueOf(alert, nowMs).find(each => each.id === id)
  if (!delivery || heldBy(alert, token)) return alert
  const taken = { ...delivery, attempts: delivery.attempts + 1, claim: { token, untilMs: nowMs + claimMs } }
  return { ...alert, deliveries: alert.deliveries.map(each => (each === delivery ? taken : each)) }
}

export function heldBy(alert: StoredAlert | undefined, token: string): StoredDelivery | undefined {
  return alert?.deliveries.find(({ claim }) => claim?.token === token)
}

export interface Settling {
  attempt: Attempt
  nowMs: number
  /** From 0 to 1. */
  chance: number
}

export function isGivenUp(delivery: StoredDelivery, { attempt, nowMs }: Settling): boolean {
  return !attempt.ok && (attempt.permanent || nowMs - delivery.beganAtMs >= GIVEN_UP_MS)
}

/** The group after one try. Who lost the claim meanwhile changes nothing. */
export function settled(alert: StoredAlert, token: string, settling: Settling): StoredAlert {
  const delivery = heldBy(alert, token)
  if (!delivery) return alert
  const { attempt, nowMs, chance } = settling
  if (attempt.ok || isGivenUp(delivery, settling)) {
    return { ...alert, deliveries: alert.deliveries.filter(each => each !== delivery) }
  }
  const pauseMs = Math.max(attempt.pauseMs ?? 0, pauseAfter(delivery.attempts, chance))
  const later = { ...delivery, claim: null, nextAtMs: nowMs + Math.min(pauseMs, LAST_PAUSE_MS) }
  return { ...alert, deliveries: alert.deliveries.map(each => (each === delivery ? later : each)) }
}

/** @param attempts how many there were, from 1 */
export function pauseAfter(attempts: number, chance: number): number {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 30), LAST_PAUSE_MS)
  return Math.round(pauseMs * (1 + JITTER * chance))
}
