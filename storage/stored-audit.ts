// The audit and its tree as they rest in the documents: written by processors, read by the gateway.

import type { Position } from './event-log/event-log.ts'
import type { JsonObject } from './json.ts'

/** A leaf of the audit tree, in collection `audit`, under its index as text; gone when its retention ends. */
export interface StoredAuditEntry {
  index: number
  /** Hex, as all hashes. */
  leafHash: string
  /** The exact text of the record; null where it cannot be read as an entry. */
  text: string | null
  /** The exact bytes of such a record, base64; null above a bound, and where there is a text. */
  bytes: string | null
  /** Why it cannot be read. */
  note: string | null
  /** The entry's id, and what else one searches by: as in the text. Without one, the time of the append. */
  entry: string | null
  at: string
  kind: string | null
  actor: string | null
  dataset: string | null
  person: string | null
  position: Position
}

/** A complete subtree, in collection `audit_nodes`, under `<level>/<index>`; leaves have level 0. */
export interface StoredAuditNode {
  hash: string
}

/** How far the audit tree is built, in collection `audit_nodes`, under `tree`. */
export interface StoredAuditTree {
  size: number
  /** Of the complete subtrees it is made of, largest first. */
  hashes: string[]
  /** Of the topic, those before it, and the offset of its record to handle next. */
  incarnation: string
  former: string[]
  nextOffset: number
}

/** A signed head of the audit tree, in collection `audit_heads`, under its size as text. */
export interface StoredAuditHead {
  treeSize: number
  /** The signed document. */
  head: string
}

/** A body as a plain JSON object: these shapes hold nothing else. */
export function asAuditBody(
  stored: StoredAuditEntry | StoredAuditNode | StoredAuditTree | StoredAuditHead,
): JsonObject {
  return stored as unknown as JsonObject
}
