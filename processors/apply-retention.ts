// The retention in force, applied to what is stored already. What was applied is kept beside it, so that a start or a
// contract whose retention did not change costs little.

import type { Contract } from '../governance/contract/contract.ts'
import { ledgerEndMs, logEndMs } from '../governance/contract/log-end.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { Documents, FindOptions } from '../storage/documents/documents.ts'
import { QUALITY_HOURS, QUALITY_MINUTES } from '../storage/stored-quality.ts'
import type { StoredRetention } from '../storage/stored-retention.ts'
import { asBody, type StoredEvent } from '../storage/stored-shapes.ts'
import { type FillDeps, fillTables } from './fill-tables.ts'
import type { RetentionInForce, Retentions } from './retentions.ts'

export interface RetentionDeps extends FillDeps {
  documents: Documents
  ring: Pick<KeyRing, 'setQuarantineRetention'>
}

/** Events whose rows are written anew at a time. */
const PAGE = 500

/**
 * A batch that was at work when the retention changed may have been archived under the one before: all is gone over
 * once more, so long after the first time.
 */
const SECOND_PASS_MS = 60_000

/** Brings documents, rows and keys of a dataset to reception + retention. Idempotent: one that was interrupted is repeated. */
export async function applyRetention(
  deps: RetentionDeps & { retentions: Retentions },
  contract: Pick<Contract, 'dataset' | 'retentionMs'>,
): Promise<void> {
  const { dataset } = contract
  const retention = await deps.retentions.settle(contract)
  const stored = await deps.documents.get('retentions', dataset)
  const applied = stored?.body as unknown as StoredRetention | undefined
  const isFirst = applied?.epoch !== retention.epoch || applied.passes === undefined
  if (!isFirst && (applied.passes === 2 || deps.now() < applied.appliedAtMs + SECOND_PASS_MS)) return
  await pass(deps, contract, retention)
  const version = Math.max(deps.now(), (stored?.version ?? 0) + 1)
  const body = asBody({ ...retention, passes: isFirst ? 1 : 2, appliedAtMs: deps.now() })
  await deps.documents.upsertNewer('retentions', [{ id: dataset, version, expiresAtMs: null, body }])
}

async function pass(
  deps: RetentionDeps,
  { dataset, retentionMs }: Pick<Contract, 'dataset' | 'retentionMs'>,
  retention: RetentionInForce,
): Promise<void> {
  const { documents, ring } = deps
  const { epoch, events, quarantine } = retention
  const where = { dataset }
  // Rows first: they are found through their documents, which are gone at their new end.
  if (epoch > 0) await refillTables(deps, dataset, retention)
  await documents.setExpiry('events', { where, from: 'receivedAt', retentionMs: events })
  for (const collection of ['events', 'anomalies'])
    await documents.setExpiry('mentions', { where: { dataset, collection }, from: 'keptFrom', retentionMs: events })
  await documents.setExpiry('mentions', {
    where: { dataset, collection: 'quarantine' },
    from: 'keptFrom',
    retentionMs: logEndMs(quarantine),
  })
  await documents.setExpiry('passed_over', { where, from: 'receivedAt', retentionMs: logEndMs(retentionMs.log) })
  await documents.setExpiry('anomalies', { where, from: 'detectedAt', retentionMs: events })
  const counts = ledgerEndMs(events, retentionMs.log)
  await documents.setExpiry('ledger', { where, from: 'hour', retentionMs: counts })
  await documents.setExpiry('ledger_checks', { where, from: 'hour', retentionMs: counts })
  await documents.setExpiry(QUALITY_MINUTES, { where, from: 'hour', retentionMs: counts })
  await documents.setExpiry(QUALITY_HOURS, { where, from: 'hour', retentionMs: counts })
  await documents.setExpiry('ledger_removals', { where, from: 'receivedAt', retentionMs: events })
  await documents.setExpiry('quarantine', { where, from: 'receivedAt', retentionMs: quarantine })
  await documents.setExpiry('quarantine', {
    where: { left: dataset },
    from: 'receivedAt',
    retentionMs: logEndMs(quarantine),
  })
  await ring.setQuarantineRetention(dataset, quarantine)
}

/** A row's end cannot be moved: it is written anew, from the archive. */
async function refillTables(deps: RetentionDeps, dataset: string, retention: RetentionInForce): Promise<void> {
  let after: FindOptions['after']
  for (;;) {
    const page = await deps.documents.find('events', {
      where: { dataset, held: 0 },
      limit: PAGE,
      ...(after && { after }),
    })
    const events = page.map(({ body }) => body as unknown as StoredEvent)
    await fillTables(deps, dataset, events, retention)
    const last = page.at(-1)
    if (!last) return
    after = { id: last.id }
  }
}
