// Rows of aggregates in the tables: written by processors, one for each partition of the log, and merged by the gateway
// when they are read. One definition for both.

import { hash } from 'node:crypto'
import { type DeclaredTables, declareTables } from './tables/declare-tables.ts'
import type { Row, TableSettings, Tables } from './tables/tables.ts'

export const AGGREGATES_TABLE = 'aggregate_rows'
const DAY_MS = 86_400_000

/**
 * A day (UTC) of windows' starts is a partition, so that none grows without end. Keys of rows are texts, so that any
 * number of them can be read page by page; what a removed row leaves behind for a while is its key, so a group stands in
 * it as a hash.
 */
const aggregatesTable: TableSettings = {
  columns: {
    dataset: 'text',
    aggregate: 'text',
    day: 'text',
    row: 'text',
    window: 'timestamp',
    part: 'text',
    group: 'text',
    epoch: 'bigint',
    offset: 'bigint',
    since: 'timestamp',
    last: 'timestamp',
    key: 'text',
    late: 'bigint',
    state: 'text',
  },
  partitionKey: ['dataset', 'aggregate', 'day'],
  clusteringKey: [{ column: 'row', order: 'ascending' }],
}

/** One group of one window, as far as one partition of the log goes. */
export interface AggregateRow {
  dataset: string
  /** Name and identity: what is counted otherwise has other rows. */
  aggregate: string
  /** `windowRow` or `personRow`. */
  row: string
  /** Start, ms; of sessions, that of the day. */
  window: number
  /** `<incarnation>/<partition>` of the log. */
  part: string
  /** JSON of the group's values. */
  group: string
  /** Which recomputation of the day it belongs to. */
  epoch: number
  /** Of the last record that is in it. */
  offset: number
  /** When the first and the last of the events that are in it were received, ms. */
  since: number
  last: number
  /** What its hashes were made with; '' where it has none. */
  key: string
  /** Events that came too late to count. */
  late: number
  /** JSON of a `GroupState`, or of sessions of them. */
  state: string
}

/** Keys from the first on, before the second. */
export interface RowRange {
  from?: string
  before?: string
}

export function aggregateKey(name: string, identity: string): string {
  return `${name}@${identity}`
}

/** `2026-11-21`, UTC; years beyond 0 to 9999 as ECMA-262 writes them. */
export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().split('T')[0]!
}

export function partOf({ incarnation, partition }: { incarnation: string; partition: number }): string {
  return `${incarnation}/${partition}`
}

/** Key of a row of a window: within a day, by start, then by part of the log. */
export function windowRow(startMs: number, part: string, group: string): string {
  return `${startRow(startMs)}/${part}/${slotOf(group)}`
}

/** Key of a row of a person's sessions: within a day, by person. */
export function personRow(part: string, group: string): string {
  return `${slotOf(group)}/${part}`
}

/** The rows of one window and part. */
export function rowsOfWindow(startMs: number, part: string): RowRange {
  return under(`${startRow(startMs)}/${part}`)
}

/** A person's rows of a day, from all parts. */
export function rowsOfPerson(group: string): RowRange {
  return under(slotOf(group))
}

/** The rows of windows that start in a range within one day, ms. */
export function rowsOfRange(dayMs: number, fromMs: number, beforeMs: number): RowRange {
  return {
    ...(fromMs > dayMs && { from: startRow(fromMs) }),
    ...(beforeMs < dayMs + DAY_MS && { before: startRow(beforeMs) }),
  }
}

/** '0' is the character after '/'. */
const under = (prefix: string): RowRange => ({ from: `${prefix}/`, before: `${prefix}0` })

const startRow = (startMs: number) => String(startMs - Date.parse(dayOf(startMs))).padStart(8, '0')

/** '*' stands for no group of its own. */
const slotOf = (group: string) => (group === '*' ? group : hash('sha256', group, 'base64url').slice(0, 22))

function toAggregateRow({ day: _, epoch, offset, late, ...row }: Row): AggregateRow {
  return { ...row, epoch: Number(epoch), offset: Number(offset), late: Number(late) } as unknown as AggregateRow
}

export function fromAggregateRow({ epoch, offset, late, ...row }: AggregateRow): Row {
  const numbers = { epoch: BigInt(epoch), offset: BigInt(offset), late: BigInt(late) }
  return { ...row, ...numbers, day: dayOf(row.window) }
}

export function openAggregateTables(tables: DeclaredTables & Pick<Tables, 'ensureTable'>): DeclaredTables {
  return declareTables(tables, { [AGGREGATES_TABLE]: aggregatesTable })
}

/** Rows of one read. */
export const ROWS_AT_ONCE = 1_000

/**
 * The rows of a day, or of a range of it, page by page, in the order of their keys.
 * @param place dataset, aggregate and day
 */
export async function* readAggregateRows(
  tables: Pick<Tables, 'read'>,
  place: Row,
  range: RowRange = {},
): AsyncGenerator<AggregateRow[]> {
  let { from } = range
  for (;;) {
    const within = { ...range, ...(from !== undefined && { from }) }
    const rows = await tables.read(AGGREGATES_TABLE, { partition: place, range: within, limit: ROWS_AT_ONCE })
    if (rows.length > 0) yield rows.map(toAggregateRow)
    if (rows.length < ROWS_AT_ONCE) return
    // No key lies between the two.
    from = `${rows.at(-1)!.row} `
  }
}
