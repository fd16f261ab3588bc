// Where protected events rest in the documents, and how one is put back there: in the archive, and as the copy of a
// conflicting event that an anomaly keeps.

import type { SealedEvent } from '../governance/access/open-event.ts'
import type { StoredDocument } from '../storage/documents/documents.ts'
import type { Position } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import { loggedAt, type StoredAnomaly, type StoredEvent } from '../storage/stored-shapes.ts'

export type Kept = 'events' | 'anomalies'

export interface KeptEvent extends SealedEvent, Pick<StoredEvent, 'schema' | 'policy' | 'others'> {
  documentId: string
  position: Position
  /** When the log took its record, RFC 3339. */
  loggedAt: string
  reprotectedAt: string | null
}

/** Undefined where the document holds no event. */
export function keptIn(collection: Kept, { id: documentId, body }: StoredDocument): KeptEvent | undefined {
  const reprotectedAt = (body.reprotectedAt as string | null | undefined) ?? null
  if (collection === 'events') {
    const event = body as unknown as StoredEvent
    return { ...event, others: event.others ?? [], documentId, loggedAt: loggedAt(event), reprotectedAt }
  }
  const { dataset, subject, schema, policy, copy, eventDocument, position, detectedAt } =
    body as unknown as StoredAnomaly
  if (!copy || schema === null || policy === null || eventDocument === null || !position) return undefined
  const id = eventDocument.slice(dataset.length + 1)
  return {
    dataset,
    id,
    subject,
    others: [],
    schema,
    policy,
    event: copy,
    position,
    documentId,
    loggedAt: detectedAt,
    reprotectedAt,
  }
}

/** The document's body with the event protected anew. */
export function withEvent(
  collection: Kept,
  body: JsonObject,
  { event, ...marks }: { event: JsonObject; policy: string; reprotectedAt: string },
): JsonObject {
  return { ...body, ...marks, [collection === 'events' ? 'event' : 'copy']: event }
}
