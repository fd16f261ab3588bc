// Fills the tables that are read by time and by person: each effective event has a row in both, which ends with the
// events' retention. A row is written whole, under the write version of its event's first copy.

import type { Catalogue } from '../governance/contract/catalogue.ts'
import { topicOf } from '../governance/contract/topic-of.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import type { Row, TableSettings, Tables, Upsert } from '../storage/tables/tables.ts'
import type { Incarnations } from './incarnations.ts'

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
export function openEventTables(tables: Pick<Tables, 'ensureTable' | 'upsert'>): Pick<Tables, 'upsert'> {
  let made: Promise<unknown> | undefined
  const make = async () => {
    for (const [name, settings] of Object.entries(eventTables)) await tables.ensureTable(name, settings)
  }
  return {
    upsert: async (name, upserts) => {
      made ??= make()
      await made.catch(error => {
        made = undefined
        throw error
      })
      await tables.upsert(name, upserts)
    },
  }
}

export interface FillDeps {
  tables: Pick<Tables, 'upsert'>
  catalogue: Pick<Catalogue, 'find'>
  incarnations: Incarnations
  now: () => number
}

/**
 * Writes the rows of effective events of one dataset. Idempotent; what has reached its end meanwhile is left out.
 * @param epoch how often the dataset's rows have been written anew
 */
export async function fillTables(deps: FillDeps, dataset: string, events: StoredEvent[], epoch: number): Promise<void> {
  const retentionMs = deps.catalogue.find(dataset)?.retentionMs.events
  const upserts: { upsert: Upsert; ofPerson: boolean }[] = []
  for (const event of events) {
    const leftMs = retentionMs === undefined ? undefined : Date.parse(event.receivedAt) + retentionMs - deps.now()
    if (leftMs !== undefined && leftMs <= 0) continue
    const writeVersion = await deps.incarnations.writeVersion(topicOf(dataset), event.position, epoch)
    const ttlSeconds = leftMs === undefined ? null : Math.ceil(leftMs / 1_000)
    upserts.push({ upsert: { row: rowOf(event), writeVersion, ttlSeconds }, ofPerson: event.subject !== null })
  }
  if (upserts.length === 0) return
  await deps.tables.upsert(
    'latest_events',
    upserts.map(({ upsert }) => upsert),
  )
  const ofPersons = upserts.filter(({ ofPerson }) => ofPerson)
  if (ofPersons.length > 0)
    await deps.tables.upsert(
      'events_by_subject',
      ofPersons.map(({ upsert }) => upsert),
    )
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
