// Rows of aggregates in the tables: written by processors, one for each partition of the log, and merged by the gateway
// when they are read. One definition for both.

import { type DeclaredTables, declareTables } from './tables/declare-tables.ts'
import type { Row, TableSettings, Tables } from './tables/tables.ts'

export const AGGREGATES_TABLE = 'aggregates'

/** A day (UTC) of windows' starts is a partition, so that none grows without end. */
const aggregatesTable: TableSettings = {
  columns: {
    dataset: 'text',
    aggregate: 'text',
    day: 'text',
    window: 'timestamp',
    part: 'text',
    group: 'text',
    epoch: 'bigint',
    offset: 'bigint',
    key: 'text',
    late: 'bigint',
    state: 'text',
  },
  partitionKey: ['dataset', 'aggregate', 'day'],
  clusteringKey: [
    { column: 'window', order: 'ascending' },
    { column: 'part', order: 'ascending' },
    { column: 'group', order: 'ascending' },
  ],
}

/** One group of one window, as far as one partition of the log goes. */
export interface AggregateRow {
  dataset: string
  /** Name and identity: what is counted otherwise has other rows. */
  aggregate: string
  /** Start, ms. */
  window: number
  /** `<incarnation>/<partition>` of the log. */
  part: string
  /** JSON of the group's values. */
  group: string
  /** How often the day was computed anew. */
  epoch: number
  /** Of the last record that is in it. */
  offset: number
  /** What its hashes were made with; '' where it has none. */
  key: string
  /** Events that came too late to count. */
  late: number
  /** JSON of a `GroupState`. */
  state: string
}

export function aggregateKey(name: string, identity: string): string {
  return `${name}@${identity}`
}

export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10)
}

export function partOf({ incarnation, partition }: { incarnation: string; partition: number }): string {
  return `${incarnation}/${partition}`
}

export function toAggregateRow(row: Row): AggregateRow {
  const { dataset, aggregate, window, part, group, epoch, offset, key, late, state } = row as unknown as AggregateRow
  return {
    dataset,
    aggregate,
    window,
    part,
    group,
    epoch: Number(epoch),
    offset: Number(offset),
    key,
    late: Number(late),
    state,
  }
}

export function fromAggregateRow({ epoch, offset, late, ...row }: AggregateRow): Row {
  const numbers = { epoch: BigInt(epoch), offset: BigInt(offset), late: BigInt(late) }
  return { ...row, ...numbers, day: dayOf(row.window) }
}

export function openAggregateTables(tables: DeclaredTables & Pick<Tables, 'ensureTable'>): DeclaredTables {
  return declareTables(tables, { [AGGREGATES_TABLE]: aggregatesTable })
}

/** Rows of one read: the first, and at most. */
const PAGE = 1_000
const MAX_READ = 10_000

/**
 * The rows of a day, or of the windows that start in a range of it, page by page, in order.
 * @param place dataset, aggregate and day
 * @throws RangeError for a window of too many rows
 */
export async function* readAggregateRows(
  tables: Pick<Tables, 'read'>,
  place: Row,
  range: { from?: number; before?: number } = {},
): AsyncGenerator<AggregateRow[]> {
  let { from } = range
  let seen = new Set<string>()
  for (let limit = PAGE; ; ) {
    const rows = await tables.read(AGGREGATES_TABLE, {
      partition: place,
      range: { ...range, ...(from !== undefined && { from }) },
      limit,
    })
    const page = rows.map(toAggregateRow)
    yield page.filter(({ part, group }) => !seen.has(`${part} ${group}`))
    if (rows.length < limit) return
    // The last window may go on: it is read again from its start.
    const last = page.at(-1)!.window
    if (last === from && limit === MAX_READ)
      throw new RangeError(`a window has more than ${MAX_READ} rows: lower ECLUSE_AGGREGATE_GROUPS, or the partitions`)
    if (last === from) limit = Math.min(limit * 2, MAX_READ)
    from = last
    seen = new Set(page.filter(({ window }) => window === last).map(({ part, group }) => `${part} ${group}`))
  }
}
