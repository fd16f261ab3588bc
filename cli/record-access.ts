// That the access policy changed stands in the audit before it is in force: once, however many gateways and restarts.

import type { AccessHashes } from '../governance/access/live-access.ts'
import type { Audit } from '../governance/audit/audit.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Vault } from '../storage/vault/vault.ts'

/** The setting in the vault that holds what was recorded last. */
const RECORDED = 'access-policy'

export interface RecordAccessDeps {
  audit: Audit
  vault: Vault
  logger: Logger
}

/** Records these files unless they are those recorded last. */
export async function recordAccess({ audit, vault, logger }: RecordAccessDeps, hashes: AccessHashes): Promise<void> {
  const { modelSha256, policySha256 } = hashes
  const text = `${modelSha256} ${policySha256}`
  if ((await vault.findSetting(RECORDED)) === text) return
  await audit.record({ kind: 'access-changed', actor: 'ecluse', details: { modelSha256, policySha256 } })
  await vault.putSetting(RECORDED, text)
  logger.info(hashes, 'the access policy is in force')
}
