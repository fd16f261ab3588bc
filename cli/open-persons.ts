// What is known of persons and was asked for them: their keys, who is looked up, the ledger of erasures, requests and
// packages.

import { openSigner, type Signer } from '../governance/audit/sign.ts'
import { type ErasureLedger, openErasureLedger } from '../governance/subjects/erasure-ledger.ts'
import { openPackageStore, type PackageStore } from '../governance/subjects/export/package-store.ts'
import { type KeyRing, openKeyRing } from '../governance/subjects/key-ring.ts'
import { openPeople, type People } from '../governance/subjects/people.ts'
import { replayErasures } from '../governance/subjects/replay-erasures.ts'
import { openRequestStore, type RequestStore } from '../governance/subjects/request-store.ts'
import type { Config } from '../runtime/config.ts'
import { every } from '../runtime/every.ts'
import { loggable } from '../runtime/loggable.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Shutdown } from '../runtime/shutdown.ts'
import { LakeUnavailable } from '../storage/lake/lake.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { loadKeks } from './load-kek.ts'
import type { Stores } from './open-stores.ts'

export interface Persons {
  ring: KeyRing
  people: People
  signer: Signer
  ledger: ErasureLedger
  requests: RequestStore
  packages: PackageStore
}

export interface OpenPersonsDeps {
  config: Config
  stores: Stores
  logger: Logger
  shutdown: Shutdown
  now: () => number
}

/** @throws Error when the KEK does not open the vault’s keys, or where the ledger is damaged */
export async function openPersons(deps: OpenPersonsDeps): Promise<Persons> {
  const { config, stores, now } = deps
  const { vault, documents, lake, erasures } = stores
  const ring = await openKeyRing(vault, loadKeks(config), now)
  const people = await openPeople(vault, ring, config)
  const signer = openSigner(ring.signingSeed)
  const ledger = openErasureLedger(erasures, signer)
  await replayLedger(deps, ledger, vault)
  const requests = openRequestStore(documents)
  const packages = openPackageStore({ lake, documents, vault, ring, now })
  return { ring, people, signer, ledger, requests, packages }
}

/** Before the first event: of whoever was erased since the backup that the vault may have come from. */
async function replayLedger({ config, logger, shutdown }: OpenPersonsDeps, ledger: ErasureLedger, vault: Vault) {
  const replay = () => replayErasures(ledger, vault)
  await replay().catch(error => {
    if (!(error instanceof LakeUnavailable)) throw error
    logger.error({ err: loggable(error) }, 'the ledger of erasures cannot be read yet; it will be tried again')
    const stopReplay = every(config.maintenanceIntervalMs, () => replay().then(() => void stopReplay()), logger)
    shutdown.onStop('ledger', stopReplay)
  })
}
