// Bringing an entry under another look-up hash, in MongoDB: the hash names the document, so it becomes another one.
// 1. The old document becomes `moving`, in one write that takes the pseudonym from it and says what it will be. From
//    here on nobody changes it, and whoever meets it settles the move: so it is done, whoever dies.
// 2. The new document is inserted; whoever comes second is refused by its `_id`.
// 3. The old document is deleted.
// Two that settle at once write the same. If the new place was taken by another person in between, the old document
// becomes what it was; if that place was erased since, the move had been settled by someone else.

import { Binary, type Db } from 'mongodb'
import { MAX_READ_MS } from '../mongo/connect-mongo.ts'
import { duplicatesIn } from '../mongo/with-retries.ts'
import { enterErased, erasedOf, type LivingForm, living, type PersonForm, personsOf } from './mongo-person-form.ts'
import type { Vault } from './vault.ts'

const bounded = { maxTimeMS: MAX_READ_MS }

/** @param progress is kept when the work is repeated, so that a write whose answer was lost is told as done */
export async function moveLookup(
  db: Db,
  from: string,
  to: Parameters<Vault['moveLookup']>[1],
  progress: { pseudonym?: string },
): Promise<boolean> {
  const persons = personsOf(db)
  const old = await persons.findOne({ _id: from, state: { $in: [...living.state.$in, 'moving'] } }, bounded)
  if (old && old.state !== 'moving') {
    // Who is being erased stays where the erasure looks.
    if (old.state === 'erasing' || (await persons.findOne({ _id: to.lookup }, bounded))) return false
    const { state, pseudonym } = old as LivingForm
    const target = { ...to, sealedKey: new Binary(to.sealedKey), pseudonym }
    progress.pseudonym = pseudonym
    await persons.updateOne(
      { _id: from, state, sealedKey: old.sealedKey! },
      { $set: { state: 'moving', was: state, to: target }, $unset: { pseudonym: '' } },
    )
  }
  await settleMoves(db, await persons.find({ _id: from, state: 'moving' }, bounded).toArray())
  if (progress.pseudonym === undefined) return false
  return (await persons.findOne({ _id: to.lookup, ...living }, bounded))?.pseudonym === progress.pseudonym
}

/** Ends the moves among these. @returns whether there were any, so that what was read is to be read again */
export async function settleMoves(db: Db, forms: PersonForm[]): Promise<boolean> {
  const moving = forms.filter(({ state }) => state === 'moving')
  for (const form of moving) await settle(db, form)
  return moving.length > 0
}

async function settle(db: Db, { was, to, _id: from, state: _, ...entry }: PersonForm): Promise<void> {
  const persons = personsOf(db)
  const { lookup, sealedKey, epoch, pseudonym } = to!
  const moved: PersonForm = { ...entry, _id: lookup, state: was!, sealedKey, epoch, pseudonym }
  const refused = await duplicatesIn(() => persons.insertMany([moved], { ordered: false }))
  const standing = refused.length > 0 ? await persons.findOne({ _id: lookup }, bounded) : null
  const other = standing && (standing.pseudonym ?? standing.to?.pseudonym)
  if (other !== null && other !== undefined && other !== pseudonym) {
    const $set = { state: was!, pseudonym }
    await persons.updateOne({ _id: from, state: 'moving', 'to.lookup': lookup }, { $set, $unset: { was: '', to: '' } })
    return
  }
  // The place was erased: so is the pseudonym, whoever entered it.
  if (standing && other === undefined) await enterErased(db, [pseudonym])
  // Moved already, and erased or lifted there since: whoever settles late must not bring the entry back.
  if (!standing && (await erasedOf(db).findOne({ _id: pseudonym }, bounded)))
    await persons.deleteOne({ _id: lookup, pseudonym, ...living })
  await persons.deleteOne({ _id: from, state: 'moving', 'to.lookup': lookup })
}
