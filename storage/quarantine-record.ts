// A rejected event as a log record, written by the gateway and carried to the documents by processors: the reasons in
// the clear, the original sealed.

import type { LogRecord } from './event-log/event-log.ts'
import { isJsonObject } from './json.ts'

/** Whose key an original is sealed under. */
export type SealedBy = { by: 'person'; pseudonym: string } | { by: 'day'; key: string }

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
  /** The first person's key, or where nobody knows them the day's: its original opens with this key and all others named. */
  sealedBy: SealedBy
  /** In this order, each around what was sealed before. Missing: none. */
  alsoSealedBy?: SealedBy[]
  /** Base64. */
  sealed: string
}

/** All keys that an original opens with together, in the order in which they sealed it. */
export const sealersOf = ({
  sealedBy,
  alsoSealedBy = [],
}: Pick<QuarantineRecord, 'sealedBy' | 'alsoSealedBy'>): SealedBy[] => [sealedBy, ...alsoSealedBy]

/** The persons among them. */
export const sealingPersons = (record: Pick<QuarantineRecord, 'sealedBy' | 'alsoSealedBy'>): string[] =>
  sealersOf(record).flatMap(sealer => (sealer.by === 'person' ? sealer.pseudonym : []))

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
  const { expiresAtMs, errors, sealedBy, alsoSealedBy = [] } = record
  return (
    !Number.isNaN(Date.parse(record.receivedAt)) &&
    Number.isSafeInteger(expiresAtMs) &&
    Array.isArray(errors) &&
    errors.every(error => hasTexts(error, 'pointer', 'keyword', 'detail', 'fix')) &&
    Array.isArray(alsoSealedBy) &&
    [sealedBy, ...alsoSealedBy].every(isSealedBy)
  )
}

function isSealedBy(value: unknown): value is SealedBy {
  return (
    (hasTexts(value, 'by', 'pseudonym') && value.by === 'person') ||
    (hasTexts(value, 'by', 'key') && value.by === 'day')
  )
}

function hasTexts<Name extends string>(
  value: unknown,
  ...names: Name[]
): value is Record<Name, string> & Record<string, unknown> {
  return isJsonObject(value) && names.every(name => isText(value[name]))
}

const isText = (value: unknown) => typeof value === 'string' && value.isWellFormed()
