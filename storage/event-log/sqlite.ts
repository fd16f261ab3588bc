// The event log's embedded side: one SQLite file, appends committed in groups, one consumer a group. For one process.

import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { isJsonObject } from '../json.ts'
import { reach } from '../reach.ts'
import { groupCommit } from '../sqlite/group-commit.ts'
import { inTransaction, openSqlite, writePing } from '../sqlite/open-sqlite.ts'
import { consumeShards, type Shard } from './consume-shards.ts'
import {
  type ConsumeOptions,
  type EventLog,
  EventLogUnavailable,
  type LogRecord,
  type Position,
  type StoredRecord,
  type TopicSettings,
} from './event-log.ts'
import { expireRecords } from './expire-records.ts'
import { partitionOf } from './partition-of.ts'

/** Records are numbered shard × 2⁴⁰ + offset, so that they rest in the order they are read: 8,191 shards fit. */
const SHARD_STRIDE = 2 ** 40

/**
 * Opens or creates the log in one SQLite file.
 * @throws Error when the file cannot be opened or is no log of this version
 */
export function openSqliteEventLog(path: string): EventLog {
  const db = openSqlite(path)
  createTables(db)
  const shards = loadShards(db)
  const insert = db.prepare('INSERT INTO records (id, timestamp_ms, key, headers, value) VALUES (?, ?, ?, ?, ?)')
  const select = db.prepare(
    'SELECT id, timestamp_ms, key, headers, value FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?',
  )
  const selectPosition = db.prepare('SELECT next_offset FROM positions WHERE consumer_group = ? AND shard = ?')
  const savePosition = db.prepare(
    'INSERT INTO positions VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset',
  )
  const begin = db.prepare('INSERT OR IGNORE INTO positions VALUES (?, ?, 0)')
  const firstId = db.prepare('SELECT min(id) AS id FROM records WHERE id >= ? AND id < ?')
  const wakeConsumers = new Set<() => void>()
  let roundRobin = 0

  const write = (entries: { topic: string; record: LogRecord }[]): Position[] =>
    entries.map(({ topic, record }) => {
      const partitions = shardsOf(topic)
      const shard =
        partitions[record.key === null ? roundRobin++ % partitions.length : partitionOf(record.key, partitions.length)]!
      const offset = shard.nextOffset++
      insert.run(shard.id * SHARD_STRIDE + offset, Date.now(), record.key, JSON.stringify(record.headers), record.value)
      return { incarnation: shard.incarnation, partition: shard.partition, offset }
    })
  const commit = groupCommit(db, write)

  function shardsOf(topic: string): Shard[] {
    const found = shards.get(topic)
    if (!found) throw new Error(`topic ${topic} was never ensured`)
    return found
  }

  function readShard(shard: Shard, fromOffset: number, limit: number): StoredRecord[] {
    const base = shard.id * SHARD_STRIDE
    return select.all(base + fromOffset, base + SHARD_STRIDE, limit).map(row => ({
      topic: shard.topic,
      partition: shard.partition,
      offset: (row.id as number) - base,
      timestampMs: row.timestamp_ms as number,
      key: row.key as string | null,
      headers: headersOf(row.headers),
      value: Buffer.from(row.value as Uint8Array),
    }))
  }

  const positionOf = (group: string, shard: Shard) => (selectPosition.get(group, shard.id)?.next_offset as number) ?? 0

  /** Records before a shard's first one have expired: they are not waited for. */
  const lagOf = (group: string, shard: Shard) => {
    const base = shard.id * SHARD_STRIDE
    const first = firstId.get(base, base + SHARD_STRIDE)?.id as number | null
    const start = Math.max(positionOf(group, shard), first === null ? shard.nextOffset : first! - base)
    return shard.nextOffset - start
  }

  return {
    ensureTopic: async (topic, settings) =>
      available(() => {
        inTransaction(db, () => saveTopic(db, topic, settings))
        const fresh = loadShards(db).get(topic)!
        // Offsets of the shards at work are ahead of what an open transaction has written: keep those.
        shards.set(topic, [...(shards.get(topic) ?? []), ...fresh.slice(shards.get(topic)?.length ?? 0)])
      }),

    append: async (entries, receipt) => {
      const all = receipt ? [...entries, ...receipt()] : entries
      // Told to the caller as its own mistake, before it could fail a transaction shared with others.
      for (const { topic } of all) shardsOf(topic)
      const positions = await commit(all).catch(async error => {
        await available(() => restoreOffsets(db, shards))
        throw new EventLogUnavailable('the event log could not be written', { cause: error })
      })
      for (const wake of wakeConsumers) wake()
      return positions.slice(0, entries.length)
    },

    consume: async (options: ConsumeOptions) => {
      // Told to the caller now: later, nobody could be told.
      const begun = options.topics.flatMap(shardsOf)
      // Known from now on: expiry keeps what the group has still to read.
      await available(() => inTransaction(db, () => begun.forEach(({ id }) => void begin.run(options.group, id))))
      return consumeShards(options, {
        shards: () => options.topics.flatMap(shardsOf),
        position: shard => positionOf(options.group, shard),
        read: readShard,
        commit: (shard, nextOffset) => void savePosition.run(options.group, shard.id, nextOffset),
        wakers: wakeConsumers,
      })
    },

    lag: async (group, topics) =>
      available(() => topics.flatMap(shardsOf).reduce((sum, shard) => sum + lagOf(group, shard), 0)),

    ends: async topics =>
      available(() =>
        topics
          .flatMap(topic => shards.get(topic) ?? [])
          .map(({ topic, incarnation, partition, nextOffset: offset }) => ({ topic, incarnation, partition, offset })),
      ),
    hasPassed: async (group, ends) =>
      available(() =>
        ends.every(({ topic, incarnation, partition, offset }) => {
          const shard = shards.get(topic)?.find(each => each.partition === partition)
          return shard?.incarnation !== incarnation || shard.nextOffset - lagOf(group, shard) >= offset
        }),
      ),
    // An append is one transaction: it has ended when its caller is told.
    longestAppendMs: 0,

    expire: async nowMs => available(() => expireRecords(db, { shards, stride: SHARD_STRIDE, nowMs })),
    ping: async () => available(() => writePing(db)),
    close: async () => db.close(),
  }
}

const available = <T>(work: () => T) => reach(EventLogUnavailable, work)

function createTables(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, incarnation TEXT NOT NULL, retention_ms INTEGER);
    CREATE TABLE IF NOT EXISTS shards (
      id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
      UNIQUE (topic, partition));
    CREATE TABLE IF NOT EXISTS records (
      id INTEGER PRIMARY KEY, timestamp_ms INTEGER NOT NULL, key TEXT, headers TEXT NOT NULL, value BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS positions (
      consumer_group TEXT, shard INTEGER, next_offset INTEGER NOT NULL, PRIMARY KEY (consumer_group, shard));`)
}

function saveTopic(db: DatabaseSync, topic: string, settings: TopicSettings): void {
  db.prepare('INSERT INTO topics VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET retention_ms = excluded.retention_ms').run(
    topic,
    randomUUID(),
    settings.retentionMs,
  )
  const addShard = db.prepare('INSERT OR IGNORE INTO shards (topic, partition, next_offset) VALUES (?, ?, 0)')
  for (let partition = 0; partition < settings.partitions; partition++) addShard.run(topic, partition)
}

function loadShards(db: DatabaseSync): Map<string, Shard[]> {
  const rows = db
    .prepare(
      `SELECT id, topic, partition, incarnation,
         max(next_offset, coalesce((SELECT max(id) FROM records WHERE records.id >= shards.id * ${SHARD_STRIDE}
           AND records.id < (shards.id + 1) * ${SHARD_STRIDE}) - shards.id * ${SHARD_STRIDE} + 1, 0)) AS nextOffset
       FROM shards JOIN topics ON topics.name = shards.topic ORDER BY topic, partition`,
    )
    .all() as unknown as Shard[]
  return Map.groupBy(
    rows.map(row => ({ ...row })),
    row => row.topic,
  )
}

/** After a failed commit the counters in memory are ahead of the file: read them again. */
function restoreOffsets(db: DatabaseSync, shards: Map<string, Shard[]>): void {
  for (const [topic, stored] of loadShards(db)) {
    for (const [i, shard] of (shards.get(topic) ?? []).entries()) shard.nextOffset = stored[i]!.nextOffset
  }
}

/** A consumer must be able to pass a record whose headers are damaged: it gets none. */
function headersOf(text: unknown): Record<string, string> {
  try {
    const headers: unknown = JSON.parse(text as string)
    if (isJsonObject(headers) && Object.values(headers).every(value => typeof value === 'string'))
      return headers as Record<string, string>
  } catch {}
  return {}
}
