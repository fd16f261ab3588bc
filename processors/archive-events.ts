// The archive, and the one rule everything rests on: of several copies of an event, the first to be archived is
// effective. A document keeps the position of its first copy; a record is effective if that position is its own.

import type { Documents, StoredDocument } from '../storage/documents/documents.ts'
import type { Position } from '../storage/event-log/event-log.ts'
import { minuteOf } from '../storage/ledger-record.ts'
import { asBody, eventDocumentId, receptionOf, type StoredEvent } from '../storage/stored-shapes.ts'
import type { PlacedEvent } from './read-records.ts'

/** The first copy of an event. */
export interface EffectiveEvent extends PlacedEvent {
  /** Id of the event it was corrected by. */
  rectifiedBy: string | null
}

/** A later copy of the same content. */
export interface DuplicateEvent extends PlacedEvent {
  /** Where the first copy stands. */
  copyOf: Position
}

export interface ArchiveResult {
  effective: EffectiveEvent[]
  /** Without effect. */
  duplicates: DuplicateEvent[]
  /** Later copies of other content: kept apart, told, without effect. */
  conflicts: PlacedEvent[]
}

/**
 * Archives events in the order given. Idempotent.
 * @param retentionMs of events; undefined where nobody says how long
 */
export async function archiveEvents(
  documents: Pick<Documents, 'insertFirst'>,
  events: PlacedEvent[],
  retentionMs: number | undefined,
): Promise<ArchiveResult> {
  const result: ArchiveResult = { effective: [], duplicates: [], conflicts: [] }
  if (events.length === 0) return result
  const stored = await documents.insertFirst(
    'events',
    events.map(event => toDocument(event, retentionMs)),
  )
  for (const [i, event] of events.entries()) {
    const first = stored[i]!.body as unknown as StoredEvent
    if (samePosition(first.position, event.position)) {
      const { rectifiedBy = null, watermark = null } = first
      result.effective.push({ ...event, rectifiedBy, watermark })
    } else if (first.content === event.record.content) result.duplicates.push({ ...event, copyOf: first.position })
    else result.conflicts.push(event)
  }
  return result
}

function toDocument(event: PlacedEvent, retentionMs: number | undefined): StoredDocument {
  const { dataset, id, receivedAt } = event.record
  return {
    id: eventDocumentId(dataset, id),
    version: 0,
    expiresAtMs: retentionMs === undefined ? null : Date.parse(receivedAt) + retentionMs,
    body: asBody(toStoredEvent({ ...event, rectifiedBy: null })),
  }
}

/** An event as it is archived. */
export function toStoredEvent({ record, position, rectifiedBy, watermark = null }: EffectiveEvent): StoredEvent {
  const { id, dataset, time, timeAmbiguous, receivedAt, subject, others, schema, policy, content, held, event } = record
  const { rectification, replay } = record
  return {
    id,
    dataset,
    time,
    timeAmbiguous,
    receivedAt,
    subject,
    others,
    schema,
    policy,
    position,
    content,
    watermark,
    changes: 0,
    receivedIn: receptionOf(dataset, minuteOf(replay?.at ?? receivedAt)),
    held: held ? 1 : 0,
    rectifies: rectification?.event ?? null,
    rectifiedAt: rectification?.at ?? null,
    rectifiedBy,
    reprotectedAt: null,
    ...(replay && { replay }),
    event,
  }
}

export function samePosition(a: Position, b: Position): boolean {
  return a.offset === b.offset && a.partition === b.partition && a.incarnation === b.incarnation
}
