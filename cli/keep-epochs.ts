// Keeps the epochs of the persons' keys: tells, in the log and in the audit, what came of it.

import type { Audit } from '../governance/audit/audit.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import { rewrapPersons } from '../governance/subjects/rewrap-persons.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Vault } from '../storage/vault/vault.ts'

const DAY_MS = 86_400_000

export interface KeepEpochsDeps {
  vault: Vault
  ring: KeyRing
  audit: Audit
  logger: Logger
  now: () => number
}

/** Work for every turn of the maintenance. */
export function keepEpochs(
  { vault, ring, audit, logger, now }: KeepEpochsDeps,
  { epochDays, leaseMs }: { epochDays: number; leaseMs: number },
): () => Promise<void> {
  let unreadableBefore = 0
  return async () => {
    const done = await rewrapPersons(vault, ring, { epochMs: epochDays * DAY_MS, leaseMs, now })
    const { begun, persons, moved, unreadable, destroyed } = done
    if (unreadable > unreadableBefore)
      logger.error({ persons: unreadable }, 'the keys of some persons cannot be opened: is the vault damaged?')
    unreadableBefore = unreadable
    if (!begun && persons === 0 && moved === 0 && destroyed.length === 0) return
    logger.info({ epoch: ring.epoch, persons, moved, destroyed }, 'persons’ keys were sealed anew')
    const details = { epoch: ring.epoch, begun, persons, moved, destroyed }
    await audit.record({ kind: 'key-rotated', actor: 'ecluse', details })
  }
}
