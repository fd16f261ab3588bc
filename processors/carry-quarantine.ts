// Carries rejected events from the log to the documents, where stewards read why.

import type { Documents } from '../storage/documents/documents.ts'
import type { RecordBatch } from '../storage/event-log/event-log.ts'
import { causeOf, readQuarantineRecord } from '../storage/quarantine-record.ts'
import type { StoredQuarantine } from '../storage/stored-quarantine.ts'
import { asBody } from '../storage/stored-shapes.ts'
import type { Vault } from '../storage/vault/vault.ts'
import type { Retentions } from './retentions.ts'

interface CarryDeps {
  retentions: Pick<Retentions, 'inForce'>
  documents: Documents
  vault: Vault
  count: (dataset: string, effect: string, records: number) => void
}

/**
 * One batch of a dataset's quarantine topic. Idempotent, also once an entry was replayed or discarded: its mark stands in
 * its place. Originals of persons erased since are left behind.
 */
export async function carryQuarantine(
  { retentions, documents, vault, count }: CarryDeps,
  dataset: string,
  batch: RecordBatch,
): Promise<void> {
  const entries = batch.records.flatMap(stored => {
    const record = readQuarantineRecord(stored)
    return record ? { record, offset: stored.offset } : []
  })
  const pseudonyms = entries.flatMap(({ record }) => (record.sealedBy.by === 'person' ? record.sealedBy.pseudonym : []))
  const erased = await vault.findErasedPseudonyms(pseudonyms)
  const living = entries.filter(({ record: { sealedBy } }) => sealedBy.by === 'day' || !erased.has(sealedBy.pseudonym))
  // As it is now: the policy may have changed while the record stood in the log.
  const retentionMs = (await retentions.inForce(dataset))?.quarantine
  await documents.insertFirst(
    'quarantine',
    living.map(({ record, offset }) => {
      const position = { incarnation: batch.incarnation, partition: batch.partition, offset }
      const { expiresAtMs: endWhenRejected, ...entry } = record
      const subject = entry.sealedBy.by === 'person' ? entry.sealedBy.pseudonym : null
      const body: StoredQuarantine = { ...entry, cause: causeOf(entry.errors), subject, position }
      const expiresAtMs = retentionMs === undefined ? endWhenRejected : Date.parse(entry.receivedAt) + retentionMs
      return { id: entry.id, version: 0, expiresAtMs, body: asBody(body) }
    }),
  )
  count(dataset, 'quarantined', living.length)
  count(dataset, 'unreadable', batch.records.length - entries.length)
}
