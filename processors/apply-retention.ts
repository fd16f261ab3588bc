// A contract's retention, applied to what is stored already. What was applied is kept beside it, so that a start or a
// contract whose retention did not change costs one look.

import type { Contract } from '../governance/contract/contract.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { Documents, FindOptions } from '../storage/documents/documents.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import { type FillDeps, fillTables } from './fill-tables.ts'

export interface RetentionDeps extends FillDeps {
  documents: Documents
  ring: Pick<KeyRing, 'setQuarantineRetention'>
}

/** Events whose rows are written anew at a time. */
const PAGE = 500

/** Brings documents, rows and keys of a dataset to reception + retention. Idempotent: one that was interrupted is repeated. */
export async function applyRetention(
  deps: RetentionDeps,
  { dataset, retentionMs: { events, quarantine } }: Pick<Contract, 'dataset' | 'retentionMs'>,
): Promise<void> {
  const { documents, ring, now } = deps
  const applied = await documents.get('retentions', dataset)
  if (applied?.body.events === events && applied.body.quarantine === quarantine) return
  const where = { dataset }
  await documents.setExpiry('events', { where, from: 'receivedAt', retentionMs: events })
  await documents.setExpiry('anomalies', { where, from: 'detectedAt', retentionMs: events })
  await documents.setExpiry('quarantine', { where, from: 'receivedAt', retentionMs: quarantine })
  await ring.setQuarantineRetention(dataset, quarantine)
  let epoch = Number(applied?.body.epoch ?? 0)
  if (applied && applied.body.events !== events) await refillTables(deps, dataset, ++epoch)
  const version = Math.max(now(), (applied?.version ?? 0) + 1)
  const body = { events, quarantine, epoch }
  await documents.upsertNewer('retentions', [{ id: dataset, version, expiresAtMs: null, body }])
}

/** A row's end cannot be moved: it is written anew, from the archive. */
async function refillTables(deps: RetentionDeps, dataset: string, epoch: number): Promise<void> {
  let after: FindOptions['after']
  for (;;) {
    const page = await deps.documents.find('events', {
      where: { dataset, held: 0 },
      limit: PAGE,
      ...(after && { after }),
    })
    const events = page.map(({ body }) => body as unknown as StoredEvent)
    await fillTables(deps, dataset, events, epoch)
    const last = page.at(-1)
    if (!last) return
    after = { id: last.id }
  }
}
