// Rows of aggregates in the tables: read by window, written under the position of the last record that is in them. Which
// aggregates ever had rows is kept in the documents, for erasures to find what no policy names any more.

import {
  type CompiledAggregate,
  type GroupSessions,
  type GroupState,
  OTHER_GROUPS,
} from '../../governance/measures/compile-aggregate.ts'
import type { WindowSpec } from '../../governance/measures/windows-of.ts'
import {
  AGGREGATES_TABLE,
  type AggregateRow,
  aggregateKey,
  dayOf,
  fromAggregateRow,
  openAggregateTables,
  partOf,
  personRow,
  readAggregateRows,
  rowsOfPerson,
  rowsOfWindow,
  windowRow,
} from '../../storage/aggregate-rows.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import { MAX_TTL_SECONDS, type Row, type Tables } from '../../storage/tables/tables.ts'
import type { GroupRow, GroupRows } from './group-rows.ts'
import type { PartWindow } from './places-of.ts'

const COLLECTION = 'aggregates'
/** Aggregates of one dataset, one for each way in which one was ever declared. */
const MAX_KNOWN = 1_000

/**
 * A write version: (epoch, offset), packed so that it grows; 24 bits and 38 bits. The log's incarnation stands in the
 * row's key.
 */
const OFFSET_BITS = 38n
export const MAX_EPOCH = 2 ** 24 - 1

/** An aggregate that has, or had, rows. */
export interface KnownAggregate {
  /** Name and identity. */
  aggregate: string
  window: WindowSpec
  /** Its groups hold tokens or pseudonyms. */
  perPerson: boolean
}

export interface RowToWrite {
  window: PartWindow
  group: string
  row: GroupRow
}

export interface AggregateStore {
  /** A window's rows as they stand; those of earlier epochs are left-overs of somebody who slept. */
  read(window: PartWindow, epoch: number): Promise<GroupRows>
  /** Rows of a day, page by page, of all parts. */
  rows(dataset: string, aggregate: string, day: string): AsyncGenerator<AggregateRow[]>
  /** Writes rows whole, those of other groups last; those whose retention has ended are not. */
  write(rows: RowToWrite[]): Promise<void>
  /** Removes rows, as of this epoch and offset. */
  remove(rows: AggregateRow[], epoch: number, offset: number): Promise<void>
  /** All that ever had rows. */
  known(dataset: string): Promise<KnownAggregate[]>
}

export interface AggregateStoreDeps {
  tables: Pick<Tables, 'ensureTable' | 'read' | 'upsert' | 'remove'>
  documents: Pick<Documents, 'insertFirst' | 'find'>
  now: () => number
}

export function openAggregateStore({ documents, now, ...deps }: AggregateStoreDeps): AggregateStore {
  const tables = openAggregateTables(deps.tables)
  const noted = new Set<string>()

  async function note({ part: { dataset }, compiled }: PartWindow): Promise<void> {
    const aggregate = keyOf(compiled)
    const id = `${dataset}/${aggregate}`
    if (noted.has(id)) return
    const { window, perPerson } = compiled.aggregate
    const body = { dataset, aggregate, window, perPerson } as unknown as JsonObject
    await documents.insertFirst(COLLECTION, [{ id, version: 0, expiresAtMs: null, body }])
    noted.add(id)
  }

  function upsertOf({ window, group, row }: RowToWrite) {
    const leftMs = row.last + window.compiled.aggregate.retentionMs - now()
    const ttlSeconds = Math.min(Math.ceil(leftMs / 1_000), MAX_TTL_SECONDS)
    return { row: rowOf(window, group, row), writeVersion: versionOf(row.epoch, row.offset), ttlSeconds }
  }

  return {
    read: async ({ part, compiled, startMs, person }, atEpoch) => {
      const rows: GroupRows = new Map()
      const place = placeOf(part.dataset, keyOf(compiled), dayOf(startMs))
      const range = person === undefined ? rowsOfWindow(startMs, partOf(part)) : rowsOfPerson(person)
      for await (const page of readAggregateRows(tables, place, range))
        for (const row of page)
          if (row.part === partOf(part) && row.epoch >= atEpoch) rows.set(row.group, toGroupRow(row))
      return rows
    },
    rows: (dataset, aggregate, day) => readAggregateRows(tables, placeOf(dataset, aggregate, day)),
    write: async rows => {
      for (const { window } of rows) await note(window)
      // Which groups are counted apart is told by those that are: they stand before what is beyond them does.
      for (const isOther of [false, true]) {
        const upserts = rows.filter(({ group }) => (group === OTHER_GROUPS) === isOther).map(upsertOf)
        const living = upserts.filter(({ ttlSeconds }) => ttlSeconds > 0)
        if (living.length > 0) await tables.upsert(AGGREGATES_TABLE, living)
      }
    },
    remove: async (rows, epoch, offset) => {
      const writeVersion = versionOf(epoch, offset)
      const removals = rows.map(({ dataset, aggregate, window, row }) => ({
        key: { ...placeOf(dataset, aggregate, dayOf(window)), row },
        writeVersion,
      }))
      if (removals.length > 0) await tables.remove(AGGREGATES_TABLE, removals)
    },
    known: async dataset => {
      const found = await documents.find(COLLECTION, { where: { dataset }, limit: MAX_KNOWN })
      return found.map(({ body }) => body as unknown as KnownAggregate)
    },
  }
}

export function toGroupRow({ epoch, offset, since, last, key, late, state }: AggregateRow): GroupRow {
  const read = JSON.parse(state) as GroupState | GroupSessions
  return { epoch, offset, since, last, key, late, state: read, size: state.length }
}

export function keyOf({ aggregate, identity }: CompiledAggregate): string {
  return aggregateKey(aggregate.name, identity)
}

function versionOf(epoch: number, offset: number): bigint {
  if (epoch > MAX_EPOCH || offset + 1 >= 2 ** Number(OFFSET_BITS)) throw new RangeError('no write version is left')
  return (BigInt(epoch) << OFFSET_BITS) | BigInt(offset + 1)
}

function placeOf(dataset: string, aggregate: string, day: string): Row {
  return { dataset, aggregate, day }
}

function rowOf({ part, compiled, startMs, person }: PartWindow, group: string, row: GroupRow): Row {
  const { epoch, offset, since, last, key, late } = row
  const state = JSON.stringify(row.state)
  row.size = state.length
  return fromAggregateRow({
    dataset: part.dataset,
    aggregate: keyOf(compiled),
    row: person === undefined ? windowRow(startMs, partOf(part), group) : personRow(partOf(part), group),
    window: startMs,
    part: partOf(part),
    ...{ group, epoch, offset, since, last, key, late, state },
  })
}
