// Seals the originals of rejected events, so that the quarantine holds reasons in the clear and values never: under
// the person's key when the person is known, else under the dataset's key of the day.

import { open, type SealingKey, seal } from '../protection/seal.ts'
import type { KeyRing } from './key-ring.ts'
import type { LivingPerson } from './people.ts'

/** How an original is sealed: whose key opens it. */
export type SealedBy = { by: 'person'; pseudonym: string } | { by: 'day'; key: string }

export interface SealedOriginal {
  sealedBy: SealedBy
  /** Base64 of nonce ‖ ciphertext ‖ tag. */
  sealed: string
}

/** Seals the original bytes of the quarantined event with this id. */
export async function sealOriginal(
  ring: KeyRing,
  original: Buffer,
  place: { id: string; dataset: string; receivedAtMs: number; retentionMs: number; person: LivingPerson | undefined },
): Promise<SealedOriginal> {
  const { id, dataset, person } = place
  if (person) {
    const sealed = seal(person.keys.quarantine, original, sealPlace(dataset, id)).toString('base64')
    return { sealedBy: { by: 'person', pseudonym: person.pseudonym }, sealed }
  }
  const { name, key } = await ring.quarantineKey(dataset, place.receivedAtMs, place.retentionMs)
  return { sealedBy: { by: 'day', key: name }, sealed: seal(key, original, sealPlace(dataset, id)).toString('base64') }
}

/** Opens a sealed original. @throws Error when the key or a single bit differs */
export function openOriginal(key: SealingKey, sealed: string, dataset: string, id: string): Buffer {
  return open(key, Buffer.from(sealed, 'base64'), sealPlace(dataset, id))
}

function sealPlace(dataset: string, id: string): string {
  return `quarantine\0${dataset}\0${id}`
}
