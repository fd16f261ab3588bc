// Keeps what went live where readers of old events find it. In the background: neither events nor contracts wait for
// the document store.

import type { Contract } from '../governance/contract/contract.ts'
import { keepContract } from '../governance/contract/stored-contract.ts'
import { every } from '../runtime/every.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Documents } from '../storage/documents/documents.ts'

export interface ContractKeeper {
  /** Writes the contract at once, and again until it stands. */
  keep(contract: Contract): void
  stop(): Promise<void>
}

export function startContractKeeper(
  documents: Pick<Documents, 'insertFirst'>,
  intervalMs: number,
  logger: Logger,
): ContractKeeper {
  const waiting = new Set<Contract>()
  const write = async () => {
    for (const contract of waiting) {
      await keepContract(documents, contract)
      waiting.delete(contract)
    }
  }
  return {
    keep: contract => {
      waiting.add(contract)
      // Where it fails, the next turn says so.
      void write().catch(() => {})
    },
    stop: every(intervalMs, write, logger),
  }
}
