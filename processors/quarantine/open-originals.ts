// Opens originals in the quarantine, a page at once: under their persons' keys, or those of their days.

import type { SealingKey } from '../../governance/protection/seal.ts'
import { findPersons } from '../../governance/subjects/find-persons.ts'
import type { KeyRing } from '../../governance/subjects/key-ring.ts'
import { type Original, openOriginal } from '../../governance/subjects/quarantine-seal.ts'
import type { StoredQuarantine } from '../../storage/stored-quarantine.ts'
import type { Vault } from '../../storage/vault/vault.ts'

/**
 * In the order given; undefined where the key is destroyed, or its person is being erased.
 * @throws VaultUnavailable
 */
export async function openOriginals(
  { vault, ring }: { vault: Vault; ring: KeyRing },
  entries: StoredQuarantine[],
): Promise<(Original | undefined)[]> {
  const pseudonyms = entries.flatMap(({ sealedBy }) => (sealedBy.by === 'person' ? sealedBy.pseudonym : []))
  const persons = await findPersons(vault, ring, pseudonyms)
  const days = new Map<string, SealingKey | undefined>()
  for (const { sealedBy } of entries)
    if (sealedBy.by === 'day' && !days.has(sealedBy.key))
      days.set(sealedBy.key, await ring.findQuarantineKey(sealedBy.key))

  return entries.map(({ id, dataset, sealed, sealedBy }) => {
    const person = sealedBy.by === 'person' ? persons.get(sealedBy.pseudonym) : undefined
    const key = sealedBy.by === 'day' ? days.get(sealedBy.key) : readable(person)?.keys.quarantine
    if (!key) return undefined
    try {
      return openOriginal(key, sealed, dataset, id)
    } catch {
      // One damaged original holds up none of the others.
      return undefined
    }
  })
}

const readable = <P extends { state: string }>(person: P | undefined) =>
  person?.state === 'erasing' ? undefined : person
