// Persons by pseudonym, with their keys and raw ids: for those who may read in the clear. Never remembered.

import type { PersonState, Vault } from '../../storage/vault/vault.ts'
import { type PersonKeys, personKeys } from '../protection/person-keys.ts'
import { open } from '../protection/seal.ts'
import type { KeyRing } from './key-ring.ts'
import { openPersonKey, personIdPlace } from './meet-persons.ts'

export interface KnownPerson {
  lookup: string
  pseudonym: string
  keys: PersonKeys
  state: PersonState
  objections: readonly string[]
  /** As producers name the person: handle with care. */
  type: string
  id: string
}

/** The living among these pseudonyms. @throws VaultUnavailable */
export async function findPersons(
  vault: Pick<Vault, 'findByPseudonyms'>,
  ring: Pick<KeyRing, 'epochKey' | 'loadEpochs'>,
  pseudonyms: string[],
): Promise<Map<string, KnownPerson>> {
  if (pseudonyms.length === 0) return new Map()
  const entries = await vault.findByPseudonyms([...new Set(pseudonyms)])
  await ring.loadEpochs(entries.map(({ epoch }) => epoch))
  return new Map(
    entries.map(entry => {
      const { lookup, pseudonym, sealedId, state, objections } = entry
      const keys = personKeys(openPersonKey(ring, entry))
      const [type, id] = JSON.parse(open(keys.id, sealedId, personIdPlace(pseudonym)).toString()) as [string, string]
      return [pseudonym, { lookup, pseudonym, keys, state, objections, type, id }]
    }),
  )
}
