// Persons in MongoDB, whose writes to one document are atomic, and nothing else is: so what decides about a person is
// one document. An erased person's document holds the look-up hash and the word `erased`; see `mongo-erase.ts`. An
// entry under way to another look-up hash is `moving`; see `mongo-move.ts`: whoever meets one brings it there first.
//
// Neither set of the erased may tell the order of the erasures, which would join them again: documents are named by
// their hash or pseudonym, never by an ObjectId, and MongoDB is asked to keep both in the order of their names.

import { Binary, type Db, type Filter } from 'mongodb'
import { MAX_READ_MS } from '../mongo/connect-mongo.ts'
import { duplicatesIn, inOrder } from '../mongo/with-retries.ts'
import { findErasedPseudonyms } from './mongo-erase.ts'
import { settleMoves } from './mongo-move.ts'
import { type LivingForm, living, type PersonForm, personsOf } from './mongo-person-form.ts'
import type { FoundPerson, PersonChange, PersonEntry, Vault } from './vault.ts'

const bounded = { maxTimeMS: MAX_READ_MS }

export async function findPersons(db: Db, lookups: string[]): Promise<FoundPerson[]> {
  if (lookups.length === 0) return []
  const forms = await findSettled(db, { _id: { $in: lookups } }, lookups.length)
  const found = new Map(forms.map(form => [form._id, toFound(form)]))
  return lookups.map(lookup => found.get(lookup))
}

/** What fits the filter once no entry of it is under way to another place. */
async function findSettled(db: Db, filter: Filter<PersonForm>, batchSize: number): Promise<PersonForm[]> {
  const find = () =>
    personsOf(db)
      .find(filter, { batchSize, ...bounded })
      .toArray()
  const forms = await find()
  return (await settleMoves(db, forms)) ? find() : forms
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
  return livingOf(await findSettled(db, { aliases: alias }, 100))
}

export async function findByPseudonyms(db: Db, pseudonyms: string[]): Promise<PersonEntry[]> {
  if (pseudonyms.length === 0) return []
  const named = { $in: pseudonyms }
  const forms = await findSettled(db, { $or: [{ pseudonym: named }, { 'to.pseudonym': named }] }, pseudonyms.length)
  return livingOf(forms)
}

export async function findUnreadable(db: Db, pseudonyms: string[]): Promise<Set<string>> {
  const [erased, persons] = [await findErasedPseudonyms(db, pseudonyms), await findByPseudonyms(db, pseudonyms)]
  const known = new Map(persons.map(({ pseudonym, state }) => [pseudonym, state]))
  // Asked for in this order, nobody slips through who is erased in between: who is then in neither set is unreadable too.
  const gone = pseudonyms.filter(pseudonym => !known.has(pseudonym) && !erased.has(pseudonym))
  const justErased = await findErasedPseudonyms(db, gone)
  const fenced = pseudonyms.filter(pseudonym => (known.get(pseudonym) ?? 'active') !== 'active')
  return new Set([...erased, ...justErased, ...fenced])
}

export async function listPersons(
  db: Db,
  { after = '', limit, epochBelow }: Parameters<Vault['listPersons']>[0],
): Promise<PersonEntry[]> {
  const epoch = epochBelow === undefined ? {} : { epoch: { $lt: epochBelow } }
  const filter: Filter<PersonForm> = { _id: { $gt: after }, state: { $in: [...living.state.$in, 'moving'] }, ...epoch }
  for (;;) {
    const forms = await personsOf(db).find(filter, bounded).sort({ _id: 1 }).limit(limit).toArray()
    if (!(await settleMoves(db, forms))) return livingOf(forms)
  }
}

export async function updatePerson(
  db: Db,
  lookup: string,
  { state, sealedHold }: PersonChange,
  from: PersonChange = {},
): Promise<boolean> {
  const isHeld = sealedHold !== undefined && sealedHold !== null
  if (state === 'erasing' && isHeld) return false
  const filter: Filter<PersonForm> = {
    $and: [
      { _id: lookup, ...living },
      from.state ? { state: from.state } : {},
      from.sealedHold === undefined ? {} : { sealedHold: from.sealedHold && new Binary(from.sealedHold) },
      state === 'erasing' && sealedHold === undefined ? { sealedHold: null } : {},
      isHeld && state === undefined ? { state: { $ne: 'erasing' } } : {},
    ],
  }
  const $set = {
    ...(state && { state }),
    ...(sealedHold !== undefined && { sealedHold: sealedHold && new Binary(sealedHold) }),
  }
  if (Object.keys($set).length === 0) return (await personsOf(db).findOne(filter, bounded)) !== null
  return (await personsOf(db).updateOne(filter, { $set })).matchedCount > 0
}

export async function changeObjections(
  db: Db,
  lookup: string,
  { add, remove }: Parameters<Vault['changeObjections']>[1],
): Promise<boolean> {
  const filter = { _id: lookup, ...living }
  const updates = [
    ...(remove === undefined ? [] : [{ $pull: { objections: remove } }]),
    ...(add === undefined ? [] : [{ $addToSet: { objections: add } }]),
  ]
  let isLiving = (await personsOf(db).findOne(filter, bounded)) !== null
  for (const update of updates) isLiving = (await personsOf(db).updateOne(filter, update)).matchedCount > 0
  return isLiving
}

/** @param progress is kept when the work is repeated, so that a write whose answer was lost is told as done */
export async function rewrapPerson(
  db: Db,
  lookup: string,
  from: Buffer,
  to: { sealedKey: Buffer; epoch: number },
): Promise<boolean> {
  const $set = { sealedKey: new Binary(to.sealedKey), epoch: to.epoch }
  const filter = { _id: lookup, ...living, sealedKey: new Binary(from) }
  if ((await personsOf(db).updateOne(filter, { $set })).matchedCount > 0) return true
  // Sealed as asked already: the answer to an earlier attempt was lost.
  return (await personsOf(db).findOne({ _id: lookup, ...living, ...$set }, bounded)) !== null
}

function toForm({ lookup, sealedId, sealedKey, sealedHold, ...entry }: PersonEntry): PersonForm {
  return {
    _id: lookup,
    ...entry,
    aliases: [...new Set(entry.aliases)],
    sealedId: new Binary(sealedId),
    sealedKey: new Binary(sealedKey),
    sealedHold: sealedHold && new Binary(sealedHold),
  }
}

function toFound(form: PersonForm): FoundPerson {
  return isLiving(form) ? toEntry(form) : { lookup: form._id, state: 'erased' }
}

const isLiving = (form: PersonForm): form is LivingForm => (living.state.$in as string[]).includes(form.state)
const livingOf = (forms: PersonForm[]) => forms.filter(isLiving).map(toEntry)

function toEntry({ _id, sealedId, sealedKey, sealedHold, ...form }: LivingForm): PersonEntry {
  return {
    lookup: _id,
    pseudonym: form.pseudonym,
    sealedId: Buffer.from(sealedId.value()),
    sealedKey: Buffer.from(sealedKey.value()),
    epoch: form.epoch,
    state: form.state,
    objections: form.objections,
    sealedHold: sealedHold ? Buffer.from(sealedHold.value()) : null,
    aliases: form.aliases,
  }
}
