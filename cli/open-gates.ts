// What stands between an edited file and its going live: the comparison with what was live last, and, where it is
// required, a second person's approval.

import { type AccessGate, openAccessGate } from '../governance/access/admit-access.ts'
import { describeChange, type Gate, openGate, reasonsOf } from '../governance/contract/admit-contract.ts'
import type { PolicyComparison } from '../governance/contract/compare-policies.ts'
import type { Config } from '../runtime/config.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Vault } from '../storage/vault/vault.ts'

export interface GatesDeps {
  config: Config
  vault: Vault
  logger: Logger
}

export function openGates({ config, vault, logger }: GatesDeps): { contracts: Gate; access: AccessGate } {
  const mode = config.policyApproval ?? (config.mode === 'production' ? 'required' : 'none')
  const tell = (what: object, { verdict, changes }: PolicyComparison, subject: string) => {
    if (verdict === 'weaker')
      logger.warn({ ...what, reasons: reasonsOf({ verdict, changes }) }, `${subject} goes live that weakens protection`)
    else if (verdict === 'stricter')
      logger.info(
        { ...what, changes: changes.map(describeChange) },
        `${subject} goes live that protects more, from now on: what is stored already stays as it is`,
      )
  }
  return {
    contracts: openGate({
      vault,
      mode,
      maxViolations: config.maxViolations,
      onChange: (dataset, comparison) => tell({ dataset }, comparison, 'an edit'),
    }),
    access: openAccessGate({
      vault,
      mode,
      onChange: comparison => tell({}, comparison, 'an edit of the access policy'),
    }),
  }
}
