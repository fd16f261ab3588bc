// A rejected event as a log record, written by the gateway and carried to the documents by processors: the reasons in
// the clear, the original sealed.

import type { LogRecord } from './event-log/event-log.ts'

export const QUARANTINE_TOPIC = 'ecluse.quarantine'

export interface QuarantineRecord {
  /** UUIDv7, made by the gateway. */
  id: string
  dataset: string
  receivedAt: string
  /** When the original may be kept no longer, ms since the epoch. */
  expiresAtMs: number
  schema: string
  policy: string
  errors: { pointer: string; keyword: string; detail: string; fix: string }[]
  /** Whose key opens the original. */
  sealedBy: { by: 'person'; pseudonym: string } | { by: 'day'; key: string }
  /** Base64. */
  sealed: string
}

export function writeQuarantineRecord(record: QuarantineRecord): LogRecord {
  return {
    key: record.dataset,
    value: Buffer.from(JSON.stringify(record)),
    headers: { 'content-type': 'application/json' },
  }
}

/** Reads what `writeQuarantineRecord` wrote; undefined when it is no such record. */
export function readQuarantineRecord({ value }: LogRecord): QuarantineRecord | undefined {
  try {
    const record = JSON.parse(value.toString()) as QuarantineRecord
    return typeof record.id === 'string' && Array.isArray(record.errors) ? record : undefined
  } catch {
    return undefined
  }
}
