// The documents as a holder: a person's events, the originals of their rejected ones, copies kept as anomalies, and what
// was noted beside them.

import type { AskedPerson } from '../../governance/subjects/find-asked.ts'
import type { Holder } from '../../governance/subjects/holder.ts'
import type { Documents, StoredDocument } from '../../storage/documents/documents.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import { noteRemovals } from '../ledger/note-removals.ts'
import { mentionId } from '../note-mentions.ts'
import { type NoteDeps, notePassedOver } from '../note-passed-over.ts'
import { noteDays } from '../windows/note-days.ts'
import { pagesOf } from './pages-of.ts'
import { rememberRemovedTexts } from './removed-texts.ts'

const COLLECTIONS = ['events', 'quarantine', 'anomalies'] as const

const pseudonymsOf = (persons: AskedPerson[]) => persons.map(({ pseudonym }) => pseudonym)

export interface DocumentsHolderDeps extends NoteDeps {
  documents: Documents
  /** How long the log keeps a dataset's records; undefined where nobody says. */
  logMs(dataset: string): number | undefined
}

export function documentsHolder(deps: DocumentsHolderDeps): Holder {
  const { documents } = deps
  const texts = rememberRemovedTexts(documents, 'documents')

  return {
    name: 'documents',
    erase: async persons => {
      const pseudonyms = pseudonymsOf(persons)
      let removed = 0
      await texts.note(persons, [])
      for (const collection of [...COLLECTIONS, 'passed_over'] as const) {
        for await (const page of pagesOf(documents, collection, pseudonyms)) {
          await texts.note(
            persons,
            page.map(({ body }) => body),
          )
          if (collection === 'events') await releaseEvents(deps, page)
          await documents.delete(
            collection,
            page.map(({ id }) => id),
          )
          removed += page.length
        }
      }
      return removed
    },
    countLeft: async persons => {
      // Notes of what passes by in the log say nothing of a person, and end with it.
      for (const collection of COLLECTIONS)
        for await (const page of pagesOf(documents, collection, pseudonymsOf(persons))) return page.length
      return 0
    },
    scrub: persons =>
      texts.scrub(
        persons,
        documents.scrub,
        'Removed documents leave the server’s own files and journals when it writes over them.',
      ),
  }
}

/**
 * Of other persons it is noted what stays of them in the log; their mentions lead nowhere then. Aggregates over the
 * days of what goes are to be computed anew, and the ledger learns why it is missing.
 */
async function releaseEvents(deps: DocumentsHolderDeps, page: StoredDocument[]): Promise<void> {
  const { documents, logMs } = deps
  const events = page.map(({ id, body }) => ({ document: id, ...(body as unknown as StoredEvent) }))
  for (const event of events) await notePassedOver(deps, [{ ...event, subject: null }], logMs(event.dataset))
  const mentions = events.flatMap(({ document, others }) =>
    (others ?? []).map(other => mentionId(other, 'events', document)),
  )
  await documents.delete('mentions', mentions)
  for (const event of events) await noteDays(documents, [event], event.subject!)
  await noteRemovals(documents, page)
}
