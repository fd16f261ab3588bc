// Lets an erased id be used again, as when somebody comes back: their events are accepted from then on, under a new key
// and pseudonym. What was erased stays erased.

import type { Vault } from '../../storage/vault/vault.ts'
import type { Audit } from '../audit/audit.ts'
import type { ErasureLedger } from './erasure-ledger.ts'
import type { KeyRing } from './key-ring.ts'
import type { Named } from './legal-hold.ts'

export interface LiftErasureDeps {
  vault: Vault
  ring: Pick<KeyRing, 'lookupHashes'>
  ledger: Pick<ErasureLedger, 'removeLookup'>
  audit: Audit
}

/**
 * False where no erasure of this id is known. Idempotent; to be asked again where it was interrupted. The reference
 * stands in the audit in the clear: no key of the person is left to seal it under.
 */
export async function liftErasure(
  { vault, ring, ledger, audit }: LiftErasureDeps,
  { actor, subject, reference }: { actor: string; subject: Named; reference: string },
): Promise<boolean> {
  const lookups = ring.lookupHashes('person', subject.type, subject.id.normalize('NFC'))
  const found = await vault.findPersons(lookups)
  const erased = found.filter(entry => entry?.state === 'erased').map(entry => entry!.lookup)
  if (erased.length === 0) return false
  await audit.record({ kind: 'erasure-lifted', actor, details: { reference } })
  for (const lookup of erased) {
    // First here: from it the vault is brought up to date whenever a process starts.
    await ledger.removeLookup(lookup)
    await vault.liftErasure(lookup)
  }
  return true
}
