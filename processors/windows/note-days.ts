// Days on which something stopped counting, or began to: an erased person's events, a corrected one, one that was held.
// What was derived from them is to be computed anew once that is done. Of a person it is noted beforehand, so that a
// death in between forgets nothing.

import { hash } from 'node:crypto'
import { v7 as uuidV7 } from 'uuid'
import type { Documents } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'

const COLLECTION = 'recomputations'
const MAX_NOTES = 1_000

/** A note, under its document's id. */
export interface DayNote {
  id: string
  dataset: string
  /** Of events, UTC. */
  day: string
}

interface Dated {
  dataset: string
  /** RFC 3339. */
  time: string
}

/** @param person whose erasure will ask for the notes, by pseudonym; left out: whoever looks for notes next */
export async function noteDays(
  documents: Pick<Documents, 'insertFirst'>,
  events: Dated[],
  person?: string,
): Promise<void> {
  const subject = person === undefined ? 'anybody' : tagOf(person)
  const notes = new Map<string, JsonObject>()
  for (const { dataset, time } of events) {
    const day = time.split('T')[0]!
    // Nobody's notes are told apart: one that comes while another is worked on is not forgotten with it.
    const tag = person === undefined ? `${subject}/${uuidV7()}` : subject
    notes.set(`${dataset}/${day}`, { id: `${dataset}/${day}/${tag}`, dataset, day, subject })
  }
  const stored = [...notes.values()].map(({ id, ...body }) => ({
    id: id as string,
    version: 0,
    expiresAtMs: null,
    body,
  }))
  if (stored.length > 0) await documents.insertFirst(COLLECTION, stored)
}

/** @param people by pseudonym; left out: notes that are nobody's */
export async function findNotes(documents: Pick<Documents, 'find'>, people?: string[]): Promise<DayNote[]> {
  const found: DayNote[] = []
  for (const subject of people?.map(tagOf) ?? ['anybody'])
    for (let after: { id: string } | undefined; ; ) {
      const page = await documents.find(COLLECTION, { where: { subject }, limit: MAX_NOTES, ...(after && { after }) })
      for (const { id, body } of page) found.push({ id, dataset: body.dataset as string, day: body.day as string })
      if (page.length < MAX_NOTES) break
      after = { id: page.at(-1)!.id }
    }
  return found
}

/** Notes of persons whose erasure is over: whoever looks for notes next does what they ask. */
export async function handOverNotes(documents: Pick<Documents, 'find' | 'insertFirst'>, people: string[]) {
  const notes = await findNotes(documents, people)
  await noteDays(
    documents,
    notes.map(({ dataset, day }) => ({ dataset, time: day })),
  )
}

export async function deleteNotes(documents: Pick<Documents, 'delete'>, notes: DayNote[]): Promise<void> {
  const ids = notes.map(({ id }) => id)
  if (ids.length > 0) await documents.delete(COLLECTION, ids)
}

/** Notes must not be what is left of a pseudonym. */
const tagOf = (pseudonym: string) => hash('sha256', pseudonym, 'base64url').slice(0, 22)
