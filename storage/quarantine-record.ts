// A rejected event as a log record, written by the gateway and carried to the documents by processors: the reasons in
// the clear, the original sealed.

import type { LogRecord } from './event-log/event-log.ts'
import { isJsonObject } from './json.ts'

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

/** `/montant minimum`: what rejections of one kind share. */
export function causeOf([first]: QuarantineRecord['errors']): string {
  return first ? `${first.pointer || '(event)'} ${first.keyword}` : 'unknown'
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
    const record: unknown = JSON.parse(value.toString())
    return isQuarantineRecord(record) ? record : undefined
  } catch {
    return undefined
  }
}

/** Whatever this lets pass can be stored: a record that cannot would come again for ever. */
function isQuarantineRecord(record: unknown): record is QuarantineRecord {
  if (!hasTexts(record, 'id', 'dataset', 'receivedAt', 'schema', 'policy', 'sealed')) return false
  const { expiresAtMs, errors, sealedBy } = record
  return (
    !Number.isNaN(Date.parse(record.receivedAt)) &&
    Number.isSafeInteger(expiresAtMs) &&
    Array.isArray(errors) &&
    errors.every(error => hasTexts(error, 'pointer', 'keyword', 'detail', 'fix')) &&
    ((hasTexts(sealedBy, 'by', 'pseudonym') && sealedBy.by === 'person') ||
      (hasTexts(sealedBy, 'by', 'key') && sealedBy.by === 'day'))
  )
}

function hasTexts<Name extends string>(
  value: unknown,
  ...names: Name[]
): value is Record<Name, string> & Record<string, unknown> {
  return isJsonObject(value) && names.every(name => isText(value[name]))
}

const isText = (value: unknown) => typeof value === 'string' && value.isWellFormed()
