// A contract's retention, applied to what is stored already. What was applied is kept beside it, so that a start or a
// contract whose retention did not change costs one look.

import type { Contract } from '../governance/contract/contract.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { Documents } from '../storage/documents/documents.ts'

export interface RetentionDeps {
  documents: Documents
  ring: Pick<KeyRing, 'setQuarantineRetention'>
  now: () => number
}

/** Brings documents and keys of a dataset to reception + retention. Idempotent: one that was interrupted is repeated. */
export async function applyRetention(
  { documents, ring, now }: RetentionDeps,
  { dataset, retentionMs: { events, quarantine } }: Pick<Contract, 'dataset' | 'retentionMs'>,
): Promise<void> {
  const applied = await documents.get('retentions', dataset)
  if (applied?.body.events === events && applied.body.quarantine === quarantine) return
  const where = { dataset }
  await documents.setExpiry('events', { where, from: 'receivedAt', retentionMs: events })
  await documents.setExpiry('anomalies', { where, from: 'detectedAt', retentionMs: events })
  await documents.setExpiry('quarantine', { where, from: 'receivedAt', retentionMs: quarantine })
  await ring.setQuarantineRetention(dataset, quarantine)
  const version = Math.max(now(), (applied?.version ?? 0) + 1)
  await documents.upsertNewer('retentions', [{ id: dataset, version, expiresAtMs: null, body: { events, quarantine } }])
}
