// A real ledger of erasures in a directory of its own, for tests; removed after the test.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openSigner, type Signer } from '../governance/audit/sign.ts'
import { type ErasureLedger, openErasureLedger } from '../governance/subjects/erasure-ledger.ts'
import { openRightsLedger, type RightsLedger } from '../governance/subjects/rights-ledger.ts'
import { openSignedFiles } from '../governance/subjects/signed-files.ts'
import { openFileLake } from '../storage/lake/file.ts'

export interface TemporaryLedger {
  ledger: ErasureLedger
  rights: RightsLedger
  dir: string
  /** Opens it once more, as another process has it. */
  openAgain(): Promise<{ ledger: ErasureLedger; rights: RightsLedger }>
}

export async function temporaryLedger(
  t: TestContext,
  signer: Signer = openSigner(Buffer.alloc(32, 7)),
): Promise<TemporaryLedger> {
  const dir = await mkdtemp(join(tmpdir(), 'ecluse-ledger-'))
  t.after(() => rm(dir, { recursive: true }))
  const openAgain = async () => {
    const files = openSignedFiles(await openFileLake(dir), signer)
    return { ledger: openErasureLedger(files), rights: openRightsLedger(files) }
  }
  return { ...(await openAgain()), dir, openAgain }
}
