// Seals the originals of rejected events, so that the quarantine holds reasons in the clear and values never: under
// the person's key when the person is known, else under the dataset's key of the day.

import { open, type SealingKey, seal } from '../protection/seal.ts'
import type { KeyRing } from './key-ring.ts'
import type { LivingPerson } from './people.ts'

/** How an original is sealed: whose key opens it. */
export type SealedBy = { by: 'person'; pseudonym: string } | { by: 'day'; key: string }

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
  sealedBy: SealedBy
  /** Base64 of nonce ‖ ciphertext ‖ tag. */
  sealed: string
}

/** Seals the original of the quarantine entry with this id. */
export async function sealOriginal(
  ring: KeyRing,
  original: Original,
  place: { id: string; dataset: string; receivedAtMs: number; retentionMs: number; person: LivingPerson | undefined },
): Promise<SealedOriginal> {
  const { id, dataset, person } = place
  const { body, ...head } = original
  // One line of JSON, then the bytes as they are: they need not be text.
  const message = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
  if (person) {
    const sealed = seal(person.keys.quarantine, message, sealPlace(dataset, id)).toString('base64')
    return { sealedBy: { by: 'person', pseudonym: person.pseudonym }, sealed }
  }
  const { name, key } = await ring.quarantineKey(dataset, place.receivedAtMs, place.retentionMs)
  return { sealedBy: { by: 'day', key: name }, sealed: seal(key, message, sealPlace(dataset, id)).toString('base64') }
}

/** Opens a sealed original. @throws Error when the key or a single bit differs */
export function openOriginal(key: SealingKey, sealed: string, dataset: string, id: string): Original {
  const message = open(key, Buffer.from(sealed, 'base64'), sealPlace(dataset, id))
  const end = message.indexOf('\n')
  const head = JSON.parse(message.toString('utf8', 0, end)) as Omit<Original, 'body'>
  return { ...head, attributes: head.attributes, body: message.subarray(end + 1) }
}

function sealPlace(dataset: string, id: string): string {
  return `quarantine\0${dataset}\0${id}`
}
