// Where an event counts: in which windows of an aggregate, and in which group of each.

import type { CompiledAggregate } from '../../governance/measures/compile-aggregate.ts'
import { endOf, type WindowSpec, windowsOf } from '../../governance/measures/windows-of.ts'
import { dayOf, partOf } from '../../storage/aggregate-rows.ts'
import type { Position } from '../../storage/event-log/event-log.ts'
import type { JsonObject } from '../../storage/json.ts'

const DAY_MS = 86_400_000

/** A partition of a dataset's topic. */
export interface Part extends Pick<Position, 'incarnation' | 'partition'> {
  dataset: string
}

/** An event as windows count it. */
export interface WindowEvent {
  offset: number
  timeMs: number
  receivedAtMs: number
  /** How far the events before it in its partition had come: -Infinity for the first. */
  watermarkMs: number
  subject: string | null
  event: JsonObject
}

/** A window of an aggregate in one partition; of sessions, one person's day. */
export interface PartWindow {
  part: Part
  compiled: CompiledAggregate
  /** Start, ms. */
  startMs: number
  /** Of sessions: the group. */
  person?: string
}

export interface Place {
  startMs: number
  person?: string
  group: string
  /** It came after the window was closed. */
  isLate: boolean
}

/** How long after a window's start, or the day of a session, events may still belong to it. */
export function reachOf(window: WindowSpec): number {
  return 'session' in window ? window.session.gapMs : endOf(window, 0)
}

export function placesOf(compiled: CompiledAggregate, event: WindowEvent): Place[] {
  const { window, latenessMs } = compiled.aggregate
  const group = compiled.groupOf(event.event, event.subject)
  if (group === undefined) return []
  const openMs = event.watermarkMs - latenessMs
  if ('session' in window) {
    const startMs = startOfDay(event.timeMs)
    return [{ startMs, person: group, group, isLate: event.timeMs + window.session.gapMs <= openMs }]
  }
  return windowsOf(window, event.timeMs).map(startMs => ({ startMs, group, isLate: endOf(window, startMs) <= openMs }))
}

/** The days on which windows begin that an event of this day may be in. */
export function windowDaysOf(window: WindowSpec, day: string): string[] {
  if ('session' in window) return [day]
  const startMs = Date.parse(day)
  const first = windowsOf(window, startMs)[0] ?? startMs
  const days: string[] = []
  for (let ms = startOfDay(first); ms <= startMs; ms += DAY_MS) days.push(dayOf(ms))
  return days
}

function startOfDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS
}

/** What tells parts apart in this process. */
export function nameOf(part: Part): string {
  return `${part.dataset}/${partOf(part)}`
}
