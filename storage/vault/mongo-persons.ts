// Persons in MongoDB, whose writes to one document are atomic, and nothing else is: so what decides about a person is
// one document, which outlives them. An erased person's document holds the look-up hash and the word `erased`.
//
// Erasing takes three writes, and stays right when the process dies between them or others write at the same time:
// 1. The key, the raw id, aliases and objections leave the document, and its state becomes `erasing`. From here on the
//    person is erased for everyone: the only key is destroyed. The pseudonym is still there, since it must not be lost.
// 2. The pseudonym is entered into the erased pseudonyms.
// 3. The pseudonym leaves the document.
// Whoever erases again finishes what was begun. An insert meets the document in every state and is refused by its
// `_id`, so a gateway that looked before the erasure cannot bring the person back: there is no moment without it.
//
// Neither set may tell the order of the erasures, which would join them again: documents are named by their hash or
// pseudonym, never by an ObjectId, and MongoDB is asked to keep both collections in the order of their names.

import { Binary, type Db, MongoServerError } from 'mongodb'
import { MAX_READ_MS } from '../mongo/connect-mongo.ts'
import { duplicatesIn, inOrder, isPassing } from '../mongo/with-retries.ts'
import type { FoundPerson, PersonEntry, Vault } from './vault.ts'

const PERSONS = 'vault_persons'
const ERASED_PSEUDONYMS = 'vault_erased_pseudonyms'
/** The right is missing, and the password is wrong. */
const REFUSALS = new Set([13, 18])

/** What is `erasing` or `erased` holds fewer of them; see above. */
interface PersonForm {
  _id: string
  state: 'active' | 'restricted' | 'erasing' | 'erased'
  pseudonym?: string
  sealedId?: Binary
  sealedKey?: Binary
  epoch?: number
  objections?: string[]
  aliases?: string[]
}

type LivingForm = Required<PersonForm> & { state: 'active' | 'restricted' }

const living = { state: { $in: ['active' as const, 'restricted' as const] } }

const personsOf = (db: Db) => db.collection<PersonForm>(PERSONS)
const erasedOf = (db: Db) => db.collection<{ _id: string }>(ERASED_PSEUDONYMS)

/** Makes the collections and their indexes. Idempotent. */
export async function makePersons(db: Db): Promise<void> {
  await makeOrdered(db, PERSONS)
  await makeOrdered(db, ERASED_PSEUDONYMS)
  await personsOf(db).createIndexes([
    // Who is erased has no pseudonym any more.
    {
      name: 'pseudonym',
      key: { pseudonym: 1 },
      unique: true,
      partialFilterExpression: { pseudonym: { $exists: true } },
    },
    { name: 'aliases', key: { aliases: 1 } },
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

export async function findPersons(db: Db, lookups: string[]): Promise<FoundPerson[]> {
  if (lookups.length === 0) return []
  const forms = await personsOf(db)
    .find({ _id: { $in: lookups } }, { batchSize: lookups.length, maxTimeMS: MAX_READ_MS })
    .toArray()
  const found = new Map(forms.map(form => [form._id, toFound(form)]))
  return lookups.map(lookup => found.get(lookup))
}

export async function insertPersonsIfAbsent(db: Db, entries: PersonEntry[]): Promise<void> {
  if (entries.length === 0) return
  const first = new Map(entries.toReversed().map(entry => [entry.lookup, toForm(entry)]))
  await duplicatesIn(() => personsOf(db).insertMany(inOrder(first.values()), { ordered: false }))
}

export async function addAliases(db: Db, additions: { lookup: string; aliases: string[] }[]): Promise<void> {
  if (additions.length === 0) return
  const writes = inOrder(additions.map(({ lookup, aliases }) => ({ _id: lookup, aliases }))).map(
    ({ _id, aliases }) => ({
      updateOne: { filter: { _id, ...living }, update: { $addToSet: { aliases: { $each: aliases } } } },
    }),
  )
  await personsOf(db).bulkWrite(writes, { ordered: false })
}

export async function findByAlias(db: Db, alias: string): Promise<PersonEntry[]> {
  const forms = await personsOf(db)
    .find({ aliases: alias, ...living }, { maxTimeMS: MAX_READ_MS })
    .toArray()
  return forms.map(form => toEntry(form as LivingForm))
}

export async function findByPseudonym(db: Db, pseudonym: string): Promise<PersonEntry | undefined> {
  const form = await personsOf(db).findOne({ pseudonym, ...living }, { maxTimeMS: MAX_READ_MS })
  return form ? toEntry(form as LivingForm) : undefined
}

export async function updatePerson(
  db: Db,
  lookup: string,
  { state, objections }: Parameters<Vault['updatePerson']>[1],
): Promise<boolean> {
  const filter = { _id: lookup, ...living }
  if (!state && !objections) return (await personsOf(db).findOne(filter, { maxTimeMS: MAX_READ_MS })) !== null
  const change = { ...(state && { state }), ...(objections && { objections }) }
  return (await personsOf(db).updateOne(filter, { $set: change })).matchedCount > 0
}

/**
 * The three writes described above.
 * @param progress is kept when the work is repeated, so that a write whose answer was lost is told as done
 */
export async function erasePerson(db: Db, lookup: string, progress: { begun: boolean }): Promise<boolean> {
  const persons = personsOf(db)
  await persons.updateOne(
    { _id: lookup, ...living },
    { $set: { state: 'erasing' }, $unset: { sealedKey: '', sealedId: '', epoch: '', aliases: '', objections: '' } },
  )
  const begun = await persons.findOne({ _id: lookup, state: 'erasing' }, { maxTimeMS: MAX_READ_MS })
  if (!begun) return progress.begun
  progress.begun = true
  await duplicatesIn(() => erasedOf(db).insertMany([{ _id: begun.pseudonym! }], { ordered: false }))
  await persons.updateOne({ _id: lookup, state: 'erasing' }, { $set: { state: 'erased' }, $unset: { pseudonym: '' } })
  return true
}

export async function findErasedPseudonyms(db: Db, pseudonyms: string[]): Promise<Set<string>> {
  if (pseudonyms.length === 0) return new Set()
  const found = await erasedOf(db)
    .find({ _id: { $in: pseudonyms } }, { batchSize: pseudonyms.length, maxTimeMS: MAX_READ_MS })
    .toArray()
  return new Set(found.map(({ _id }) => _id))
}

function toForm({ lookup, sealedId, sealedKey, ...entry }: PersonEntry): PersonForm {
  const aliases = [...new Set(entry.aliases)]
  return { _id: lookup, ...entry, aliases, sealedId: new Binary(sealedId), sealedKey: new Binary(sealedKey) }
}

function toFound(form: PersonForm): FoundPerson {
  if (form.state === 'erasing' || form.state === 'erased') return { lookup: form._id, state: 'erased' }
  return toEntry(form as LivingForm)
}

function toEntry({ _id, pseudonym, sealedId, sealedKey, epoch, state, objections, aliases }: LivingForm): PersonEntry {
  return {
    lookup: _id,
    pseudonym,
    sealedId: Buffer.from(sealedId.value()),
    sealedKey: Buffer.from(sealedKey.value()),
    epoch,
    state,
    objections,
    aliases,
  }
}
