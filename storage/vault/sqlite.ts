// The vault's embedded side: one SQLite file. After a deletion the file is written anew and the write-ahead log
// truncated, so that nothing of it is left. Tables are keyed by hash and have no row numbers, so that their order tells nothing.

import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { reach } from '../reach.ts'
import { groupCommit } from '../sqlite/group-commit.ts'
import { inTransaction, openSqlite, SHARED_BUSY_TIMEOUT_MS, writePing } from '../sqlite/open-sqlite.ts'
import {
  type Credential,
  type FoundPerson,
  type PersonEntry,
  type SealedKey,
  type Vault,
  VaultUnavailable,
} from './vault.ts'

const CHECKPOINT_ATTEMPTS = 100
const CHECKPOINT_PAUSE_MS = 50

/**
 * Opens or creates a vault in one SQLite file, mode 0600.
 * @throws Error when the file cannot be opened
 */
export function openSqliteVault(path: string): Vault {
  const db = openSqlite(path, SHARED_BUSY_TIMEOUT_MS)
  // The copy that VACUUM makes of the living must not pass through a file elsewhere.
  db.exec('PRAGMA temp_store=MEMORY')
  createTables(db)
  const sql = statements(db)
  const insertPersons = groupCommit(db, (entries: PersonEntry[]) => {
    for (const entry of entries) insertPerson(sql, entry)
  })

  const findOne = (lookup: string): FoundPerson => {
    const row = sql.findPerson.get(lookup)
    if (row) return toPerson(row)
    return sql.findErasedLookup.get(lookup) ? { lookup, state: 'erased' } : undefined
  }

  return {
    findPersons: async lookups => available(() => lookups.map(findOne)),
    insertPersonsIfAbsent: async entries => {
      if (entries.length > 0) await available(() => insertPersons(entries))
    },
    addAliases: async additions => available(() => inTransaction(db, () => addAliases(sql, additions))),
    findByAlias: async alias => available(() => sql.findByAlias.all(alias).map(toPerson)),
    findByPseudonym: async pseudonym =>
      available(() => {
        const row = sql.findByPseudonym.get(pseudonym)
        return row && toPerson(row)
      }),
    updatePerson: async (lookup, change) =>
      available(() => {
        const objections = change.objections ? JSON.stringify(change.objections) : null
        return sql.updatePerson.run(change.state ?? null, objections, lookup).changes > 0
      }),
    erasePerson: async lookup => {
      const erased = await available(() => inTransaction(db, () => erasePerson(sql, lookup)))
      await leaveNoTrace(db)
      return erased
    },
    findErasedPseudonyms: async pseudonyms =>
      available(() => new Set(pseudonyms.filter(pseudonym => sql.findErasedPseudonym.get(pseudonym)))),

    putKeyIfAbsent: async key =>
      available(() => {
        sql.insertKey.run(key.name, key.sealed, key.createdAtMs, key.endsAtMs)
        return toKey(sql.findKey.get(key.name)!)
      }),
    listKeys: async prefix => available(() => sql.listKeys.all(prefix, `${prefix}\u{10ffff}`).map(toKey)),
    setKeyEnd: async (name, endsAtMs) => available(() => void sql.setKeyEnd.run(endsAtMs, name)),
    deleteEndedKeys: async nowMs => {
      const names = await available(() => sql.deleteEndedKeys.all(nowMs).map(row => row.name as string))
      if (names.length > 0) await leaveNoTrace(db)
      return names
    },

    putCredential: async ({ id, secretSha256, role, datasets, createdAtMs, expiresAtMs }) =>
      available(
        () => void sql.putCredential.run(id, secretSha256, role, JSON.stringify(datasets), createdAtMs, expiresAtMs),
      ),
    findCredential: async id =>
      available(() => {
        const row = sql.findCredential.get(id)
        return row && toCredential(row)
      }),
    listCredentials: async () => available(() => sql.listCredentials.all().map(toCredential)),
    deleteCredential: async id => available(() => sql.deleteCredential.run(id).changes > 0),

    settingOr: async (name, value) =>
      available(() => {
        sql.insertSetting.run(name, value)
        return sql.findSetting.get(name)!.value as string
      }),
    findSetting: async name => available(() => sql.findSetting.get(name)?.value as string | undefined),
    putSetting: async (name, value) => available(() => void sql.putSetting.run(name, value)),
    ping: async () => available(() => writePing(db)),
    close: async () => db.close(),
  }
}

const available = <T>(work: () => T | Promise<T>) => reach(VaultUnavailable, work)

/**
 * Overwriting what is deleted is not enough: when entries move between pages, SQLite leaves copies of them in the gaps.
 * So the file is written anew: 0.3 s for 100,000 persons.
 */
async function leaveNoTrace(db: DatabaseSync): Promise<void> {
  await available(() => db.exec('VACUUM'))
  await truncateWal(db)
}

/** Readers may hold the log open for a moment: tried until it is empty, then given up with an error. */
async function truncateWal(db: DatabaseSync): Promise<void> {
  for (let attempt = 0; attempt < CHECKPOINT_ATTEMPTS; attempt++) {
    const { busy } = await available(() => db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()!)
    if (busy === 0) return
    await sleep(CHECKPOINT_PAUSE_MS)
  }
  throw new VaultUnavailable('the vault’s write-ahead log could not be truncated: another process holds it open')
}

function createTables(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE IF NOT EXISTS persons (
      lookup TEXT PRIMARY KEY, pseudonym TEXT NOT NULL UNIQUE, sealed_id BLOB NOT NULL, sealed_key BLOB NOT NULL,
      epoch INTEGER NOT NULL, state TEXT NOT NULL, objections TEXT NOT NULL, aliases TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS aliases (alias TEXT, lookup TEXT, PRIMARY KEY (alias, lookup)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS erased_lookups (lookup TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS erased_pseudonyms (pseudonym TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS keys (
      name TEXT PRIMARY KEY, sealed BLOB NOT NULL, created_at_ms INTEGER NOT NULL, ends_at_ms INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS credentials (
      id TEXT PRIMARY KEY, secret_sha256 TEXT NOT NULL, role TEXT NOT NULL, datasets TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`)
}

type Statements = ReturnType<typeof statements>

function statements(db: DatabaseSync) {
  return {
    findPerson: db.prepare('SELECT * FROM persons WHERE lookup = ?'),
    findByPseudonym: db.prepare('SELECT * FROM persons WHERE pseudonym = ?'),
    findByAlias: db.prepare('SELECT persons.* FROM aliases JOIN persons USING (lookup) WHERE alias = ?'),
    insertPerson: db.prepare(
      `INSERT OR IGNORE INTO persons SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
       WHERE NOT EXISTS (SELECT 1 FROM erased_lookups WHERE lookup = ?1)`,
    ),
    updatePerson: db.prepare(
      'UPDATE persons SET state = coalesce(?, state), objections = coalesce(?, objections) WHERE lookup = ?',
    ),
    setAliases: db.prepare('UPDATE persons SET aliases = ? WHERE lookup = ?'),
    insertAlias: db.prepare('INSERT OR IGNORE INTO aliases VALUES (?, ?)'),
    deleteAlias: db.prepare('DELETE FROM aliases WHERE alias = ? AND lookup = ?'),
    deletePerson: db.prepare('DELETE FROM persons WHERE lookup = ?'),
    findErasedLookup: db.prepare('SELECT 1 FROM erased_lookups WHERE lookup = ?'),
    findErasedPseudonym: db.prepare('SELECT 1 FROM erased_pseudonyms WHERE pseudonym = ?'),
    insertErasedLookup: db.prepare('INSERT OR IGNORE INTO erased_lookups VALUES (?)'),
    insertErasedPseudonym: db.prepare('INSERT OR IGNORE INTO erased_pseudonyms VALUES (?)'),
    insertKey: db.prepare('INSERT OR IGNORE INTO keys VALUES (?, ?, ?, ?)'),
    findKey: db.prepare('SELECT * FROM keys WHERE name = ?'),
    listKeys: db.prepare('SELECT * FROM keys WHERE name >= ? AND name < ? ORDER BY name'),
    setKeyEnd: db.prepare('UPDATE keys SET ends_at_ms = ? WHERE name = ?'),
    deleteEndedKeys: db.prepare('DELETE FROM keys WHERE ends_at_ms <= ? RETURNING name'),
    putCredential: db.prepare('INSERT OR REPLACE INTO credentials VALUES (?, ?, ?, ?, ?, ?)'),
    findCredential: db.prepare('SELECT * FROM credentials WHERE id = ?'),
    listCredentials: db.prepare('SELECT * FROM credentials ORDER BY id'),
    deleteCredential: db.prepare('DELETE FROM credentials WHERE id = ?'),
    insertSetting: db.prepare('INSERT OR IGNORE INTO settings VALUES (?, ?)'),
    putSetting: db.prepare('INSERT OR REPLACE INTO settings VALUES (?, ?)'),
    findSetting: db.prepare('SELECT value FROM settings WHERE name = ?'),
  }
}

type Row = Record<string, unknown>

function insertPerson(sql: Statements, entry: PersonEntry): void {
  const { lookup, pseudonym, sealedId, sealedKey, epoch, state, objections, aliases } = entry
  const inserted = sql.insertPerson.run(
    lookup,
    pseudonym,
    sealedId,
    sealedKey,
    epoch,
    state,
    JSON.stringify(objections),
    JSON.stringify(aliases),
  )
  if (inserted.changes > 0) for (const alias of aliases) sql.insertAlias.run(alias, lookup)
}

function addAliases(sql: Statements, additions: { lookup: string; aliases: string[] }[]): void {
  for (const { lookup, aliases } of additions) {
    const row = sql.findPerson.get(lookup)
    if (!row) continue
    sql.setAliases.run(JSON.stringify([...new Set([...toPerson(row).aliases, ...aliases])]), lookup)
    for (const alias of aliases) sql.insertAlias.run(alias, lookup)
  }
}

function erasePerson(sql: Statements, lookup: string): boolean {
  const row = sql.findPerson.get(lookup)
  if (!row) return false
  const { pseudonym, aliases } = toPerson(row)
  for (const alias of aliases) sql.deleteAlias.run(alias, lookup)
  sql.deletePerson.run(lookup)
  sql.insertErasedLookup.run(lookup)
  sql.insertErasedPseudonym.run(pseudonym)
  return true
}

function toPerson(row: Row): PersonEntry {
  return {
    lookup: row.lookup as string,
    pseudonym: row.pseudonym as string,
    sealedId: Buffer.from(row.sealed_id as Uint8Array),
    sealedKey: Buffer.from(row.sealed_key as Uint8Array),
    epoch: row.epoch as number,
    state: row.state as 'active' | 'restricted',
    objections: JSON.parse(row.objections as string) as string[],
    aliases: JSON.parse(row.aliases as string) as string[],
  }
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
  return {
    id: row.id as string,
    secretSha256: row.secret_sha256 as string,
    role: row.role as string,
    datasets: JSON.parse(row.datasets as string) as string[],
    createdAtMs: row.created_at_ms as number,
    expiresAtMs: row.expires_at_ms as number | null,
  }
}
