// The rows of one window, as one partition of the log has filled them: events are added in the log's order, each once,
// however often a batch comes again.

import type { CompiledAggregate, GroupSessions, GroupState } from '../../governance/measures/compile-aggregate.ts'
import { OTHER_GROUPS } from '../../governance/measures/compile-aggregate.ts'
import type { WindowKey } from '../../governance/subjects/window-keys.ts'
import type { Place, WindowEvent } from './places-of.ts'

/** A group of one window, as far as one partition goes. */
export interface GroupRow {
  /** Of the recomputation it belongs to. */
  epoch: number
  /** Of the last record that is in it; -1 for none. */
  offset: number
  /** When the first and the last of the events that are in it were received, ms. */
  since: number
  last: number
  /** What its hashes were made with; '' where it has none. */
  key: string
  /** Events that came too late. */
  late: number
  state: GroupState | GroupSessions
  /** Characters of its state, as it was read or written last. */
  size: number
}

export type GroupRows = Map<string, GroupRow>

export interface AddContext {
  compiled: CompiledAggregate
  key: WindowKey | undefined
  epoch: number
  /** In one window of one partition; what comes beyond is counted together. */
  maxGroups: number
}

/**
 * Adds an event that lies in the window, unless the row counted it before: events come in the order of their offsets.
 * @returns the name of the row it changed; undefined where it was counted
 */
export function addInOrder(rows: GroupRows, event: WindowEvent, place: Place, context: AddContext): string | undefined {
  const [name, row] = rowFor(rows, place.group, event, context)
  if (event.offset <= row.offset) return undefined
  count(row, event, place.isLate, context)
  return name
}

/** Adds an event that lies in the window, in any order: each must be given once. */
export function addOnce(rows: GroupRows, event: WindowEvent, place: Place, context: AddContext): void {
  count(rowFor(rows, place.group, event, context)[1], event, place.isLate, context)
}

function rowFor(
  rows: GroupRows,
  group: string,
  { receivedAtMs }: WindowEvent,
  { compiled, epoch, maxGroups }: AddContext,
): [name: string, row: GroupRow] {
  const name = rows.has(group) || rows.size < maxGroups ? group : OTHER_GROUPS
  let row = rows.get(name)
  if (!row) {
    const state = 'session' in compiled.aggregate.window ? [] : compiled.empty()
    row = { epoch, offset: -1, since: receivedAtMs, last: receivedAtMs, key: '', late: 0, state, size: 0 }
    rows.set(name, row)
  }
  return [name, row]
}

function count(
  row: GroupRow,
  { offset, timeMs, receivedAtMs, subject, event }: WindowEvent,
  isLate: boolean,
  { compiled, key }: AddContext,
): void {
  row.offset = Math.max(row.offset, offset)
  row.since = Math.min(row.since, receivedAtMs)
  row.last = Math.max(row.last, receivedAtMs)
  if (isLate) {
    row.late++
    return
  }
  // Hashes of two keys do not compare: under a second one, nothing is counted by them any more.
  if (key) row.key ||= key.id
  const options = { timeMs, subject, hash: row.key === key?.id ? key?.hash : undefined }
  row.state = Array.isArray(row.state)
    ? compiled.addToSessions(row.state, event, options)
    : compiled.add(row.state, event, options)
}
