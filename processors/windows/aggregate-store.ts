// Rows of aggregates in the tables: read by window, written under the position of the last record that is in them.

import type { Aggregate } from '../../governance/contract/aggregate.ts'
import { topicOf } from '../../governance/contract/topic-of.ts'
import {
  type CompiledAggregate,
  compileAggregate,
  type GroupState,
} from '../../governance/measures/compile-aggregate.ts'
import {
  AGGREGATES_TABLE,
  type AggregateRow,
  aggregateKey,
  dayOf,
  fromAggregateRow,
  openAggregateTables,
  partOf,
  readAggregateRows,
} from '../../storage/aggregate-rows.ts'
import type { Position } from '../../storage/event-log/event-log.ts'
import { MAX_TTL_SECONDS, type Row, type Tables } from '../../storage/tables/tables.ts'
import type { Incarnations } from '../incarnations.ts'
import type { GroupRow, GroupRows } from './group-rows.ts'

/** A partition of a dataset's topic. */
export interface Part extends Pick<Position, 'incarnation' | 'partition'> {
  dataset: string
}

/** A window of an aggregate in one partition. */
export interface PartWindow {
  part: Part
  compiled: CompiledAggregate
  /** Start, ms. */
  startMs: number
}

export interface AggregateStore {
  /** Its rows as they stand. */
  read(window: PartWindow): Promise<GroupRows>
  /** Names of the rows of a day, of one partition: windows that start then. */
  list(
    part: Part,
    compiled: CompiledAggregate,
    day: string,
  ): Promise<Pick<AggregateRow, 'window' | 'group' | 'offset'>[]>
  /** The partitions that rows of these aggregates on a day come from. */
  parts(dataset: string, aggregates: Aggregate[], day: string): Promise<Part[]>
  /** Writes rows whole; those whose retention has ended are not. */
  write(rows: { window: PartWindow; group: string; row: GroupRow }[]): Promise<void>
  /** Removes rows, under the write version of this epoch and offset. */
  remove(rows: { window: PartWindow; group: string; epoch: number; offset: number }[]): Promise<void>
}

export interface AggregateStoreDeps {
  tables: Pick<Tables, 'ensureTable' | 'read' | 'upsert' | 'remove'>
  incarnations: Incarnations
  now: () => number
}

export function openAggregateStore({ incarnations, now, ...deps }: AggregateStoreDeps): AggregateStore {
  const tables = openAggregateTables(deps.tables)
  const versionOf = ({ part }: PartWindow, epoch: number, offset: number) =>
    incarnations.writeVersion(topicOf(part.dataset), { ...part, offset: Math.max(0, offset) }, epoch, 0)

  return {
    read: async ({ part, compiled, startMs }) => {
      const rows: GroupRows = new Map()
      const range = { from: startMs, before: startMs + 1 }
      for await (const page of readAggregateRows(tables, placeOf(part, compiled, dayOf(startMs)), range))
        for (const { group, part: written, epoch, offset, key, late, state } of page)
          if (written === partOf(part)) {
            const read = JSON.parse(state) as GroupState
            rows.set(group, { epoch, offset, key, late, state: read, receivedAtMs: undefined })
          }
      return rows
    },
    list: async (part, compiled, day) => {
      const found: Pick<AggregateRow, 'window' | 'group' | 'offset'>[] = []
      for await (const page of readAggregateRows(tables, placeOf(part, compiled, day)))
        for (const { window, group, offset, part: written } of page)
          if (written === partOf(part)) found.push({ window, group, offset })
      return found
    },
    parts: async (dataset, aggregates, day) => {
      const found = new Map<string, Part>()
      for (const compiled of aggregates.map(compileAggregate))
        for await (const page of readAggregateRows(tables, placeOf({ dataset }, compiled, day)))
          for (const { part } of page) {
            const [incarnation, partition] = part.split('/') as [string, string]
            found.set(part, { dataset, incarnation, partition: Number(partition) })
          }
      return [...found.values()]
    },
    write: async rows => {
      const upserts = rows.map(async ({ window, group, row }) => {
        const { retentionMs } = window.compiled.aggregate
        const leftMs = (row.receivedAtMs ?? now()) + retentionMs - now()
        const ttlSeconds = Math.min(Math.ceil(leftMs / 1_000), MAX_TTL_SECONDS)
        return {
          row: rowOf(window, group, row),
          writeVersion: await versionOf(window, row.epoch, row.offset),
          ttlSeconds,
        }
      })
      const living = (await Promise.all(upserts)).filter(({ ttlSeconds }) => ttlSeconds > 0)
      if (living.length > 0) await tables.upsert(AGGREGATES_TABLE, living)
    },
    remove: async rows => {
      const removals = rows.map(async ({ window, group, epoch, offset }) => ({
        key: keyOf(window, group),
        writeVersion: await versionOf(window, epoch, offset),
      }))
      if (rows.length > 0) await tables.remove(AGGREGATES_TABLE, await Promise.all(removals))
    },
  }
}

function placeOf({ dataset }: Pick<Part, 'dataset'>, { aggregate, identity }: CompiledAggregate, day: string): Row {
  return { dataset, aggregate: aggregateKey(aggregate.name, identity), day }
}

function keyOf({ part, compiled, startMs }: PartWindow, group: string): Row {
  return { ...placeOf(part, compiled, dayOf(startMs)), window: startMs, part: partOf(part), group }
}

function rowOf(window: PartWindow, group: string, { epoch, offset, key, late, state }: GroupRow): Row {
  const { part, compiled, startMs } = window
  return fromAggregateRow({
    dataset: part.dataset,
    aggregate: aggregateKey(compiled.aggregate.name, compiled.identity),
    window: startMs,
    part: partOf(part),
    ...{ group, epoch, offset, key, late },
    state: JSON.stringify(state),
  })
}
