// Fills the tables that are read by time and by person: each effective event has a row in both, which ends with the
// events' retention. A row is written whole, under the write version of its event's first copy.

import { topicOf } from '../governance/contract/topic-of.ts'
import { eventRow, eventTableKeys } from '../storage/event-rows.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import { MAX_TTL_SECONDS, type Removal, type Row, type Tables } from '../storage/tables/tables.ts'
import { type Incarnations, LAST_WRITE_VERSION } from './incarnations.ts'
import type { RetentionInForce } from './retentions.ts'

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
      if (typeof rectifiedBy === 'string') return { row: eventRow(event), writeVersion, leftMs: 0 }
      const leftMs = retention && Date.parse(event.receivedAt) + retention.events - now()
      return { row: eventRow(event), writeVersion, leftMs }
    }),
  )
  for (const [name, keys] of eventTableKeys) {
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
  return eventTableKeys.map(([name, keys]) => [
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
