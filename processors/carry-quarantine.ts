// Carries rejected events from the log to the documents, where stewards read why, and counts their causes.

import type { Documents } from '../storage/documents/documents.ts'
import type { Position, RecordBatch } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import { causeOf, type QuarantineRecord, readQuarantineRecord, sealingPersons } from '../storage/quarantine-record.ts'
import { isLeft, type StoredQuarantine } from '../storage/stored-quarantine.ts'
import { asBody } from '../storage/stored-shapes.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { samePosition } from './archive-events.ts'
import { noteRejectedMentions } from './note-mentions.ts'
import type { Quality } from './quality/open-quality.ts'
import type { Retentions } from './retentions.ts'

interface CarryDeps {
  retentions: Pick<Retentions, 'inForce'>
  documents: Documents
  vault: Vault
  quality: Pick<Quality, 'countCauses'>
  count: (dataset: string, effect: string, records: number) => void
}

/**
 * One batch of a dataset's quarantine topic. Idempotent, also once an entry was replayed or discarded: its mark stands in
 * its place. Originals of persons erased since are left behind.
 */
export async function carryQuarantine(
  { retentions, documents, vault, quality, count }: CarryDeps,
  dataset: string,
  batch: RecordBatch,
): Promise<void> {
  const entries = batch.records.flatMap(stored => {
    const record = readQuarantineRecord(stored)
    const { incarnation, partition } = batch
    return record ? { record, position: { incarnation, partition, offset: stored.offset } } : []
  })
  const erased = await vault.findErasedPseudonyms([...new Set(entries.flatMap(({ record }) => sealingPersons(record)))])
  const living = entries.filter(({ record }) => !sealingPersons(record).some(person => erased.has(person)))
  // As it is now: the policy may have changed while the record stood in the log.
  const retention = await retentions.inForce(dataset)
  const retentionMs = retention?.quarantine
  await noteRejectedMentions(
    documents,
    living.map(({ record }) => record),
    retentionMs,
  )
  const stored = await documents.insertFirst(
    'quarantine',
    living.map(({ record, position }) => {
      const { expiresAtMs: endWhenRejected, ...entry } = record
      const subject = entry.sealedBy.by === 'person' ? entry.sealedBy.pseudonym : null
      const body: StoredQuarantine = { ...entry, cause: causeOf(entry.errors), subject, position }
      const expiresAtMs = retentionMs === undefined ? endWhenRejected : Date.parse(entry.receivedAt) + retentionMs
      return { id: entry.id, version: 0, expiresAtMs, body: asBody(body) }
    }),
  )
  // A send that was repeated is one rejection; of what left, or was never stored, nobody can tell.
  const copies = new Set(living.filter((entry, i) => isCopy(stored[i]!.body, entry.position)))
  const rejected = entries.filter(entry => !copies.has(entry))
  await quality.countCauses(dataset, batch, rejected.map(toRejected), retention?.events)
  count(dataset, 'quarantined', living.length)
  count(dataset, 'unreadable', batch.records.length - entries.length)
}

function isCopy(body: JsonObject, position: Position): boolean {
  return !isLeft(body) && !samePosition((body as unknown as StoredQuarantine).position, position)
}

const toRejected = ({ record, position }: { record: QuarantineRecord; position: Position }) => ({
  offset: position.offset,
  receivedAt: record.receivedAt,
  cause: causeOf(record.errors),
})
