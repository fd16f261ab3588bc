// What is known of persons and was asked for them: their keys, who is looked up, the ledger of erasures, requests and
// packages.

import { openSigner, type Signer } from '../governance/audit/sign.ts'
import { replayRights } from '../governance/subjects/change-rights.ts'
import { type ErasureLedger, openErasureLedger } from '../governance/subjects/erasure-ledger.ts'
import { openPackageStore, type PackageStore } from '../governance/subjects/export/package-store.ts'
import { type KeyRing, openKeyRing } from '../governance/subjects/key-ring.ts'
import { openPeople, type People } from '../governance/subjects/people.ts'
import { replayErasures } from '../governance/subjects/replay-erasures.ts'
import { openRequestStore, type RequestStore } from '../governance/subjects/request-store.ts'
import { openRightsLedger, type RightsLedger } from '../governance/subjects/rights-ledger.ts'
import { openSignedFiles } from '../governance/subjects/signed-files.ts'
import { type Config, variableName } from '../runtime/config.ts'
import type { Logger } from '../runtime/logger.ts'
import { LakeUnavailable } from '../storage/lake/lake.ts'
import { loadKeks } from './load-kek.ts'
import type { Stores } from './open-stores.ts'

export interface Persons {
  ring: KeyRing
  people: People
  signer: Signer
  ledger: ErasureLedger
  rights: RightsLedger
  requests: RequestStore
  packages: PackageStore
}

export interface OpenPersonsDeps {
  config: Config
  stores: Stores
  logger: Logger
  now: () => number
}

/** @throws Error when the KEK does not open the vault’s keys, or where the ledger cannot be read, or is damaged */
export async function openPersons(deps: OpenPersonsDeps): Promise<Persons> {
  const { config, stores, logger, now } = deps
  const { vault, documents, lake, erasures } = stores
  const ring = await openKeyRing(vault, loadKeks(config), now)
  const people = await openPeople(vault, ring, config)
  const signer = openSigner(ring.signingSeed)
  const files = openSignedFiles(erasures, signer)
  const [ledger, rights] = [openErasureLedger(files), openRightsLedger(files)]
  await beforeFirstEvent(async () => {
    await replayErasures(ledger, vault)
    const persons = await replayRights({ rights, vault })
    if (persons > 0) logger.warn({ persons }, 'rights of persons had been lost with a restored vault, and stand again')
  })
  const requests = openRequestStore(documents)
  const packages = openPackageStore({ lake, documents, vault, ring, now })
  return { ring, people, signer, ledger, rights, requests, packages }
}

/** A vault that came from a backup knows nothing of what the ledger holds: without it nobody’s data is handled. */
async function beforeFirstEvent(replay: () => Promise<void>): Promise<void> {
  try {
    await replay()
  } catch (error) {
    if (!(error instanceof LakeUnavailable)) throw error
    throw new Error(
      `${variableName('erasures')} names the ledger of erasures, which has to be read before anything is taken. ` +
        `Start again once its store answers. ${error.message}`,
      { cause: error },
    )
  }
}
