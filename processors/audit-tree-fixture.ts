// What tests of the audit's tree share: a real document store, entries as they are appended, the two steps of the work.

import { openAudit } from '../governance/audit/record.ts'
import { openSigner } from '../governance/audit/sign.ts'
import { makeLogger } from '../runtime/logger.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { RecordBatch } from '../storage/event-log/event-log.ts'
import { buildAuditTree } from './build-audit-tree.ts'
import { signAuditHead } from './sign-audit-head.ts'

export const NOON = Date.parse('2026-11-21T12:00:00Z')
export const DAY_MS = 86_400_000
const signer = openSigner(Buffer.alloc(32, 7))
export const publicKeys = [signer.publicKeyPem]

/** The exact bytes of so many entries, as they are appended. */
export async function makeEntries(count: number): Promise<Buffer[]> {
  const values: Buffer[] = []
  const append = async (entries: { record: { value: Buffer } }[]) => {
    for (const { record } of entries) values.push(record.value)
    return []
  }
  const events = Array.from({ length: count }, (_, i) => ({
    kind: 'approval' as const,
    actor: 'cli',
    details: { number: i },
  }))
  await openAudit({ append }, () => NOON).record(...events)
  return values
}

export function batchOf(values: Buffer[], firstOffset = 0, incarnation = 'first'): RecordBatch {
  const topic = 'ecluse.audit.entries'
  const records = values.map((value, i) => ({
    topic,
    partition: 0,
    offset: firstOffset + i,
    timestampMs: NOON,
    key: null,
    headers: {},
    value,
  }))
  return { topic, partition: 0, incarnation, records }
}

export const build = (documents: Documents, batch: RecordBatch) =>
  buildAuditTree({ documents, logger: makeLogger('json', 'silent'), auditRetentionMs: DAY_MS }, batch)
export const sign = (documents: Documents, nowMs = NOON) => signAuditHead(documents, { signer, now: () => nowMs })
