// The documents port's embedded side: one SQLite file, a table per collection, bodies as JSON text. Names are the
// only text put into SQL, and are checked first; every value is bound.

import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { reach } from '../reach.ts'
import { keepStatements } from '../sqlite/keep-statements.ts'
import { noTraceIn, traceOf } from '../sqlite/leave-no-trace.ts'
import { inTransaction, openSqlite, writePing } from '../sqlite/open-sqlite.ts'
import { sqlName } from '../sqlite/sql-name.ts'
import { checkDocument, checkedId, checkedIds } from './check-documents.ts'
import { type CollectionSettings, type Documents, DocumentsUnavailable, type StoredDocument } from './documents.ts'
import { countSql, findSql, setExpirySql } from './find-sql.ts'

const COLUMNS = 'id, version, expires_at_ms, body'
/** Setting and ending retention commits after this many documents, so that writers never wait long. */
const EXPIRY_BATCH = 1_000
/** Without statistics, a filter that fits every document is preferred to the sorted index. */
const FIRST_OPTIMIZE = 1_000

interface Store {
  db: DatabaseSync
  prepare: (sql: string) => StatementSync
  /** Indexed members by collection. */
  indexes: Map<string, Set<string>>
  /** Writes left before the query planner's statistics are brought up to date. */
  writesToOptimize: number
}

/**
 * Opens or creates a document store in one SQLite file, mode 0600. Collections are declared again after each opening.
 * @throws DocumentsUnavailable when the file cannot be opened
 */
export async function openSqliteDocuments(path: string): Promise<Documents> {
  const db = await reach(DocumentsUnavailable, () => openSqlite(path))
  const store: Store = { db, prepare: keepStatements(db), indexes: new Map(), writesToOptimize: FIRST_OPTIMIZE }
  const { leaveNoTrace } = noTraceIn(db)
  const run = <T>(work: () => T | Promise<T>) => reach(DocumentsUnavailable, work)

  return {
    ensureCollection: (collection, settings) => run(() => ensureCollection(store, collection, settings)),
    insertFirst: (collection, documents) => run(() => insertFirst(store, collection, documents)),
    upsertNewer: (collection, documents) => run(() => upsertNewer(store, collection, documents)),
    get: (collection, id) =>
      run(() => {
        const row = store
          .prepare(`SELECT ${COLUMNS} FROM ${tableOf(store, collection)} WHERE id = ?`)
          .get(checkedId(id))
        return row && toDocument(row)
      }),
    getAll: (collection, ids) =>
      run(() => {
        const select = store.prepare(`SELECT ${COLUMNS} FROM ${tableOf(store, collection)} WHERE id = ?`)
        return checkedIds(ids).map(id => {
          const row = select.get(id)
          return row && toDocument(row)
        })
      }),
    find: (collection, options) =>
      run(() => {
        const query = findSql(indexesOf(store, collection), options)
        const sql = `SELECT ${COLUMNS} FROM ${tableOf(store, collection)} ${query.sql}`
        return store
          .prepare(sql)
          .all(...query.values)
          .map(toDocument)
      }),
    countBy: (collection, member, { where = {}, limit }) =>
      run(() => {
        const query = countSql(indexesOf(store, collection), tableOf(store, collection), { member, where, limit })
        const rows = store.prepare(query.sql).all(...query.values)
        return rows.map(({ value, count }) => ({ value: value as string | number, count: count as number }))
      }),
    delete: (collection, ids) =>
      run(() => {
        const statement = store.prepare(`DELETE FROM ${tableOf(store, collection)} WHERE id = ?`)
        inTransaction(db, () => ids.map(checkedId).forEach(id => void statement.run(id)))
      }),
    setExpiry: (collection, options) => run(() => setExpiry(store, collection, options)),
    expire: nowMs => run(() => expire(db, nowMs)),
    scrub: async texts => {
      await run(() => leaveNoTrace(texts?.flatMap(traceOf)))
      return 'searched'
    },
    ping: () => run(() => writePing(db)),
    close: async () => {
      if (db.isOpen) db.close()
    },
  }
}

/** Members become generated columns, so that an index declared later covers what is stored already. */
function ensureCollection({ db, indexes }: Store, collection: string, settings: CollectionSettings): void {
  const table = `d_${sqlName(collection)}`
  const members = new Set([...(indexes.get(collection) ?? []), ...settings.indexes])
  const columns = [...members].map(member => [member, `m_${sqlName(member)}`] as const)
  inTransaction(db, () => {
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${table}
        (id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, expires_at_ms INTEGER, body TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS ${table}_expiry ON ${table} (expires_at_ms) WHERE expires_at_ms IS NOT NULL`,
    )
    const existing = new Set(
      db
        .prepare(`PRAGMA table_xinfo(${table})`)
        .all()
        .map(({ name }) => name),
    )
    for (const [member, column] of columns) {
      // Minus infinity, which JSON cannot hold, stands for no value and sorts first, as in MongoDB.
      const value = `ifnull(body ->> '$.${member}', -9e999)`
      if (!existing.has(column))
        db.exec(`ALTER TABLE ${table} ADD COLUMN ${column} GENERATED ALWAYS AS (${value}) VIRTUAL`)
      db.exec(`CREATE INDEX IF NOT EXISTS ${table}_${column} ON ${table} (${column}, id)`)
    }
    for (const asked of settings.together ?? []) {
      const names = asked.map(member => `m_${sqlName(member)}`)
      db.exec(`CREATE INDEX IF NOT EXISTS ${table}_${names.join('_')} ON ${table} (${names.join()}, id)`)
    }
  })
  indexes.set(collection, members)
}

function insertFirst(store: Store, collection: string, documents: StoredDocument[]): StoredDocument[] {
  const table = tableOf(store, collection)
  const insert = store.prepare(`INSERT INTO ${table} (${COLUMNS}) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`)
  const select = store.prepare(`SELECT ${COLUMNS} FROM ${table} WHERE id = ?`)
  return write(store, collection, documents, (row, i) =>
    insert.run(...row).changes === 1 ? documents[i]! : toDocument(select.get(row[0]!)!),
  )
}

function upsertNewer(store: Store, collection: string, documents: StoredDocument[]): void {
  const upsert = store.prepare(
    `INSERT INTO ${tableOf(store, collection)} AS stored (${COLUMNS}) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET version = excluded.version, expires_at_ms = excluded.expires_at_ms, body = excluded.body
    WHERE excluded.version > stored.version`,
  )
  write(store, collection, documents, row => upsert.run(...row))
}

function write<T>(
  store: Store,
  collection: string,
  documents: StoredDocument[],
  writeRow: (row: SQLInputValue[], i: number) => T,
): T[] {
  const indexes = [...indexesOf(store, collection)]
  const rows = documents.map(document => toRow(document, indexes))
  const results = inTransaction(store.db, () => rows.map(writeRow))
  store.writesToOptimize -= documents.length
  if (store.writesToOptimize <= 0) {
    store.db.exec('PRAGMA optimize=0x10002')
    store.writesToOptimize = 10 * FIRST_OPTIMIZE
  }
  return results
}

async function setExpiry(
  store: Store,
  collection: string,
  options: Parameters<Documents['setExpiry']>[1],
): Promise<void> {
  const table = tableOf(store, collection)
  const query = setExpirySql(indexesOf(store, collection), options)
  const update = store.prepare(`UPDATE ${table} ${query.sql}`)
  const { first, last } = store.db.prepare(`SELECT min(rowid) AS first, max(rowid) AS last FROM ${table}`).get()! as {
    first: number | null
    last: number | null
  }
  if (first === null || last === null) return
  for (let start = first; start <= last; start += EXPIRY_BATCH) {
    update.run(start, start + EXPIRY_BATCH, ...query.values)
    await nextTurn()
  }
}

/** In every collection of the file, declared since the opening or not: retention ends regardless. */
async function expire(db: DatabaseSync, nowMs: number): Promise<number> {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'd_*'").all()
  let removed = 0
  for (const { name } of tables) {
    const statement = db.prepare(
      `DELETE FROM ${name} WHERE rowid IN (SELECT rowid FROM ${name} WHERE expires_at_ms <= ? LIMIT ${EXPIRY_BATCH})`,
    )
    for (let changes = EXPIRY_BATCH; changes === EXPIRY_BATCH; removed += changes) {
      changes = Number(statement.run(nowMs).changes)
      await nextTurn()
    }
  }
  return removed
}

function indexesOf(store: Store, collection: string): Set<string> {
  const indexes = store.indexes.get(collection)
  if (!indexes) throw new RangeError('the collection was not declared with ensureCollection')
  return indexes
}

function tableOf(store: Store, collection: string): string {
  indexesOf(store, collection)
  return `d_${sqlName(collection)}`
}

function toRow(document: StoredDocument, indexes: string[]): SQLInputValue[] {
  checkDocument(document, indexes)
  const { id, version, expiresAtMs, body } = document
  return [id, version, expiresAtMs, JSON.stringify(body)]
}

function toDocument(row: Record<string, SQLOutputValue>): StoredDocument {
  return {
    id: row.id as string,
    version: row.version as number,
    expiresAtMs: row.expires_at_ms as number | null,
    body: JSON.parse(row.body as string),
  }
}
