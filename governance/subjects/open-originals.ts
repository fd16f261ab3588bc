// Opens originals in the quarantine, a page at once: under their persons' keys, and those of their days.

import { sealersOf, sealingPersons } from '../../storage/quarantine-record.ts'
import type { StoredQuarantine } from '../../storage/stored-quarantine.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import type { SealingKey } from '../protection/seal.ts'
import { findPersons } from './find-persons.ts'
import type { KeyRing } from './key-ring.ts'
import { type Original, openOriginal } from './quarantine-seal.ts'

/**
 * In the order given; undefined where a key is destroyed, or one of its persons is being erased.
 * @throws VaultUnavailable
 */
export async function openOriginals(
  { vault, ring }: { vault: Pick<Vault, 'findByPseudonyms'>; ring: KeyRing },
  entries: StoredQuarantine[],
): Promise<(Original | undefined)[]> {
  const persons = await findPersons(vault, ring, entries.flatMap(sealingPersons))
  const days = new Map<string, SealingKey | undefined>()
  for (const sealer of entries.flatMap(sealersOf))
    if (sealer.by === 'day' && !days.has(sealer.key)) days.set(sealer.key, await ring.findQuarantineKey(sealer.key))

  return entries.map(entry => {
    const { id, dataset, sealed } = entry
    const keys = sealersOf(entry).map(sealer =>
      sealer.by === 'day' ? days.get(sealer.key) : readable(persons.get(sealer.pseudonym))?.keys.quarantine,
    )
    if (!keys.every(key => key !== undefined)) return undefined
    try {
      return openOriginal(keys, sealed, dataset, id)
    } catch {
      // One damaged original holds up none of the others.
      return undefined
    }
  })
}

const readable = <P extends { state: string }>(person: P | undefined) =>
  person?.state === 'erasing' ? undefined : person
