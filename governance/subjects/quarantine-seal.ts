// Seals the originals of rejected events, so that the quarantine holds reasons in the clear and values never: under the
// keys of all its persons, one around the other, so that whoever of them goes takes it along; and under the dataset's
// key of the day where not everybody in it is known.

import type { SealedBy } from '../../storage/quarantine-record.ts'
import { open, type SealingKey, seal } from '../protection/seal.ts'
import type { KeyRing } from './key-ring.ts'
import type { LivingPerson } from './people.ts'

/** A rejected event as it came: all that is needed to read it again. */
export interface Original {
  /** Of the request. */
  contentType: string
  /** The schema version the request named for all of its events. Missing: none, or nobody kept it. */
  schemaVersion?: string | undefined
  /** The event's id, or the one made for it. */
  id: string
  /** CloudEvents attributes that came apart from the body. */
  attributes: object | undefined
  /** The event's own bytes. */
  body: Buffer
}

export interface SealedOriginal {
  /** The first person's key, or the day's. */
  sealedBy: SealedBy
  /** Around it. Missing: nothing. */
  alsoSealedBy?: SealedBy[]
  /** Base64 of nonce ‖ ciphertext ‖ tag. */
  sealed: string
}

/**
 * Seals the original of the quarantine entry with this id.
 * @param place.subjects one for each of the contract's; undefined for who is absent, unknown, or cannot be told
 */
export async function sealOriginal(
  ring: KeyRing,
  original: Original,
  place: {
    id: string
    dataset: string
    receivedAtMs: number
    retentionMs: number
    subjects: (LivingPerson | undefined)[]
  },
): Promise<SealedOriginal> {
  const { id, dataset, subjects } = place
  const { body, ...head } = original
  const sealers = new Map<string, { by: SealedBy; key: SealingKey }>()
  for (const person of subjects) {
    if (!person) continue
    const { pseudonym, keys } = person
    sealers.set(pseudonym, { by: { by: 'person', pseudonym }, key: keys.quarantine })
  }
  const days = []
  if (subjects.length === 0 || subjects.includes(undefined)) {
    const { name, key } = await ring.quarantineKey(dataset, place.receivedAtMs, place.retentionMs)
    days.push({ by: { by: 'day' as const, key: name }, key })
  }
  const ordered = subjects[0] ? [...sealers.values(), ...days] : [...days, ...sealers.values()]
  // One line of JSON, then the bytes as they are: they need not be text.
  let message: Buffer = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
  for (const { key } of ordered) message = seal(key, message, sealPlace(dataset, id))
  const [sealedBy, ...others] = ordered.map(({ by }) => by)
  return {
    sealedBy: sealedBy!,
    ...(others.length > 0 && { alsoSealedBy: others }),
    sealed: message.toString('base64'),
  }
}

/**
 * Opens a sealed original.
 * @param keys of all that `sealersOf` it names, in that order
 * @throws Error when a key or a single bit differs
 */
export function openOriginal(keys: SealingKey[], sealed: string, dataset: string, id: string): Original {
  let message: Buffer = Buffer.from(sealed, 'base64')
  for (const key of keys.toReversed()) message = open(key, message, sealPlace(dataset, id))
  const end = message.indexOf('\n')
  const head = JSON.parse(message.toString('utf8', 0, end)) as Omit<Original, 'body'>
  return { ...head, attributes: head.attributes, body: message.subarray(end + 1) }
}

function sealPlace(dataset: string, id: string): string {
  return `quarantine\0${dataset}\0${id}`
}
