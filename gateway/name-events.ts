// Which events conflicts are about: told to who may read an event's id, while the event is archived and may be read, as
// GET …/events/{id} tells it. Of all others nothing is told, at the same calls.

import type { Position } from '../storage/event-log/event-log.ts'
import type { StoredAnomaly, StoredEvent } from '../storage/stored-shapes.ts'
import { conflicting, isWholeCopy } from './find-event.ts'
import { type ReadRequest, type ShowDeps, showEvents } from './show-events.ts'

export interface NamedEvent {
  /** As it is stored. */
  id: string
  /** Of the copy that has effect; missing for who may not read what is internal. */
  position?: Position
}

/**
 * By the anomalies' ids. Stores are asked where a conflict is among them, whoever it is about.
 * @throws VaultUnavailable, DocumentsUnavailable
 */
export async function nameEvents(
  deps: ShowDeps,
  read: Omit<ReadRequest, 'askedBy' | 'most'>,
  anomalies: StoredAnomaly[],
): Promise<Map<string, NamedEvent>> {
  const about = anomalies.flatMap(each => (each.eventDocument === null ? [] : [{ ...each, of: each.eventDocument }]))
  const named = new Map<string, NamedEvent>()
  if (about.length === 0) return named
  const ids = [...new Set(about.map(({ of }) => of))]
  const documents = await deps.documents.getAll('events', ids)
  const stored = new Map(ids.map((id, i) => [id, documents[i]?.body as unknown as StoredEvent | undefined]))
  const pairs = about.flatMap(copy => {
    const first = stored.get(copy.of)
    return first?.held === 0 && isWholeCopy(copy) ? [{ copy, first }] : []
  })
  const events = pairs.flatMap(({ copy, first }) => [first, conflicting(first, copy)])
  const shown = await showEvents(deps, { ...read, askedBy: ['id'] }, events)
  for (const [i, { copy, first }] of pairs.entries()) {
    const [event, again] = [shown[2 * i], shown[2 * i + 1]]
    if (event && again) named.set(copy.id, { id: first.id, ...(event.position && { position: event.position }) })
  }
  return named
}
