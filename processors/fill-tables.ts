// Fills the tables that are read by time and by person: each effective event has a row in both, which ends with the
// events' retention. A row is written whole, under the write version of its event's first copy.

import { hash } from 'node:crypto'
import { topicOf } from '../governance/contract/topic-of.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import { type DeclaredTables, declareTables } from '../storage/tables/declare-tables.ts'
import { MAX_TTL_SECONDS, type Removal, type Row, type TableSettings, type Tables } from '../storage/tables/tables.ts'
import { type Incarnations, LAST_WRITE_VERSION } from './incarnations.ts'
import type { RetentionInForce } from './retentions.ts'

const columns = {
  dataset: 'text',
  day: 'text',
  subject: 'text',
  time: 'timestamp',
  id: 'text',
  event_id: 'text',
  received_at: 'timestamp',
  schema: 'text',
  policy: 'text',
  event: 'text',
} as const

/**
 * Newest first. A day (UTC) of a dataset is a partition, so that none grows without end. Written in this order: a person's
 * rows lead to those by day, so that none of these stands without the other.
 */
const eventTables = {
  events_by_subject: {
    columns,
    partitionKey: ['dataset', 'subject'],
    clusteringKey: [
      { column: 'time', order: 'descending' },
      { column: 'id', order: 'ascending' },
    ],
  },
  latest_events: {
    columns,
    partitionKey: ['dataset', 'day'],
    clusteringKey: [
      { column: 'time', order: 'descending' },
      { column: 'id', order: 'ascending' },
    ],
  },
} satisfies Record<string, TableSettings>

/** The columns that name a row, by table. */
const tableKeys = Object.entries(eventTables).map(([name, { partitionKey, clusteringKey }]): [string, string[]] => [
  name,
  [...partitionKey, ...clusteringKey.map(({ column }) => column)],
])

export type EventTables = DeclaredTables

export function openEventTables(tables: DeclaredTables & Pick<Tables, 'ensureTable'>): EventTables {
  return declareTables(tables, eventTables)
}

export interface FillDeps {
  tables: Pick<Tables, 'upsert' | 'remove'>
  incarnations: Incarnations
  now: () => number
}

/**
 * Writes the rows of effective events of one dataset, and removes those of events that have reached their end or were
 * corrected by others since. Idempotent.
 * @param retention undefined where nobody says how long: the rows stay
 */
export async function fillTables(
  { tables, incarnations, now }: FillDeps,
  dataset: string,
  events: StoredEvent[],
  retention: RetentionInForce | undefined,
): Promise<void> {
  const placed = await Promise.all(
    events.map(async event => {
      // Archived before changes were counted, it has none.
      const { position, changes = 0, rectifiedBy } = event
      const writeVersion = await incarnations.writeVersion(topicOf(dataset), position, retention?.epoch ?? 0, changes)
      if (typeof rectifiedBy === 'string') return { row: rowOf(event), writeVersion, leftMs: 0 }
      const leftMs = retention && Date.parse(event.receivedAt) + retention.events - now()
      return { row: rowOf(event), writeVersion, leftMs }
    }),
  )
  for (const [name, keys] of tableKeys) {
    const rows = placed.filter(({ row }) => keys.every(key => row[key] !== null))
    const living = rows.filter(({ leftMs }) => leftMs === undefined || leftMs > 0)
    const ended = rows.filter(({ leftMs }) => leftMs !== undefined && leftMs <= 0)
    const upserts = living.map(({ leftMs, ...upsert }) => ({ ...upsert, ttlSeconds: ttlOf(leftMs) }))
    const removals = ended.map(({ row, writeVersion }) => ({ key: keyOf(row, keys), writeVersion }))
    if (upserts.length > 0) await tables.upsert(name, upserts)
    if (removals.length > 0) await tables.remove(name, removals)
  }
}

/** Removals, by table, of a person's rows as they were read; nothing that comes later writes them again. */
export function removalsOf(rows: Row[]): [table: string, removals: Removal[]][] {
  return tableKeys.map(([name, keys]) => [
    name,
    rows.map(row => ({ key: keyOf(row, keys), writeVersion: LAST_WRITE_VERSION })),
  ])
}

function keyOf(row: Row, keys: string[]): Row {
  return Object.fromEntries(keys.map(key => [key, row[key]!]))
}

/** What the tables cannot hold for so long is held as long as they can, rather than bringing its batch again for ever. */
function ttlOf(leftMs: number | undefined): number | null {
  return leftMs === undefined ? null : Math.min(Math.ceil(leftMs / 1_000), MAX_TTL_SECONDS)
}

/**
 * A removed row's key outlives it for a while, as a mark. An id that is a person's token must not: its hash stands there.
 */
function rowId(eventId: string): string {
  return eventId.startsWith('tok1.') ? `h1.${hash('sha256', eventId, 'base64url').slice(0, 22)}` : eventId
}

function rowOf({ dataset, id, time, subject, receivedAt, schema, policy, event }: StoredEvent): Row {
  return {
    dataset,
    day: time.slice(0, 10),
    subject,
    time: Date.parse(time),
    id: rowId(id),
    event_id: id,
    received_at: Date.parse(receivedAt),
    schema,
    policy,
    event: JSON.stringify(event),
  }
}
