// A dataset's event as a log record, written by the gateway and read by processors. Headers follow the CloudEvents
// Kafka protocol binding 1.0.2 (binary content mode); the value is in Confluent wire format over the derived schema.

import type { LogRecord } from './event-log/event-log.ts'
import type { JsonObject } from './json.ts'
import { isJsonObject } from './json.ts'

/** A date and time in UTC, with a year of four digits or, as ECMAScript writes others, of six. */
const UTC_TIME = /^(\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/
/** Between which a clock may be wrong: what is received beyond would be kept for ever, or end at no time there is. */
const RECEIVED_FROM_MS = Date.parse('2000-01-01T00:00:00Z')
const RECEIVED_BEFORE_MS = Date.parse('2200-01-01T00:00:00Z')

export const EVENT_CONTENT_TYPE = 'application/vnd.ecluse.event+json'

export interface EventRecord {
  dataset: string
  /** The stored event id. */
  id: string
  source: string
  type: string
  /** RFC 3339 UTC. */
  time: string
  /** The local time stood in a fold: the first of two offsets was taken. */
  timeAmbiguous: boolean
  receivedAt: string
  /** The primary person's pseudonym; null for an event about nobody. */
  subject: string | null
  /** Pseudonyms of the other persons it is about. */
  others: string[]
  /** SchemaVer of the raw schema, hex SHA-256 of the policy. */
  schema: string
  policy: string
  /** MAC of the raw event's canonical form: equal for copies, different for conflicts. */
  content: string
  /** The person is restricted: stored, without effect and unread (GDPR art. 18). */
  held: boolean
  /** It corrects this event, since then (RFC 3339); it was received when that one was. */
  rectification?: { event: string; at: string }
  /** It was rejected when it was received, and replayed then (RFC 3339), by this request. */
  replay?: { at: string; request: string }
  traceparent: string
  /** The protected event. */
  event: JsonObject
}

/** @param wirePrefix five bytes: zero, registry id big-endian */
export function writeEventRecord(record: EventRecord, wirePrefix: Buffer): LogRecord {
  const headers: Record<string, string> = {
    'content-type': EVENT_CONTENT_TYPE,
    ce_specversion: '1.0',
    ce_id: record.id,
    ce_source: record.source,
    ce_type: record.type,
    ce_time: record.time,
    ecluse_dataset: record.dataset,
    ecluse_schema: record.schema,
    ecluse_policy: record.policy,
    ecluse_received: record.receivedAt,
    ecluse_content: record.content,
    traceparent: record.traceparent,
  }
  if (record.subject !== null) headers.ce_subject = record.subject
  if (record.others.length > 0) headers.ecluse_others = record.others.join(',')
  if (record.held) headers.ecluse_held = 'true'
  if (record.rectification) {
    headers.ecluse_rectifies = record.rectification.event
    headers.ecluse_rectified = record.rectification.at
  }
  if (record.replay) {
    headers.ecluse_replayed = record.replay.at
    headers.ecluse_replay = record.replay.request
  }
  if (record.timeAmbiguous) headers.ecluse_time_ambiguous = 'true'
  const text = JSON.stringify(record.event)
  const value = Buffer.allocUnsafe(wirePrefix.length + Buffer.byteLength(text))
  wirePrefix.copy(value)
  value.write(text, wirePrefix.length)
  return { key: record.subject ?? record.id, value, headers }
}

/**
 * Reads what `writeEventRecord` wrote. Whatever this lets pass can be stored: else it would come again for ever.
 * @throws Error when it is no such record; the message holds nothing of it
 */
export function readEventRecord({ value, headers }: LogRecord): EventRecord {
  const header = (name: string): string => {
    const text = headers[name]
    if (text === undefined) throw new Error(`the record lacks the header ${name}`)
    if (!text.isWellFormed()) throw new Error(`the record's header ${name} is malformed`)
    return text
  }
  if (header('content-type') !== EVENT_CONTENT_TYPE) throw new Error('the record is of another content type')
  if (value[0] !== 0) throw new Error('the record is not in Confluent wire format')
  const event = parseJson(value.toString('utf8', 5))
  if (!isJsonObject(event)) throw new Error('the record holds no event')
  const receivedAt = header('ecluse_received')
  if (!isUtcTime(receivedAt)) throw new Error('the record does not say when it was received')
  const receivedAtMs = Date.parse(receivedAt)
  if (receivedAtMs < RECEIVED_FROM_MS || receivedAtMs >= RECEIVED_BEFORE_MS)
    throw new Error('the record was received at no time that can be')
  const time = header('ce_time')
  if (!isUtcTime(time)) throw new Error('the record does not say when its event was')
  const rectified = headers.ecluse_rectifies !== undefined
  if (rectified && !isUtcTime(header('ecluse_rectified')))
    throw new Error('the record does not say since when it corrects another')
  const replayed = headers.ecluse_replay !== undefined
  if (replayed && !isUtcTime(header('ecluse_replayed'))) throw new Error('the record does not say when it was replayed')
  return {
    dataset: header('ecluse_dataset'),
    id: header('ce_id'),
    source: header('ce_source'),
    type: header('ce_type'),
    time,
    timeAmbiguous: headers.ecluse_time_ambiguous === 'true',
    receivedAt,
    subject: headers.ce_subject === undefined ? null : header('ce_subject'),
    others: headers.ecluse_others === undefined ? [] : header('ecluse_others').split(','),
    schema: header('ecluse_schema'),
    policy: header('ecluse_policy'),
    content: header('ecluse_content'),
    held: headers.ecluse_held === 'true',
    ...(rectified && { rectification: { event: header('ecluse_rectifies'), at: header('ecluse_rectified') } }),
    ...(replayed && { replay: { at: header('ecluse_replayed'), request: header('ecluse_replay') } }),
    traceparent: header('traceparent'),
    event,
  }
}

function isUtcTime(text: string): boolean {
  return UTC_TIME.test(text) && !Number.isNaN(Date.parse(text))
}

/** JSON.parse quotes its input in the message of its error: that must not travel on. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('the record holds no JSON')
  }
}
