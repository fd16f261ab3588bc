// One person's sessions: stretches of time in which no two events that follow each other are further apart than the
// gap. An event in between makes one session of two, so their states must merge.

import type { JsonValue } from '../../storage/json.ts'

/** Its first and last event's time in ms since 1970, and what was made of its events. */
export type Session<State extends JsonValue = JsonValue> = [firstMs: number, lastMs: number, state: State]

/** The state of one session: that of one measure, or of several. */
export interface SessionState<State extends JsonValue> {
  empty(): State
  /** With one more event, whose value the caller knows. */
  add(state: State): State
  merge(a: State, b: State): State
}

/**
 * With one more event: it begins a session, lengthens one, or joins two. Changes `sessions`, which are in ascending
 * order and more than the gap apart; they come out the same in whatever order events are added. There are at most as
 * many as fit, a gap apart, between the oldest that was not taken (`takeClosed`) and the newest event.
 * @param gapMs events this far apart are still in one session
 */
export function addToSessions<State extends JsonValue>(
  sessions: Session<State>[],
  timeMs: number,
  gapMs: number,
  { empty, add, merge }: SessionState<State>,
): Session<State>[] {
  const [first, last, state] = takeNear(sessions, timeMs, timeMs, gapMs, merge) ?? [timeMs, timeMs, empty()]
  return insert(sessions, [Math.min(first, timeMs), Math.max(last, timeMs), add(state)])
}

/** Both together, as if all events had been added to one list. Changes `a`, and keeps nothing of `b`. */
export function mergeSessions<State extends JsonValue>(
  a: Session<State>[],
  b: Session<State>[],
  gapMs: number,
  { empty, merge }: SessionState<State>,
): Session<State>[] {
  for (const [firstMs, lastMs, state] of b) {
    const [first, last, ours] = takeNear(a, firstMs, lastMs, gapMs, merge) ?? [firstMs, lastMs, empty()]
    insert(a, [Math.min(first, firstMs), Math.max(last, lastMs), merge(ours, state)])
  }
  return a
}

/** Takes out those that no event from `watermarkMs` on can lengthen. Changes `sessions`. */
export function takeClosed<State extends JsonValue>(
  sessions: Session<State>[],
  watermarkMs: number,
  gapMs: number,
): Session<State>[] {
  const open = sessions.findIndex(([, lastMs]) => lastMs + gapMs >= watermarkMs)
  return sessions.splice(0, open < 0 ? sessions.length : open)
}

/** Takes out, as one, the sessions within the gap of a stretch of time; undefined when there is none. */
function takeNear<State extends JsonValue>(
  sessions: Session<State>[],
  firstMs: number,
  lastMs: number,
  gapMs: number,
  merge: (a: State, b: State) => State,
): Session<State> | undefined {
  const from = sessions.findIndex(([, last]) => last + gapMs >= firstMs)
  if (from < 0) return undefined
  let to = from
  while (to < sessions.length && sessions[to]![0] - gapMs <= lastMs) to++
  const near = sessions.splice(from, to - from)
  if (near.length === 0) return undefined
  return near.reduce(([first, , a], [, last, b]) => [first, last, merge(a, b)])
}

function insert<State extends JsonValue>(sessions: Session<State>[], session: Session<State>): Session<State>[] {
  const next = sessions.findIndex(([first]) => first > session[0])
  sessions.splice(next < 0 ? sessions.length : next, 0, session)
  return sessions
}
