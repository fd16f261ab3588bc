// Carries rejected events from the log to the documents, where stewards read why.

import type { Documents } from '../storage/documents/documents.ts'
import type { RecordBatch } from '../storage/event-log/event-log.ts'
import { readQuarantineRecord } from '../storage/quarantine-record.ts'
import { asBody, type StoredQuarantine } from '../storage/stored-shapes.ts'
import type { Vault } from '../storage/vault/vault.ts'

interface CarryDeps {
  documents: Documents
  vault: Vault
  count: (dataset: string, effect: string, records: number) => void
}

/** One batch of the quarantine topic. Idempotent; originals of persons erased since are left behind. */
export async function carryQuarantine({ documents, vault, count }: CarryDeps, batch: RecordBatch): Promise<void> {
  const entries = batch.records.flatMap(stored => {
    const record = readQuarantineRecord(stored)
    return record ? { record, offset: stored.offset } : []
  })
  const pseudonyms = entries.flatMap(({ record }) => (record.sealedBy.by === 'person' ? record.sealedBy.pseudonym : []))
  const erased = await vault.findErasedPseudonyms(pseudonyms)
  const living = entries.filter(({ record: { sealedBy } }) => sealedBy.by === 'day' || !erased.has(sealedBy.pseudonym))
  await documents.insertFirst(
    'quarantine',
    living.map(({ record, offset }) => {
      const position = { incarnation: batch.incarnation, partition: batch.partition, offset }
      const body: StoredQuarantine = { ...record, cause: causeOf(record.errors), position }
      return { id: record.id, version: 0, expiresAtMs: record.expiresAtMs, body: asBody(body) }
    }),
  )
  for (const { record } of living) count(record.dataset, 'quarantined', 1)
  const unreadable = batch.records.length - entries.length
  if (unreadable > 0) count('quarantine', 'unreadable', unreadable)
}

/** `/montant minimum`: what rejections of one kind share. */
function causeOf(errors: StoredQuarantine['errors']): string {
  const first = errors[0]
  return first ? `${first.pointer || '(event)'} ${first.keyword}` : 'unknown'
}
