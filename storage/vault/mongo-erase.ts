// Erasing in MongoDB takes three writes, and stays right when the process dies between them or others write meanwhile:
// 1. The key, the raw id, aliases and all else leave the document, and its state becomes `destroying`. From here on the
//    person is erased for everyone: the only key is destroyed. The pseudonym is still there, since it must not be lost.
// 2. The pseudonym is entered into the erased pseudonyms.
// 3. The pseudonym leaves the document.
// Whoever erases again finishes what was begun. An insert meets the document in every state and is refused by its
// `_id`, so a gateway that looked before the erasure cannot bring the person back: there is no moment without it.

import type { Db } from 'mongodb'
import { MAX_READ_MS } from '../mongo/connect-mongo.ts'
import { duplicatesIn, inOrder } from '../mongo/with-retries.ts'
import { settleMoves } from './mongo-move.ts'
import { enterErased, erasedOf, living, personsOf } from './mongo-person-form.ts'

const bounded = { maxTimeMS: MAX_READ_MS }
const SECRETS = { sealedKey: '', sealedId: '', sealedHold: '', epoch: '', aliases: '', objections: '' } as const

/**
 * The three writes described above.
 * @param pseudonym of whom only; undefined erases whoever is there
 * @param progress is kept when the work is repeated, so that a write whose answer was lost is told as done
 */
export async function erasePerson(
  db: Db,
  lookup: string,
  pseudonym: string | undefined,
  progress: { begun: boolean },
): Promise<boolean> {
  const persons = personsOf(db)
  const whom = { _id: lookup, ...(pseudonym !== undefined && { pseudonym }) }
  await settleMoves(db, await persons.find({ _id: lookup, state: 'moving' }, bounded).toArray())
  await persons.updateOne({ ...whom, ...living }, { $set: { state: 'destroying' }, $unset: SECRETS })
  const begun = await persons.findOne({ ...whom, state: 'destroying' }, bounded)
  if (!begun) return progress.begun
  progress.begun = true
  await enterErased(db, [begun.pseudonym!])
  await persons.updateOne(
    { _id: lookup, state: 'destroying', pseudonym: begun.pseudonym! },
    { $set: { state: 'erased' }, $unset: { pseudonym: '' } },
  )
  return true
}

export async function findErasedPseudonyms(db: Db, pseudonyms: string[]): Promise<Set<string>> {
  if (pseudonyms.length === 0) return new Set()
  const found = await erasedOf(db)
    .find({ _id: { $in: pseudonyms } }, { batchSize: pseudonyms.length, ...bounded })
    .toArray()
  return new Set(found.map(({ _id }) => _id))
}

/** Idempotent: who died in the middle does all of it again. */
export async function addErased(db: Db, erased: { lookups: string[]; pseudonyms: string[] }): Promise<void> {
  const persons = personsOf(db)
  if (erased.pseudonyms.length > 0) {
    await enterErased(db, erased.pseudonyms)
    const named = { $in: erased.pseudonyms }
    await settleMoves(db, await persons.find({ 'to.pseudonym': named }, bounded).toArray())
    // One whose erasure was begun is finished: its look-up hash stays erased. Of the others it may be used again.
    for (const { _id, pseudonym, state } of await persons.find({ pseudonym: named }, bounded).toArray()) {
      if (state === 'destroying') await erasePerson(db, _id, pseudonym, { begun: false })
      else await persons.deleteOne({ _id, pseudonym: pseudonym!, ...living })
    }
  }
  if (erased.lookups.length === 0) return
  const forms = inOrder([...new Set(erased.lookups)].map(_id => ({ _id, state: 'erased' as const })))
  const taken = await duplicatesIn(() => persons.insertMany(forms, { ordered: false }))
  for (const index of taken) await erasePerson(db, forms[index]!._id, undefined, { begun: false })
}

/** @param progress as for `erasePerson` */
export async function liftErasure(db: Db, lookup: string, progress: { begun: boolean }): Promise<boolean> {
  // One that was begun is finished first: its pseudonym must not be lost.
  if (await personsOf(db).findOne({ _id: lookup, state: 'destroying' }, bounded))
    await erasePerson(db, lookup, undefined, { begun: false })
  const erased = await personsOf(db).findOne({ _id: lookup, state: 'erased' }, bounded)
  if (!erased) return progress.begun
  progress.begun = true
  return (await personsOf(db).deleteOne({ _id: lookup, state: 'erased' })).deletedCount > 0
}
