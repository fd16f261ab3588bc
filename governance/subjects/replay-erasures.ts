// Erases again, in the vault, whoever stands in the ledger of erasures: a vault that was restored from a backup knows
// nothing of those who were erased since.

import type { Vault } from '../../storage/vault/vault.ts'
import type { ErasureLedger } from './erasure-ledger.ts'

/** Persons at a time. */
const PAGE = 1_000

/**
 * To be called before the first event is taken. Idempotent.
 * @throws LakeUnavailable, VaultUnavailable; Error naming the file, where the ledger is damaged
 */
export async function replayErasures(
  ledger: Pick<ErasureLedger, 'read' | 'findLookups'>,
  vault: Pick<Vault, 'addErased' | 'findPersons'>,
): Promise<void> {
  for await (const { lookups, pseudonyms } of ledger.read()) {
    for (let at = 0; at < lookups.length; at += PAGE) {
      const found = await vault.findPersons(lookups.slice(at, at + PAGE))
      const missing = lookups.slice(at, at + PAGE).filter((_, i) => found[i]?.state !== 'erased')
      // Looked for again: one that was lifted since the file was read left the ledger before it left the vault, and
      // who lives under it now is somebody new. What is not erased in the vault cannot be lifted after this look.
      if (missing.length > 0)
        await vault.addErased({ lookups: [...(await ledger.findLookups(missing))], pseudonyms: [] })
    }
    if (pseudonyms.length > 0) await vault.addErased({ lookups: [], pseudonyms })
  }
}
