// One event by its id: as it is archived, with the copies of its id that came with other content, and what the caller may
// see of each. One that may not be read is looked for with the calls of one that does not exist.

import type { ShownEvent } from '../governance/access/show-event.ts'
import type { StoredDocument } from '../storage/documents/documents.ts'
import type { Position } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventDocumentId, type StoredAnomaly, type StoredEvent } from '../storage/stored-shapes.ts'
import { RequestRefused } from './body/request-refused.ts'
import { type ReadRequest, type ShowDeps, showEvents } from './show-events.ts'

const MAX_CONFLICTS_SHOWN = 100

export interface FoundEvent {
  stored: StoredEvent
  /** When its retention ends, ms since the epoch. */
  expiresAtMs: StoredDocument['expiresAtMs']
  shown: ShownEvent
  /** Those that may be seen. */
  conflicts: { detectedAt: string; position: Position; shown: ShownEvent }[]
}

/**
 * Undefined where there is none, or none that may be read.
 * @throws VaultUnavailable, EventLogUnavailable, DocumentsUnavailable
 */
export async function findEvent(
  deps: ShowDeps,
  read: Omit<ReadRequest, 'askedBy' | 'most'>,
  id: string,
): Promise<FoundEvent | undefined> {
  const { documents } = deps
  const documentId = eventDocumentId(read.live.dataset, id)
  const document = await documents.get('events', documentId)
  const stored = document?.body as unknown as StoredEvent | undefined
  const where = { eventDocument: documentId }
  const anomalies = await documents.find('anomalies', { where, limit: MAX_CONFLICTS_SHOWN })
  const copies = anomalies.map(({ body }) => body as unknown as StoredAnomaly).filter(isWholeCopy)
  const events = stored?.held === 0 ? [stored, ...copies.map(copy => conflicting(stored, copy))] : []
  const [shown, ...shownCopies] = await showEvents(deps, { ...read, askedBy: ['id'] }, events)
  if (!stored || !shown) return undefined
  return {
    stored,
    expiresAtMs: document!.expiresAtMs,
    shown,
    conflicts: copies.flatMap(({ detectedAt, position }, i) => {
      const copy = shownCopies[i]
      return copy ? [{ detectedAt, position, shown: copy }] : []
    }),
  }
}

export type WholeCopy = StoredAnomaly & { schema: string; policy: string; copy: JsonObject; position: Position }

/** An unreadable record is no copy of an event; of a copy that named somebody who was erased nothing is left. */
export function isWholeCopy(anomaly: StoredAnomaly): anomaly is WholeCopy {
  const { schema, policy, copy, position } = anomaly
  return schema !== null && policy !== null && copy !== null && position !== null
}

/** A conflict's copy in the place of the event it conflicts with. */
export function conflicting(first: StoredEvent, { subject, schema, policy, copy, position }: WholeCopy): StoredEvent {
  return { ...first, subject, schema, policy, event: copy, position }
}

export function noSuchEvent(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'No event of this id is archived, or none that may be read.',
    fix: 'An accepted event is archived moments later; ids made from personal fields are stored as tokens.',
  })
}
