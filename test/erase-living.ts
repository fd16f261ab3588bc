// Erases in the vault whoever lives under a look-up hash, for tests that know nothing else of them.

import type { Vault } from '../storage/vault/vault.ts'

/** False if nobody does. */
export async function eraseLiving(vault: Pick<Vault, 'findPersons' | 'erasePerson'>, lookup: string): Promise<boolean> {
  const [found] = await vault.findPersons([lookup])
  return found !== undefined && found.state !== 'erased' && vault.erasePerson(lookup, found.pseudonym)
}
