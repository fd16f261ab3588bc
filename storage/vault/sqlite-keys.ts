// Keys, API keys and settings in the embedded vault: small tables, each row under its name.

import type { DatabaseSync } from 'node:sqlite'
import { inTransaction } from '../sqlite/open-sqlite.ts'
import type { Credential, SealedKey } from './vault.ts'

export function createKeys(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE IF NOT EXISTS keys (
      name TEXT PRIMARY KEY, sealed BLOB NOT NULL, created_at_ms INTEGER NOT NULL, ends_at_ms INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS credentials (
      id TEXT PRIMARY KEY, secret_sha256 TEXT NOT NULL, role TEXT NOT NULL, datasets TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER, name TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`)
}

export type KeyStatements = ReturnType<typeof keyStatements>

export function keyStatements(db: DatabaseSync) {
  return {
    insertKey: db.prepare('INSERT OR IGNORE INTO keys VALUES (?, ?, ?, ?)'),
    findKey: db.prepare('SELECT * FROM keys WHERE name = ?'),
    listKeys: db.prepare('SELECT * FROM keys WHERE name >= ? AND name < ? ORDER BY name'),
    setKeyEnd: db.prepare('UPDATE keys SET ends_at_ms = ? WHERE name = ?'),
    replaceKey: db.prepare('UPDATE keys SET sealed = ? WHERE name = ?'),
    deleteKey: db.prepare('DELETE FROM keys WHERE name = ?'),
    listEndedKeys: db.prepare('SELECT * FROM keys WHERE ends_at_ms <= ?'),
    putCredential: db.prepare(
      `INSERT OR REPLACE INTO credentials
       (id, name, secret_sha256, role, datasets, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    findCredential: db.prepare('SELECT * FROM credentials WHERE id = ?'),
    listCredentials: db.prepare('SELECT * FROM credentials ORDER BY id'),
    deleteCredential: db.prepare('DELETE FROM credentials WHERE id = ?'),
    insertSetting: db.prepare('INSERT OR IGNORE INTO settings VALUES (?, ?)'),
    putSetting: db.prepare('INSERT OR REPLACE INTO settings VALUES (?, ?)'),
    findSetting: db.prepare('SELECT value FROM settings WHERE name = ?'),
    listSettings: db.prepare('SELECT * FROM settings WHERE name >= ? AND name < ? ORDER BY name LIMIT ?'),
    deleteSetting: db.prepare('DELETE FROM settings WHERE name = ?'),
  }
}

type Row = Record<string, unknown>

export function putKeyIfAbsent(sql: KeyStatements, key: SealedKey): SealedKey {
  sql.insertKey.run(key.name, key.sealed, key.createdAtMs, key.endsAtMs)
  return toKey(sql.findKey.get(key.name)!)
}

export function listKeys(sql: KeyStatements, prefix: string): SealedKey[] {
  return sql.listKeys.all(prefix, `${prefix}\u{10ffff}`).map(toKey)
}

/** @returns the sealed forms that were replaced */
export function replaceKeys(sql: KeyStatements, keys: { name: string; sealed: Buffer }[]): Buffer[] {
  return keys.flatMap(({ name, sealed }) => {
    const row = sql.findKey.get(name)
    if (!row) return []
    sql.replaceKey.run(sealed, name)
    return [toKey(row).sealed]
  })
}

/** @returns the keys deleted */
export function deleteKeys(sql: KeyStatements, ended: { name: string } | { endedBy: number }): SealedKey[] {
  const rows = 'name' in ended ? sql.findKey.all(ended.name) : sql.listEndedKeys.all(ended.endedBy)
  const keys = rows.map(toKey)
  for (const { name } of keys) sql.deleteKey.run(name)
  return keys
}

export function putCredential(sql: KeyStatements, credential: Credential): void {
  const { id, name, secretSha256, roles, datasets, createdAtMs, expiresAtMs } = credential
  const [rolesText, datasetsText] = [JSON.stringify(roles), JSON.stringify(datasets)]
  sql.putCredential.run(id, name, secretSha256, rolesText, datasetsText, createdAtMs, expiresAtMs)
}

export function listCredentials(sql: KeyStatements, id?: string): Credential[] {
  return (id === undefined ? sql.listCredentials.all() : sql.findCredential.all(id)).map(toCredential)
}

export function listSettings(sql: KeyStatements, prefix: string, limit: number): { name: string; value: string }[] {
  const rows = sql.listSettings.all(prefix, `${prefix}\u{10ffff}`, limit)
  return rows.map(({ name, value }) => ({ name: name as string, value: value as string }))
}

/** Adds the columns that a file of an earlier version lacks. */
export function addMissingColumns(db: DatabaseSync): void {
  const columns = { persons: 'sealed_hold BLOB', credentials: "name TEXT NOT NULL DEFAULT ''" }
  inTransaction(db, () => {
    for (const [table, column] of Object.entries(columns)) {
      const names = db
        .prepare(`PRAGMA table_info(${table})`)
        .all()
        .map(({ name }) => name)
      if (!names.includes(column.split(' ')[0])) db.exec(`ALTER TABLE ${table} ADD COLUMN ${column}`)
    }
  })
}

function toKey(row: Row): SealedKey {
  return {
    name: row.name as string,
    sealed: Buffer.from(row.sealed as Uint8Array),
    createdAtMs: row.created_at_ms as number,
    endsAtMs: row.ends_at_ms as number | null,
  }
}

function toCredential(row: Row): Credential {
  const role = row.role as string
  return {
    id: row.id as string,
    name: row.name as string,
    secretSha256: row.secret_sha256 as string,
    // An earlier version wrote one role, as plain text.
    roles: role.startsWith('[') ? (JSON.parse(role) as string[]) : [role],
    datasets: JSON.parse(row.datasets as string) as string[],
    createdAtMs: row.created_at_ms as number,
    expiresAtMs: row.expires_at_ms as number | null,
  }
}
