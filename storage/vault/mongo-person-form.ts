// A person as MongoDB holds them, and the collections they rest in.

import { type Binary, type Db, MongoServerError } from 'mongodb'
import { duplicatesIn, inOrder, isPassing } from '../mongo/with-retries.ts'
import { type PersonState, personStates } from './vault.ts'

const PERSONS = 'vault_persons'
const ERASED_PSEUDONYMS = 'vault_erased_pseudonyms'
/** The right is missing, and the password is wrong. */
const REFUSALS = new Set([13, 18])

/** What is `destroying` or `erased` holds fewer of them, and so does what is `moving`. */
export interface PersonForm {
  _id: string
  state: PersonState | 'moving' | 'destroying' | 'erased'
  pseudonym?: string
  sealedId?: Binary
  sealedKey?: Binary
  epoch?: number
  objections?: string[]
  sealedHold?: Binary | null
  aliases?: string[]
  /** Of what is `moving`: the state it had, and what it will be. */
  was?: PersonState
  to?: { lookup: string; sealedKey: Binary; epoch: number; pseudonym: string }
}

export type LivingForm = Required<Omit<PersonForm, 'was' | 'to'>> & { state: PersonState }

export const living = { state: { $in: [...personStates] as PersonState[] } }

export const personsOf = (db: Db) => db.collection<PersonForm>(PERSONS)
export const erasedOf = (db: Db) => db.collection<{ _id: string }>(ERASED_PSEUDONYMS)

/** Adds to the erased pseudonyms. Idempotent. */
export async function enterErased(db: Db, pseudonyms: string[]): Promise<void> {
  const forms = inOrder([...new Set(pseudonyms)].map(_id => ({ _id })))
  await duplicatesIn(() => erasedOf(db).insertMany(forms, { ordered: false }))
}

/** Makes the collections and their indexes. Idempotent. */
export async function makePersons(db: Db): Promise<void> {
  await makeOrdered(db, PERSONS)
  await makeOrdered(db, ERASED_PSEUDONYMS)
  await personsOf(db).createIndexes([
    // Who is erased or moving has no pseudonym.
    {
      name: 'pseudonym',
      key: { pseudonym: 1 },
      unique: true,
      partialFilterExpression: { pseudonym: { $exists: true } },
    },
    { name: 'moving', key: { 'to.pseudonym': 1 }, partialFilterExpression: { 'to.pseudonym': { $exists: true } } },
    { name: 'aliases', key: { aliases: 1 } },
    { name: 'epoch', key: { epoch: 1 } },
  ])
}

/** A collection that rests in the order of `_id`. A server that has none makes an ordinary one. */
async function makeOrdered(db: Db, name: string): Promise<void> {
  const known = await db.listCollections({ name }, { nameOnly: true }).toArray()
  if (known.length > 0) return
  try {
    await db.createCollection(name, { clusteredIndex: { key: { _id: 1 }, unique: true } })
  } catch (error) {
    const refused = error instanceof MongoServerError && REFUSALS.has(Number(error.code))
    if (!(error instanceof MongoServerError) || refused || isPassing(error)) throw error
  }
}
