// The rows of one window, as one partition of the log has filled them: events are added in the log's order, each once,
// however often a batch comes again.

import type { CompiledAggregate, GroupState } from '../../governance/measures/compile-aggregate.ts'
import { OTHER_GROUPS } from '../../governance/measures/compile-aggregate.ts'
import type { WindowKey } from '../../governance/subjects/window-keys.ts'
import type { AggregateRow } from '../../storage/aggregate-rows.ts'
import type { JsonObject } from '../../storage/json.ts'

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

/** A group of one window, as far as one partition goes. */
export interface GroupRow extends Omit<AggregateRow, 'dataset' | 'aggregate' | 'window' | 'part' | 'group' | 'state'> {
  state: GroupState
  /** When the last event that was added came in; undefined for a row that was read. */
  receivedAtMs: number | undefined
}

export type GroupRows = Map<string, GroupRow>

export interface AddContext {
  compiled: CompiledAggregate
  key: WindowKey
  epoch: number
  /** In one window of one partition; what comes beyond is counted together. */
  maxGroups: number
}

/**
 * Adds an event that lies in the window, unless the row counted it before: events come in the order of their offsets.
 * @returns the row it changed, and its name; undefined where it was counted
 */
export function addInOrder(
  rows: GroupRows,
  group: string,
  event: WindowEvent,
  isLate: boolean,
  context: AddContext,
): { group: string; row: GroupRow } | undefined {
  const named = rowFor(rows, group, context)
  if (event.offset <= named.row.offset) return undefined
  count(named.row, event, isLate, context)
  return named
}

/** Adds an event that lies in the window, in any order: each must be given once. */
export function addOnce(
  rows: GroupRows,
  group: string,
  event: WindowEvent,
  isLate: boolean,
  context: AddContext,
): void {
  count(rowFor(rows, group, context).row, event, isLate, context)
}

function rowFor(rows: GroupRows, group: string, { compiled, epoch, maxGroups }: AddContext) {
  const name = rows.has(group) || rows.size < maxGroups ? group : OTHER_GROUPS
  const row = rows.get(name) ?? {
    epoch,
    offset: -1,
    key: '',
    late: 0,
    state: compiled.empty(),
    receivedAtMs: undefined,
  }
  rows.set(name, row)
  return { group: name, row }
}

function count(
  row: GroupRow,
  { offset, receivedAtMs, subject, event }: WindowEvent,
  isLate: boolean,
  { compiled, key }: AddContext,
) {
  row.offset = Math.max(row.offset, offset)
  row.receivedAtMs = Math.max(row.receivedAtMs ?? receivedAtMs, receivedAtMs)
  if (isLate) {
    row.late++
    return
  }
  // Hashes of two keys do not compare: under a second one, nothing is counted by them any more.
  row.key ||= key.id
  row.state = compiled.add(row.state, event, { subject, hash: row.key === key.id ? key.hash : undefined })
}
