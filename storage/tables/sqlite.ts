// The tables port's embedded side: one SQLite file, rows kept in key order. A removed row leaves its key and write
// version behind for a while (a tombstone), so that an older upsert that comes late does not bring it back.

import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { reach } from '../reach.ts'
import { keepStatements } from '../sqlite/keep-statements.ts'
import { noTraceIn, traceOf } from '../sqlite/leave-no-trace.ts'
import { inTransaction, openSqlite, writePing } from '../sqlite/open-sqlite.ts'
import { bindCell, bindRow, checkedWriteVersion, expiryOf, toRow } from './bind.ts'
import { ensureTable, type Table } from './ensure-table.ts'
import { type ReadOptions, type Removal, type Tables, TablesUnavailable, type Upsert } from './tables.ts'

/** How long a tombstone is kept, in ms: 10 days, as Cassandra's gc_grace_seconds. */
export const TOMBSTONE_GRACE_MS = 10 * 24 * 3_600_000
const MAX_ROWS = 10_000

/** What is to stand under a key, unless something newer or equally new stands there. */
interface Write {
  /** All columns, the key's first. */
  cells: SQLInputValue[]
  writeVersion: bigint
  expiresAtMs: number | null
  /** Set for a tombstone. */
  removedAtMs: number | null
}

type Prepare = (sql: string) => StatementSync

/**
 * Opens or creates a table store in one SQLite file, mode 0600. Tables are declared again after each opening.
 * @throws TablesUnavailable when the file cannot be opened
 */
export async function openSqliteTables(path: string): Promise<Tables> {
  const db = await reach(TablesUnavailable, () => openSqlite(path))
  const prepare = keepStatements(db, { readBigInts: true })
  const tables = new Map<string, Table>()
  const tableOf = (name: string): Table => {
    const table = tables.get(name)
    if (!table) throw new RangeError('the table was not declared with ensureTable')
    return table
  }
  const { leaveNoTrace } = noTraceIn(db)
  const run = <T>(work: () => T | Promise<T>) => reach(TablesUnavailable, work)

  return {
    ensureTable: (name, settings) => run(() => void tables.set(name, ensureTable(db, name, settings))),
    upsert: (name, upserts) =>
      run(() => apply(db, prepare, tableOf(name), upsertsOf(tableOf(name), upserts, Date.now()))),
    remove: (name, removals) =>
      run(() => apply(db, prepare, tableOf(name), tombstonesOf(tableOf(name), removals, Date.now()))),
    read: (name, options) => run(() => read(prepare, tableOf(name), options, Date.now())),
    expire: nowMs => run(() => expire(db, nowMs)),
    scrub: async texts => {
      await run(() => {
        deleteTombstones(db, texts)
        return leaveNoTrace(texts?.flatMap(traceOf))
      })
      return 'searched'
    },
    ping: () => run(() => writePing(db)),
    close: async () => {
      if (db.isOpen) db.close()
    },
  }
}

function upsertsOf({ columns, keys }: Table, upserts: Upsert[], nowMs: number): Write[] {
  return upserts.map(({ row, writeVersion, ttlSeconds }) => ({
    cells: bindRow(columns, keys.length, row),
    writeVersion: checkedWriteVersion(writeVersion),
    expiresAtMs: expiryOf(ttlSeconds, nowMs),
    removedAtMs: null,
  }))
}

function tombstonesOf({ columns, keys }: Table, removals: Removal[], nowMs: number): Write[] {
  const others = columns.slice(keys.length).map(() => null)
  return removals.map(({ key, writeVersion }) => ({
    cells: [...bindRow(columns.slice(0, keys.length), keys.length, key), ...others],
    writeVersion: checkedWriteVersion(writeVersion),
    expiresAtMs: null,
    removedAtMs: nowMs,
  }))
}

/** Clears what is older under each key, then writes where nothing stands any more. */
function apply(db: DatabaseSync, prepare: Prepare, { name, columns, keys, sqlOf }: Table, writes: Write[]): void {
  const isKey = keys.map(key => `${sqlOf(key)} = ?`).join(' AND ')
  const clear = prepare(`DELETE FROM ${name} WHERE ${isKey} AND write_version < ?`)
  const insert = prepare(
    `INSERT INTO ${name} (${columns.map(([column]) => sqlOf(column))}, write_version, expires_at_ms, removed_at_ms)
    VALUES (${columns.map(() => '?')}, ?, ?, ?) ON CONFLICT DO NOTHING`,
  )
  inTransaction(db, () => {
    for (const { cells, writeVersion, expiresAtMs, removedAtMs } of writes) {
      clear.run(...cells.slice(0, keys.length), writeVersion)
      insert.run(...cells, writeVersion, expiresAtMs, removedAtMs)
    }
  })
}

function read(prepare: Prepare, table: Table, { partition, range = {}, limit }: ReadOptions, nowMs: number) {
  const { name, columns, partitionKey, clusteringKey, sqlOf } = table
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_ROWS) throw new RangeError(`a limit is 1 to ${MAX_ROWS}`)
  const conditions = partitionKey.map(column => `${sqlOf(column)} = ?`)
  const values = bindRow(columns.slice(0, partitionKey.length), partitionKey.length, partition)
  for (const [end, sign] of [
    ['from', '>='],
    ['before', '<'],
  ] as const) {
    const bound = range[end]
    if (bound === undefined) continue
    const first = clusteringKey[0]
    if (!first) throw new RangeError('a range needs a clustering column')
    conditions.push(`${sqlOf(first.column)} ${sign} ?`)
    values.push(bindCell(...columns[partitionKey.length]!, bound))
  }
  const order = clusteringKey.map(({ column, order }) => `${sqlOf(column)} ${order === 'descending' ? 'DESC' : 'ASC'}`)
  const statement = prepare(
    `SELECT ${columns.map(([column]) => sqlOf(column))} FROM ${name} WHERE ${conditions.join(' AND ')}
    AND removed_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > ?)
    ${order.length > 0 ? `ORDER BY ${order}` : ''} LIMIT ?`,
  )
  statement.setReturnArrays(true)
  const rows = statement.all(...values, nowMs, limit) as unknown as SQLOutputValue[][]
  return rows.map(cells => toRow(columns, cells))
}

/** In every table of the file: rows whose time has ended become tombstones, tombstones past their grace go. */
function expire(db: DatabaseSync, nowMs: number): void {
  for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 't_*'").all()) {
    const others = db
      .prepare(`PRAGMA table_info(${name})`)
      .all()
      .filter(({ pk, name }) => pk === 0 && `${name}`.startsWith('c_'))
    const cleared = others.map(column => `${column.name} = NULL, `).join('')
    inTransaction(db, () => {
      db.prepare(
        `UPDATE ${name} SET ${cleared} removed_at_ms = expires_at_ms, expires_at_ms = NULL WHERE expires_at_ms <= ?`,
      ).run(nowMs)
      db.prepare(`DELETE FROM ${name} WHERE removed_at_ms <= ?`).run(nowMs - TOMBSTONE_GRACE_MS)
    })
  }
}

/**
 * A tombstone keeps its row's key: those that name one of the texts go before their grace ends. All of them, if nobody
 * knows the texts any more.
 */
function deleteTombstones(db: DatabaseSync, texts: string[] | undefined): void {
  for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 't_*'").all()) {
    const keys = db
      .prepare(`PRAGMA table_info(${name})`)
      .all()
      .filter(({ pk, type }) => pk !== 0 && `${type}`.toLowerCase() === 'text')
    const isNamed = keys.map(key => `${key.name} IN (SELECT value FROM json_each(?1))`).join(' OR ') || 'FALSE'
    db.prepare(`DELETE FROM ${name} WHERE removed_at_ms IS NOT NULL AND (?1 IS NULL OR ${isNamed})`).run(
      texts ? JSON.stringify(texts) : null,
    )
  }
}
