// The vault's embedded side: one SQLite file. After a deletion the write-ahead log is truncated and the file searched
// for what was deleted, so that nothing of it is left.

import { reach } from '../reach.ts'
import { groupCommit } from '../sqlite/group-commit.ts'
import { piecesOf } from '../sqlite/leave-no-trace.ts'
import { inTransaction, openSqlite, SHARED_BUSY_TIMEOUT_MS, writePing } from '../sqlite/open-sqlite.ts'
import { type Erasure, erasureIn } from './sqlite-erasure.ts'
import * as keys from './sqlite-keys.ts'
import * as persons from './sqlite-persons.ts'
import { checkListed, type PersonEntry, type Vault, VaultUnavailable } from './vault.ts'

/**
 * Opens or creates a vault in one SQLite file, mode 0600.
 * @throws Error when the file cannot be opened
 */
export function openSqliteVault(path: string): Vault {
  const db = openSqlite(path, SHARED_BUSY_TIMEOUT_MS)
  // The copy that VACUUM makes of the living must not pass through a file elsewhere.
  db.exec('PRAGMA temp_store=MEMORY')
  persons.createPersons(db)
  keys.createKeys(db)
  keys.addMissingColumns(db)
  const sql = { ...persons.personStatements(db), ...keys.keyStatements(db) }
  const eraseWith = erasureIn(db, sql)
  const erase = <T>(work: () => Erasure<T>) => available(() => eraseWith(work))
  const insertPersons = groupCommit(db, (entries: PersonEntry[]) => {
    for (const entry of entries) persons.insertPerson(sql, entry)
  })
  const rewrap = groupCommit(db, (given: Parameters<Vault['rewrapPerson']>) => persons.rewrapPerson(sql, ...given))
  const move = groupCommit(db, (given: Parameters<Vault['moveLookup']>) => persons.moveLookup(sql, ...given))
  const atOnce = <T>(work: () => T) => available(() => inTransaction(db, work))

  return {
    findPersons: async lookups => available(() => lookups.map(lookup => persons.findPerson(sql, lookup))),
    insertPersonsIfAbsent: async entries => {
      if (entries.length > 0) await available(() => insertPersons(entries))
    },
    addAliases: async additions => atOnce(() => persons.addAliases(sql, additions)),
    findByAlias: async alias => available(() => persons.findByAlias(sql, alias)),
    findByPseudonyms: async pseudonyms =>
      available(() => [...new Set(pseudonyms)].flatMap(pseudonym => persons.findByPseudonym(sql, pseudonym))),
    findUnreadable: async pseudonyms =>
      available(() => new Set(pseudonyms.filter(pseudonym => persons.isUnreadable(sql, pseudonym)))),
    listPersons: async options =>
      available(() => {
        checkListed(options.limit)
        return persons.listPersons(sql, options)
      }),
    updatePerson: async (...given) => available(() => persons.updatePerson(sql, ...given)),
    changeObjections: async (...given) => atOnce(() => persons.changeObjections(sql, ...given)),
    rewrapPerson: async (...given) => available(() => rewrap(given)),
    moveLookup: async (...given) => available(() => move(given)),
    erasePerson: async (...given) =>
      erase(() => {
        const traces = persons.erasePerson(sql, ...given)
        return { result: traces !== undefined, traces: traces ?? [] }
      }),
    findErasedPseudonyms: async pseudonyms =>
      available(() => new Set(pseudonyms.filter(pseudonym => sql.findErasedPseudonym.get(pseudonym)))),
    addErased: async erased => erase(() => ({ result: undefined, traces: persons.addErased(sql, erased) })),
    liftErasure: async lookup => available(() => sql.liftErasure.run(lookup).changes > 0),

    putKeyIfAbsent: async key => available(() => keys.putKeyIfAbsent(sql, key)),
    listKeys: async prefix => available(() => keys.listKeys(sql, prefix)),
    setKeyEnd: async (name, endsAtMs) => available(() => void sql.setKeyEnd.run(endsAtMs, name)),
    replaceKeys: async replaced =>
      erase(() => ({ result: undefined, traces: keys.replaceKeys(sql, replaced).flatMap(piecesOf) })),
    deleteKey: async name => (await eraseKeys({ name })).length > 0,
    deleteEndedKeys: async nowMs => (await eraseKeys({ endedBy: nowMs })).map(({ name }) => name),

    putCredential: async credential => available(() => keys.putCredential(sql, credential)),
    findCredential: async id => available(() => keys.listCredentials(sql, id)[0]),
    listCredentials: async () => available(() => keys.listCredentials(sql)),
    deleteCredential: async id => available(() => sql.deleteCredential.run(id).changes > 0),

    settingOr: async (name, value) =>
      available(() => {
        sql.insertSetting.run(name, value)
        return sql.findSetting.get(name)!.value as string
      }),
    findSetting: async name => available(() => sql.findSetting.get(name)?.value as string | undefined),
    putSetting: async (name, value) => available(() => void sql.putSetting.run(name, value)),
    listSettings: async (prefix, limit) =>
      available(() => {
        checkListed(limit)
        return keys.listSettings(sql, prefix, limit)
      }),
    deleteSetting: async name => available(() => sql.deleteSetting.run(name).changes > 0),
    ping: async () => available(() => writePing(db)),
    close: async () => db.close(),
  }

  function eraseKeys(ended: Parameters<typeof keys.deleteKeys>[1]) {
    return erase(() => {
      const deleted = keys.deleteKeys(sql, ended)
      return { result: deleted, traces: deleted.flatMap(({ sealed }) => piecesOf(sealed)) }
    })
  }
}

const available = <T>(work: () => T | Promise<T>) => reach(VaultUnavailable, work)
