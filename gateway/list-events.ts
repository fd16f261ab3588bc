// A page of stored events, filled with what may be seen: events that are not shown leave no gap, neither in the page nor
// in whether there is a next one, so that a list tells nothing of them.

import type { EnvelopeLevels } from '../governance/access/event-reading.ts'
import type { ShownEvent } from '../governance/access/show-event.ts'
import type { Filter } from '../storage/documents/documents.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import type { Vault } from '../storage/vault/vault.ts'
import type { CursorSeal } from './cursor.ts'
import { cursorAt, DEFAULT_LIMIT, findDocuments } from './find-page.ts'
import { readTime } from './read-time.ts'
import { type ReadRequest, type ShowDeps, showEvents } from './show-events.ts'

/** A page that is not full yet is gone on with by this many, and so often: what one request reads is bounded. */
const READ_ON = 100
const MAX_READS = 10

export interface EventsQuery {
  subject?: string
  from?: string
  to?: string
  limit?: number
  cursor?: string
}

/** Which members of an event the query goes by, beside those every list does. */
export function askedOf({ subject, from, to }: EventsQuery): [what: string, member: keyof EnvelopeLevels][] {
  const hasTime = from !== undefined || to !== undefined
  return [
    [hasTime ? 'The filter from or to' : 'The order of this list', 'time'],
    ['The cursor of this list', 'id'],
    ...(subject === undefined ? [] : [['The filter subject', 'subject'] as [string, 'subject']]),
  ]
}

/**
 * Newest first. Only past `MAX_READS` a page ends before it is full, or even empty, with a cursor to go on with.
 * @throws RequestRefused 400 for a cursor or a time that is none
 */
export async function listEvents(
  deps: ShowDeps,
  read: Omit<ReadRequest, 'most'>,
  query: EventsQuery,
  sealed: CursorSeal,
): Promise<{ items: ShownEvent[]; next: string | null }> {
  const { limit = DEFAULT_LIMIT } = query
  const where = await whereOf(deps.vault, read.live.dataset, query)
  const items: ShownEvent[] = []
  let { cursor } = query
  for (let reads = 1; ; reads++) {
    const atOnce = reads === 1 ? limit : READ_ON
    const page = { collection: 'events', where, sortBy: 'time', limit: atOnce, cursor, sealed }
    const { found, next } = await findDocuments(deps.documents, page)
    const most = limit - items.length
    const shown = await showEvents(
      deps,
      { ...read, most },
      found.map(({ body }) => body as unknown as StoredEvent),
    )
    items.push(...shown.filter(event => event !== undefined))
    if (items.length === limit) return { items, next: cursorAt(found[shown.length - 1]!, 'time', sealed) }
    if (next === null || reads === MAX_READS) return { items, next }
    cursor = next
  }
}

/** Of a person of whom nothing may be read, what is searched for is nobody's: the same calls find as little. */
async function whereOf(vault: Vault, dataset: string, { subject, from, to }: EventsQuery): Promise<Filter> {
  const where: Filter = { dataset, held: 0 }
  if (from !== undefined || to !== undefined)
    where.time = {
      ...(from !== undefined && { from: readTime(from) }),
      ...(to !== undefined && { before: readTime(to) }),
    }
  if (subject !== undefined) where.subject = (await vault.findUnreadable([subject])).has(subject) ? NOBODY : subject
  return where
}

/** No pseudonym. */
const NOBODY = ''
