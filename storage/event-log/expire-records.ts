// Retention of the embedded log: what is older than its topic's retention goes, a batch a turn of the event loop, and
// never what a group has still to read.

import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inTransaction } from '../sqlite/open-sqlite.ts'
import type { Shard } from './consume-shards.ts'

/** Appends wait for one batch at most. */
const BATCH = 5_000

/** @param stride ids of a shard's records are `shard.id × stride + offset` */
export async function expireRecords(
  db: DatabaseSync,
  { shards, stride, nowMs }: { shards: Map<string, Shard[]>; stride: number; nowMs: number },
): Promise<void> {
  for (const { name, retention_ms } of db
    .prepare('SELECT name, retention_ms FROM topics WHERE retention_ms IS NOT NULL')
    .all()) {
    for (const shard of shards.get(name as string) ?? [])
      await expireShard(db, shard, stride, nowMs - (retention_ms as number))
  }
}

async function expireShard(db: DatabaseSync, shard: Shard, stride: number, cutoffMs: number): Promise<void> {
  const base = shard.id * stride
  const end = base + (slowestPosition(db, shard) ?? shard.nextOffset)
  const saveNext = db.prepare('UPDATE shards SET next_offset = ? WHERE id = ?')
  const lastOfBatch = db.prepare(
    `SELECT max(id) AS id FROM (SELECT id FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ${BATCH})`,
  )
  const remove = db.prepare('DELETE FROM records WHERE id >= ? AND id <= ? AND timestamp_ms < ?')
  for (let start = base; ; ) {
    const last = lastOfBatch.get(start, end)!.id as number | null
    if (last === null) return
    const removed = inTransaction(db, () => {
      saveNext.run(shard.nextOffset, shard.id)
      return remove.run(start, last, cutoffMs).changes
    })
    // Records stand in the order of their time, but for a clock that was set: what follows is younger.
    if (removed === 0) return
    start = last + 1
    await nextTurn()
  }
}

/** Of the groups that ever consumed the topic, the offset that the slowest has to read next; null without a group. */
function slowestPosition(db: DatabaseSync, { id, topic }: Shard): number | null {
  const found = db
    .prepare(
      `SELECT min(coalesce(own.next_offset, 0)) AS next_offset
       FROM (SELECT DISTINCT consumer_group FROM positions JOIN shards ON shards.id = positions.shard WHERE topic = ?) AS known
       LEFT JOIN positions AS own ON own.consumer_group = known.consumer_group AND own.shard = ?`,
    )
    .get(topic, id)!
  return found.next_offset as number | null
}
