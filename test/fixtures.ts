// The project's own sample events, and fresh ones made from them.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../storage/json.ts'

function read(name: string): JsonObject[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', `${name}.json`), 'utf8')) as JsonObject[]
}

export const sampleTransactions = read('transactions')
export const sampleProfiles = read('user-profiles')

/** A valid transaction with an id of its own; members of the root are replaced by `changes`. */
export function transaction(changes: JsonObject = {}): JsonObject {
  return { ...structuredClone(sampleTransactions[0]!), id_transaction: randomUUID(), ...changes }
}

/** A transaction of a person with this id. */
export function transactionOf(personId: string, changes: JsonObject = {}): JsonObject {
  const base = transaction(changes)
  return { ...base, utilisateur: { ...(base.utilisateur as JsonObject), idUtilisateur: personId } }
}
