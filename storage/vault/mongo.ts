// The vault's real side: MongoDB. Reads ask the primary for what a majority has; writes are acknowledged by a majority,
// on disk. What MongoDB keeps of a deleted entry (oplog, journal, backups) is noise once its epoch's key is destroyed.

import type { Db } from 'mongodb'
import { connectMongo } from '../mongo/connect-mongo.ts'
import type { ServerAccess } from '../server-access.ts'
import * as erasures from './mongo-erase.ts'
import * as keys from './mongo-keys.ts'
import { moveLookup } from './mongo-move.ts'
import { makePersons } from './mongo-person-form.ts'
import * as persons from './mongo-persons.ts'
import { checkListed, type Vault, VaultUnavailable } from './vault.ts'

/**
 * Opens the vault in the database that the URL names, without asking the server for anything yet.
 * @throws Error for a URL that cannot be understood
 */
export async function openMongoVault(access: ServerAccess): Promise<Vault> {
  const connection = connectMongo(access, {
    name: 'vault',
    variable: 'ECLUSE_VAULT',
    Unavailable: VaultUnavailable,
  })
  let made: Promise<void> | undefined

  /** Runs work on the vault, whose collections are made first. */
  const run = <T>(work: (db: Db) => Promise<T>): Promise<T> =>
    connection.run(async db => {
      made ??= makePersons(db)
      try {
        await made
      } catch (error) {
        made = undefined
        throw error
      }
      return work(db)
    })

  return {
    findPersons: lookups => run(db => persons.findPersons(db, lookups)),
    insertPersonsIfAbsent: entries => run(db => persons.insertPersonsIfAbsent(db, entries)),
    addAliases: additions => run(db => persons.addAliases(db, additions)),
    findByAlias: alias => run(db => persons.findByAlias(db, alias)),
    findByPseudonyms: pseudonyms => run(db => persons.findByPseudonyms(db, pseudonyms)),
    findUnreadable: pseudonyms => run(db => persons.findUnreadable(db, pseudonyms)),
    listPersons: options =>
      run(db => {
        checkListed(options.limit)
        return persons.listPersons(db, options)
      }),
    updatePerson: (...given) => run(db => persons.updatePerson(db, ...given)),
    changeObjections: (...given) => run(db => persons.changeObjections(db, ...given)),
    rewrapPerson: (lookup, from, to) => run(db => persons.rewrapPerson(db, lookup, from, to)),
    moveLookup: (from, to) => {
      const progress = {}
      return run(db => moveLookup(db, from, to, progress))
    },
    erasePerson: (lookup, pseudonym) => {
      const progress = { begun: false }
      return run(db => erasures.erasePerson(db, lookup, pseudonym, progress))
    },
    findErasedPseudonyms: pseudonyms => run(db => erasures.findErasedPseudonyms(db, pseudonyms)),
    addErased: erased => run(db => erasures.addErased(db, erased)),
    liftErasure: lookup => {
      const progress = { begun: false }
      return run(db => erasures.liftErasure(db, lookup, progress))
    },

    putKeyIfAbsent: key => run(db => keys.putKeyIfAbsent(db, key)),
    listKeys: prefix => run(db => keys.listKeys(db, prefix)),
    setKeyEnd: (name, endsAtMs) => run(db => keys.setKeyEnd(db, name, endsAtMs)),
    replaceKeys: replaced => run(db => keys.replaceKeys(db, replaced)),
    deleteKey: name => run(db => keys.deleteKey(db, name)),
    deleteEndedKeys: nowMs => run(db => keys.deleteEndedKeys(db, nowMs)),

    putCredential: credential => run(db => keys.putCredential(db, credential)),
    findCredential: id => run(db => keys.findCredential(db, id)),
    listCredentials: () => run(db => keys.listCredentials(db)),
    deleteCredential: id => run(db => keys.deleteCredential(db, id)),

    settingOr: (name, value) => run(db => keys.settingOr(db, name, value)),
    findSetting: name => run(db => keys.findSetting(db, name)),
    putSetting: (name, value) => run(db => keys.putSetting(db, name, value)),
    listSettings: (prefix, limit) =>
      run(db => {
        checkListed(limit)
        return keys.listSettings(db, prefix, limit)
      }),
    deleteSetting: name => run(db => keys.deleteSetting(db, name)),
    ping: () => run(keys.ping),
    close: () => connection.close(),
  }
}
