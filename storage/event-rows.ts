// Rows of events in the tables, by time and by person: written by processors, looked for by the gateway. One definition
// for both.

import { hash } from 'node:crypto'
import type { StoredEvent } from './stored-shapes.ts'
import { type DeclaredTables, declareTables } from './tables/declare-tables.ts'
import type { Row, TableSettings, Tables } from './tables/tables.ts'

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
export const eventTableKeys = Object.entries(eventTables).map(
  ([name, { partitionKey, clusteringKey }]): [table: string, keys: string[]] => [
    name,
    [...partitionKey, ...clusteringKey.map(({ column }) => column)],
  ],
)

export type EventTables = DeclaredTables

export function openEventTables(tables: DeclaredTables & Pick<Tables, 'ensureTable'>): EventTables {
  return declareTables(tables, eventTables)
}

export function eventRow({ dataset, id, time, subject, receivedAt, schema, policy, event }: StoredEvent): Row {
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

/**
 * A removed row's key outlives it for a while, as a mark. An id that is a person's token must not: its hash stands there.
 */
function rowId(eventId: string): string {
  return eventId.startsWith('tok1.') ? `h1.${hash('sha256', eventId, 'base64url').slice(0, 22)}` : eventId
}

/** Rows of one millisecond that are looked at. */
const MAX_AT_ONCE = 100

/**
 * Whether an event has a row: among its person's, or, of one about nobody, among those of its day. Undefined where more
 * events happened in its very millisecond than are looked at.
 * @throws TablesUnavailable
 */
export async function hasEventRow(tables: Pick<Tables, 'read'>, event: StoredEvent): Promise<boolean | undefined> {
  const { dataset, subject, day, time, id } = eventRow(event)
  const [table, partition] =
    subject === null
      ? (['latest_events', { dataset, day }] as const)
      : (['events_by_subject', { dataset, subject }] as const)
  const range = { from: time!, before: (time as number) + 1 }
  const rows = await tables.read(table, { partition: partition as Row, range, limit: MAX_AT_ONCE })
  return rows.some(row => row.id === id) || (rows.length < MAX_AT_ONCE ? false : undefined)
}
