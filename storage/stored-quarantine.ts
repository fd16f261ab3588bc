// Rejected events as they rest in the documents, and what is left of one that has left.

import type { Position } from './event-log/event-log.ts'
import type { JsonObject } from './json.ts'
import type { QuarantineRecord } from './quarantine-record.ts'

/** A rejected event, in collection `quarantine`, under its id. Its end is the document's own. */
export interface StoredQuarantine extends Omit<QuarantineRecord, 'expiresAtMs'> {
  /** What rejections of one kind share: pointer and keyword of the first error. */
  cause: string
  /** The first person, under whose key the original is sealed; null under the key of a day. */
  subject: string | null
  position: Position
  /** The request that gave it this outcome last, and left it here. */
  request?: string
  outcome?: string
}

/**
 * What is left of an entry that left the quarantine, under its id: the log's copy, read again, finds its place taken. So
 * it is kept for as long as the log may hold that copy. It has no `dataset` and no `cause`: who lists entries does not
 * find it.
 */
export interface StoredLeft {
  /** The dataset. */
  left: string
  receivedAt: string
  /** As of the entry: the sealed copy in the log is this person's. */
  subject: string | null
  request: string
  outcome: string
}

/** Whether a document of the quarantine is what is left of an entry. */
export const isLeft = (body: JsonObject): boolean => body.left !== undefined
