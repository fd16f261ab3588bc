// An event's passport: what became of it, step by step, and where it rests. Told from what is noted anyway, in times,
// places and names of other events: no value of the event stands in it, and no time that nobody noted.

import type { LiveContract } from '../governance/contract/catalogue.ts'
import { topicOf } from '../governance/contract/topic-of.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { Position } from '../storage/event-log/event-log.ts'
import { placeInLog, type StoredPassedOver } from '../storage/stored-passed-over.ts'
import { eventDocumentId, loggedAt, type StoredEvent } from '../storage/stored-shapes.ts'
import type { FoundEvent } from './find-event.ts'
import { type FindPlacesDeps, findPlaces, type Place } from './find-places.ts'

const MAX_DUPLICATES_SHOWN = 100

export const stepNames = [
  ...['received', 'corrects', 'quarantined', 'replayed', 'discarded', 'appended'],
  ...['duplicate', 'conflict', 'corrected', 'reprotected'],
] as const

export interface Step {
  step: (typeof stepNames)[number]
  /** RFC 3339; missing where nobody noted it. */
  at?: string
  /** In the log. */
  position?: Position & { topic: string }
  /** The event that it corrects, or was corrected by. */
  event?: string
  /** The request that replayed or discarded it, and what came of it there. */
  request?: string
  outcome?: string
  /** What it was checked against, and why it was rejected. */
  schema?: string
  policy?: string
  causes?: { pointer: string; keyword: string }[]
}

export interface EventHistory {
  id: string
  dataset: string
  /** Where it stands today. */
  outcome: 'accepted' | 'rejected' | 'replayed' | 'discarded'
  /** What it is stored under. */
  schema?: string
  policy?: string
  steps: Step[]
  stored: Place[]
}

export interface HistoryDeps extends FindPlacesDeps {
  documents: Pick<Documents, 'find' | 'get'>
}

/** Of an event that the caller may see. @throws DocumentsUnavailable */
export async function eventHistory(deps: HistoryDeps, live: LiveContract, found: FoundEvent): Promise<EventHistory> {
  const { documents } = deps
  const { stored, conflicts } = found
  const { id, dataset, schema, policy, position, rectifiedBy } = stored
  const where = { copyOf: placeInLog(dataset, position) }
  const notes = await documents.find('passed_over', { where, limit: MAX_DUPLICATES_SHOWN })
  const duplicates = notes.map(({ body }) => body as unknown as StoredPassedOver)
  const correction = rectifiedBy ? await documents.get('events', eventDocumentId(dataset, rectifiedBy)) : undefined
  const correctedAt = (correction?.body as unknown as StoredEvent | undefined)?.rectifiedAt ?? undefined
  const steps = stepsOf(stored, { duplicates, conflicts, correctedAt })
  const lastLoggedAt = [loggedAt(stored), ...duplicates.map(({ receivedAt }) => receivedAt)].sort().at(-1)!
  const places = await findPlaces(deps, live, found, lastLoggedAt)
  return { id, dataset, outcome: 'accepted', schema, policy, steps, stored: places }
}

export interface Later {
  duplicates: Pick<StoredPassedOver, 'receivedAt' | 'position'>[]
  conflicts: Pick<FoundEvent['conflicts'][number], 'detectedAt' | 'position'>[]
  /** When the correction was made of an event that has one, if that is known. */
  correctedAt: string | undefined
}

/** Up to the log in the order in which they were; what came later by its time. */
export function stepsOf(stored: StoredEvent, { duplicates, conflicts, correctedAt }: Later): Step[] {
  const { dataset, receivedAt, position, replay, rectifies, rectifiedAt, rectifiedBy, reprotectedAt } = stored
  const placed = (at: Position | undefined) => (at ? { position: { topic: topicOf(dataset), ...at } } : {})
  const steps: Step[] = rectifies
    ? [{ step: 'corrects', ...timed(rectifiedAt), event: rectifies }]
    : [{ step: 'received', at: receivedAt }]
  if (replay) steps.push({ step: 'quarantined' }, { step: 'replayed', ...replay })
  steps.push({ step: 'appended', ...placed(position) })
  const later: Step[] = [
    ...duplicates.map((copy): Step => ({ step: 'duplicate', at: copy.receivedAt, ...placed(copy.position) })),
    ...conflicts.map((copy): Step => ({ step: 'conflict', at: copy.detectedAt, ...placed(copy.position) })),
  ]
  if (rectifiedBy) later.push({ step: 'corrected', ...timed(correctedAt), event: rectifiedBy })
  if (reprotectedAt) later.push({ step: 'reprotected', at: reprotectedAt })
  return [...steps, ...later.sort(byTime)]
}

/** Times as Écluse writes them are texts in their order. What has none stands last. */
function byTime({ at: a = '~' }: Step, { at: b = '~' }: Step): number {
  return a < b ? -1 : Number(a > b)
}

const timed = (at: string | null | undefined) => (at ? { at } : {})
