// Opens the embedded stores' SQLite files, all in the same careful way: write-ahead log, every commit on disk before
// it returns, deleted content overwritten.

import { chmodSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/**
 * How long a statement waits for another connection's lock before it fails, in ms. The whole process waits with it:
 * a file that belongs to this process alone is not waited for long.
 */
const OWN_BUSY_TIMEOUT_MS = 100
/** For a file that processes share. */
export const SHARED_BUSY_TIMEOUT_MS = 5_000

/** Records of about 1 kB cost a third less to write than on SQLite's 4 KiB pages. */
const PAGE_BYTES = 16_384

/** Pages kept in memory for one connection, at most: look-ups by hash touch pages at random. */
const CACHE_KIB = 65_536

/**
 * Opens or creates a database file, mode 0600, in WAL mode with synchronous=FULL and secure_delete=ON.
 * @throws Error of node:sqlite when the file cannot be opened.
 */
export function openSqlite(path: string, busyTimeoutMs = OWN_BUSY_TIMEOUT_MS): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs })
  chmodSync(path, 0o600)
  db.exec(
    `PRAGMA page_size=${PAGE_BYTES}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cache_size=-${CACHE_KIB}`,
  )
  db.exec('CREATE TABLE IF NOT EXISTS pings (id INTEGER PRIMARY KEY, at INTEGER)')
  return db
}

/** Writes a little: a file that can be read may still be on a full disk. */
export function writePing(db: DatabaseSync): void {
  db.exec('INSERT OR REPLACE INTO pings VALUES (1, unixepoch())')
}

/** Runs `work` in one write transaction; rolled back if it throws. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
