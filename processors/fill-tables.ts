// Fills the tables that are read by time and by person: each effective event has a row in both, which ends with the
// events' retention. A row is written whole, under the write version of its event's first copy.

import { topicOf } from '../governance/contract/topic-of.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import { MAX_TTL_SECONDS, type Row, type TableSettings, type Tables } from '../storage/tables/tables.ts'
import type { Incarnations } from './incarnations.ts'
import type { RetentionInForce } from './retentions.ts'

const columns = {
  dataset: 'text',
  day: 'text',
  subject: 'text',
  time: 'timestamp',
  id: 'text',
  received_at: 'timestamp',
  schema: 'text',
  policy: 'text',
  event: 'text',
} as const

/** Newest first. A day (UTC) of a dataset is a partition, so that none grows without end. */
const eventTables = {
  latest_events: {
    columns,
    partitionKey: ['dataset', 'day'],
    clusteringKey: [
      { column: 'time', order: 'descending' },
      { column: 'id', order: 'ascending' },
    ],
  },
  events_by_subject: {
    columns,
    partitionKey: ['dataset', 'subject'],
    clusteringKey: [
      { column: 'time', order: 'descending' },
      { column: 'id', order: 'ascending' },
    ],
  },
} satisfies Record<string, TableSettings>

/** The event tables: made at first use, and tried again at the next if that failed. */
export function openEventTables(tables: Pick<Tables, 'ensureTable' | 'upsert' | 'remove'>): FillDeps['tables'] {
  let made: Promise<unknown> | undefined
  const make = async () => {
    for (const [name, settings] of Object.entries(eventTables)) await tables.ensureTable(name, settings)
  }
  const ready = async () => {
    made ??= make()
    await made.catch(error => {
      made = undefined
      throw error
    })
  }
  return {
    upsert: async (name, upserts) => {
      await ready()
      await tables.upsert(name, upserts)
    },
    remove: async (name, removals) => {
      await ready()
      await tables.remove(name, removals)
    },
  }
}

export interface FillDeps {
  tables: Pick<Tables, 'upsert' | 'remove'>
  incarnations: Incarnations
  now: () => number
}

/**
 * Writes the rows of effective events of one dataset, and removes those of events that have reached their end.
 * Idempotent.
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
      const writeVersion = await incarnations.writeVersion(topicOf(dataset), event.position, retention?.epoch ?? 0)
      const leftMs = retention && Date.parse(event.receivedAt) + retention.events - now()
      return { row: rowOf(event), writeVersion, leftMs }
    }),
  )
  for (const [name, { partitionKey, clusteringKey }] of Object.entries(eventTables)) {
    const keys = [...partitionKey, ...clusteringKey.map(({ column }) => column)]
    const rows = placed.filter(({ row }) => keys.every(key => row[key] !== null))
    const living = rows.filter(({ leftMs }) => leftMs === undefined || leftMs > 0)
    const ended = rows.filter(({ leftMs }) => leftMs !== undefined && leftMs <= 0)
    const upserts = living.map(({ leftMs, ...upsert }) => ({ ...upsert, ttlSeconds: ttlOf(leftMs) }))
    const removals = ended.map(({ row, writeVersion }) => ({
      key: Object.fromEntries(keys.map(key => [key, row[key]!])),
      writeVersion,
    }))
    if (upserts.length > 0) await tables.upsert(name, upserts)
    if (removals.length > 0) await tables.remove(name, removals)
  }
}

/** What the tables cannot hold for so long is held as long as they can, rather than bringing its batch again for ever. */
function ttlOf(leftMs: number | undefined): number | null {
  return leftMs === undefined ? null : Math.min(Math.ceil(leftMs / 1_000), MAX_TTL_SECONDS)
}

function rowOf({ dataset, id, time, subject, receivedAt, schema, policy, event }: StoredEvent): Row {
  return {
    dataset,
    day: time.slice(0, 10),
    subject,
    time: Date.parse(time),
    id,
    received_at: Date.parse(receivedAt),
    schema,
    policy,
    event: JSON.stringify(event),
  }
}
