// What a contract needs before its first event: its topics and keys. That it went live is recorded with its content
// hashes.

import type { Audit } from '../governance/audit/audit.ts'
import { contentHashes } from '../governance/contract/content-hashes.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { ledgerTopicOf, quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { Logger } from '../runtime/logger.ts'
import type { EventLog } from '../storage/event-log/event-log.ts'

export interface ActivateDeps {
  audit: Audit
  log: EventLog
  ring: KeyRing
  logger: Logger
  partitions: number
}

/** Makes topics and domain keys. Idempotent. */
export async function prepareContract(
  { log, ring, partitions }: Pick<ActivateDeps, 'log' | 'ring' | 'partitions'>,
  contract: Contract,
): Promise<void> {
  const { dataset, retentionMs } = contract
  for (const domain of domainsOf(contract)) await ring.loadDomain(domain)
  await log.ensureTopic(topicOf(dataset), { partitions, retentionMs: retentionMs.log })
  const quarantineMs = Math.min(retentionMs.log, retentionMs.quarantine)
  await log.ensureTopic(quarantineTopicOf(dataset), { partitions, retentionMs: quarantineMs })
  // One record for each chunk of events, however large; in one partition, each gateway's are read in the order it wrote.
  await log.ensureTopic(ledgerTopicOf(dataset), { partitions: 1, retentionMs: retentionMs.log })
}

/** Prepares a contract and records that this gateway takes events under it from now on. */
export async function activateContract(deps: ActivateDeps, contract: Contract): Promise<void> {
  await prepareContract(deps, contract)
  const { dataset } = contract
  const { policySha256, schemas } = contentHashes(contract)
  await deps.audit.record({
    kind: 'contract-activated',
    actor: 'ecluse',
    dataset,
    details: { policySha256, schemas },
  })
  deps.logger.info({ dataset, policySha256, schemas }, 'contract is live')
}

function domainsOf({ versions }: Contract): Set<string> {
  const rules = [...versions.values()].flatMap(({ fields }) => fields)
  return new Set(rules.flatMap(({ action }) => (action !== 'reject' && action.domain) || []))
}
