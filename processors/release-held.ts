// Gives effect to events that were held while their person was restricted.

import type { AskedPerson } from '../governance/subjects/find-asked.ts'
import type { Documents, FindOptions, StoredDocument } from '../storage/documents/documents.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { changeEvent } from './change-event.ts'
import { type FillDeps, fillTables } from './fill-tables.ts'
import { pagesOf } from './holders/pages-of.ts'
import type { Retentions } from './retentions.ts'
import { noteDays } from './windows/note-days.ts'

export interface ReleaseDeps extends FillDeps {
  documents: Documents
  retentions: Pick<Retentions, 'inForce'>
}

const PAGE = 500

/** @returns how many events. Idempotent: an event is marked once all its effects stand */
export async function releaseHeld(deps: ReleaseDeps, persons: AskedPerson[]): Promise<number> {
  let released = 0
  const pseudonyms = persons.map(({ pseudonym }) => pseudonym)
  for await (const page of pagesOf(deps.documents, 'events', pseudonyms)) released += await release(deps, page)
  return released
}

/**
 * Releases what is held of persons who are not restricted any more: it came in, or was read from the log again, after
 * their restriction was lifted. How many events.
 */
export async function releaseUnrestricted(
  deps: ReleaseDeps & { vault: Pick<Vault, 'findUnreadable'> },
): Promise<number> {
  let released = 0
  let after: FindOptions['after']
  for (;;) {
    const page = await deps.documents.find('events', { where: { held: 1 }, limit: PAGE, ...(after && { after }) })
    const subjects = page.flatMap(({ body }) => (typeof body.subject === 'string' ? body.subject : []))
    const unreadable = await deps.vault.findUnreadable([...new Set(subjects)])
    released += await release(
      deps,
      page.filter(({ body }) => !unreadable.has(body.subject as string)),
    )
    const last = page.at(-1)
    if (!last) return released
    after = { id: last.id }
  }
}

async function release(deps: ReleaseDeps, page: StoredDocument[]): Promise<number> {
  let released = 0
  const held = page.filter(({ body }) => (body as unknown as StoredEvent).held !== 0)
  const events = held.map(({ body }) => body as unknown as StoredEvent)
  // Before, as whoever dies in between does not find them held again; and after, lest it was done in between.
  await noteDays(deps.documents, events)
  for (const stored of held) {
    const event = stored.body as unknown as StoredEvent
    const retention = await deps.retentions.inForce(event.dataset)
    await fillTables(deps, event.dataset, [event], retention)
    const changed = await changeEvent(deps.documents, stored.id, each =>
      each.held === 0 ? undefined : { ...each, held: 0 },
    )
    // As it was changed meanwhile.
    if (changed) await fillTables(deps, event.dataset, [changed], retention)
    released++
  }
  await noteDays(deps.documents, events)
  return released
}
