// What rests in the documents: written by processors, read by the gateway. One definition of each for both.

import type { CollectionSettings } from './documents/documents.ts'
import type { Position } from './event-log/event-log.ts'
import type { JsonObject } from './json.ts'
import type { QuarantineRecord } from './quarantine-record.ts'

/**
 * Collections and their indexed members. `retentions` holds, by dataset, the retention that was applied last, and under
 * `held/<dataset>` the sign that a process lives whose policy it is.
 */
export const collections = {
  events: { indexes: ['dataset', 'time', 'subject', 'held'] },
  quarantine: { indexes: ['dataset', 'cause', 'receivedAt'] },
  anomalies: { indexes: ['dataset', 'detectedAt', 'eventDocument'] },
  retentions: { indexes: [] },
} satisfies Record<string, CollectionSettings>

/** An archived event, in collection `events`, under `eventDocumentId`. */
export interface StoredEvent {
  id: string
  dataset: string
  time: string
  timeAmbiguous: boolean
  receivedAt: string
  subject: string | null
  schema: string
  policy: string
  /** Of the first copy: the one that has effect. */
  position: Position
  /** MAC of the raw content. */
  content: string
  /** 1 for a restricted person's event: stored, without effect and unread; else 0. */
  held: 0 | 1
  event: JsonObject
}

/** A rejected event, in collection `quarantine`, under its id. Its end is the document's own. */
export interface StoredQuarantine extends Omit<QuarantineRecord, 'expiresAtMs'> {
  /** What rejections of one kind share: pointer and keyword of the first error. */
  cause: string
  position: Position
}

/** Something that should not be, in collection `anomalies`. Evidence holds no personal value in the clear. */
export interface StoredAnomaly {
  id: string
  dataset: string
  kind: 'conflict' | 'unreadable-record'
  severity: 'high' | 'medium'
  state: 'open'
  detectedAt: string
  /** One sentence. */
  detail: string
  /** The archived event it is about, by document id. */
  eventDocument: string | null
  position: Position
  /** A conflict's copy: protected, and without effect. */
  copy: JsonObject | null
}

/** The retention that was applied last to what is stored of a dataset, in collection `retentions`, under its name. */
export interface StoredRetention {
  epoch: number
  events: number
  quarantine: number
  /** How often what is stored has been gone over since it is in force: twice, and it is done. */
  passes: 1 | 2
  appliedAtMs: number
}

export function eventDocumentId(dataset: string, eventId: string): string {
  return `${dataset}/${eventId}`
}

/** A body as a plain JSON object: these shapes hold nothing else. */
export function asBody(stored: StoredEvent | StoredQuarantine | StoredAnomaly | StoredRetention): JsonObject {
  return stored as unknown as JsonObject
}
