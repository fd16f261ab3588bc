// Writes audit entries to the log: one topic, one partition, so one order. What is personal in an entry is sealed under
// the person's key before anything is hashed: an erasure makes it noise, and changes no byte of the record.

import { isUtf8 } from 'node:buffer'
import { v7 as uuidv7 } from 'uuid'
import type { EventLog } from '../../storage/event-log/event-log.ts'
import { isJsonObject, type JsonObject } from '../../storage/json.ts'
import { openField, sealField } from '../protection/field-cipher.ts'
import type { PersonKeys } from '../protection/person-keys.ts'
import type { Audit, AuditEvent } from './audit.ts'
import { canonicalText, readCanonical } from './exact-text.ts'

/** No dataset's topic: their names hold no dot. */
export const AUDIT_TOPIC = 'ecluse.audit.entries'
/** One entry, bytes; what is about many events is several entries. */
export const MAX_ENTRY_BYTES = 262_144

/** An entry as it stands in the log, as canonical JSON (RFC 8785). */
export interface AuditEntry {
  /** UUID version 7. */
  id: string
  /** RFC 3339, UTC, milliseconds. */
  at: string
  /** An `AuditKind`, or one that a later version knows. */
  kind: string
  actor: string
  dataset?: string
  request?: string
  details?: JsonObject
  /** Whom it is about: a token under a key of the person's own, and noise without it. */
  person?: string
  /** `enc1.…`, under the person's key, bound to the entry's id. */
  sealed?: string
}

/** Makes the topic, or brings its retention to this. */
export function ensureAuditTopic(log: EventLog, retentionMs: number): Promise<void> {
  return log.ensureTopic(AUDIT_TOPIC, { partitions: 1, retentionMs })
}

/** @throws RangeError, from `record`, for an entry above `MAX_ENTRY_BYTES` */
export function openAudit(log: Pick<EventLog, 'append'>, now: () => number): Audit {
  return {
    record: async (...events) => {
      const records = events.map(event => ({ topic: AUDIT_TOPIC, record: toRecord(event, now()) }))
      if (records.length > 0) await log.append(records)
    },
  }
}

function toRecord(event: AuditEvent, nowMs: number) {
  const value = Buffer.from(canonicalText(toEntry(event, nowMs) as unknown as JsonObject))
  if (value.length > MAX_ENTRY_BYTES) throw new RangeError(`an audit entry is larger than ${MAX_ENTRY_BYTES} bytes`)
  return { key: null, value, headers: { 'content-type': 'application/json' } }
}

function toEntry({ kind, actor, dataset, request, details, about, noted }: AuditEvent, nowMs: number): AuditEntry {
  const { id, at } = noted ?? { id: uuidv7(), at: new Date(nowMs).toISOString() }
  const entry: AuditEntry = { id, at, kind, actor }
  if (dataset !== undefined) entry.dataset = dataset
  if (request !== undefined) entry.request = request
  if (details) entry.details = details
  if (about) {
    const { keys } = about.person
    entry.person = keys.auditTag
    if (about.sealed) entry.sealed = sealField(keys.audit, about.sealed, placeOf(id))
  }
  return entry
}

/**
 * What of an entry is personal; undefined if nothing is.
 * @throws Error when it is about somebody else, or a single bit differs
 */
export function openEntry(keys: PersonKeys, { id, sealed }: AuditEntry): JsonObject | undefined {
  if (sealed === undefined) return undefined
  return openField(keys.audit, sealed, placeOf(id)) as JsonObject
}

/**
 * As `openEntry`; where it does not open, a note says so. Whoever can append to the log can put a person's token on what
 * they made up: that hides no other entry.
 */
export function openOrNote(
  keys: PersonKeys,
  entry: AuditEntry,
): { content: JsonObject | undefined; note: string | null } {
  try {
    return { content: openEntry(keys, entry), note: null }
  } catch {
    return { content: undefined, note: 'its sealed part does not open: Écluse did not write it so' }
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const KIND = /^[a-z][a-z0-9-]{0,63}$/
const MAX_TEXT_LENGTH = 256

/** Reads an entry from its exact bytes. @throws Error that says what is wrong, and repeats nothing of it */
export function readEntry(value: Buffer): AuditEntry {
  if (value.length > MAX_ENTRY_BYTES) throw new Error(`it is larger than ${MAX_ENTRY_BYTES} bytes`)
  if (!isUtf8(value)) throw new Error('it is not UTF-8')
  const entry = readCanonical(value.toString())
  const { id, at, kind, actor, details } = entry
  if (typeof id !== 'string' || !UUID.test(id)) throw new Error('it has no id')
  if (typeof at !== 'string' || !isInstant(at)) throw new Error('it has no time')
  if (typeof kind !== 'string' || !KIND.test(kind)) throw new Error('it has no kind')
  if (typeof actor !== 'string' || actor.length > MAX_TEXT_LENGTH) throw new Error('it has no actor')
  for (const member of ['dataset', 'request', 'person'])
    if (!isShortText(entry[member])) throw new Error(`its ${member} is no short text`)
  if (entry.sealed !== undefined && typeof entry.sealed !== 'string') throw new Error('its sealed part is no text')
  if (details !== undefined && !isJsonObject(details)) throw new Error('its details are no object')
  return entry as unknown as AuditEntry
}

const isShortText = (value: unknown) =>
  value === undefined || (typeof value === 'string' && value.length <= MAX_TEXT_LENGTH)

function isInstant(text: string): boolean {
  const time = new Date(text)
  return !Number.isNaN(time.getTime()) && time.toISOString() === text
}

/** Where a sealed part belongs: it opens nowhere else. */
function placeOf(id: string) {
  return { dataset: AUDIT_TOPIC, pointer: '/sealed', eventId: id }
}
