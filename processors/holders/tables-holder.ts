// The tables as a holder: a person's rows stand in a partition of their own, and lead to those by time.

import type { Holder } from '../../governance/subjects/holder.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventTables } from '../../storage/event-rows.ts'
import type { JsonValue } from '../../storage/json.ts'
import type { Row, Tables } from '../../storage/tables/tables.ts'
import { removalsOf } from '../fill-tables.ts'
import { rememberRemovedTexts } from './removed-texts.ts'

const PAGE = 1_000

export interface TablesHolderDeps {
  tables: EventTables
  scrub: Tables['scrub']
  documents: Documents
  /** Names of all datasets that ever had rows. */
  datasets(): Promise<string[]>
}

export function tablesHolder({ tables, scrub, documents, datasets }: TablesHolderDeps): Holder {
  const texts = rememberRemovedTexts(documents, 'tables')

  async function* pages(pseudonyms: string[]): AsyncGenerator<Row[]> {
    for (const dataset of await datasets()) {
      for (const subject of pseudonyms) {
        for (let before: number | undefined; ; ) {
          const rows = await tables.read('events_by_subject', {
            partition: { dataset, subject },
            limit: PAGE,
            ...(before !== undefined && { range: { before } }),
          })
          if (rows.length > 0) yield rows
          if (rows.length < PAGE) break
          // Newest first; rows of one time may stand on two pages, and removing a row twice does no harm.
          before = (rows.at(-1)!.time as number) + 1
        }
      }
    }
  }

  return {
    name: 'tables',
    erase: async persons => {
      let removed = 0
      await texts.note(persons, [])
      for await (const rows of pages(persons.map(({ pseudonym }) => pseudonym))) {
        const events = rows.map(({ event_id: id, event }) => [id as string, JSON.parse(event as string) as JsonValue])
        await texts.note(persons, events)
        for (const [table, removals] of removalsOf(rows)) await tables.remove(table, removals)
        removed += rows.length
      }
      return removed
    },
    countLeft: async persons => {
      for await (const rows of pages(persons.map(({ pseudonym }) => pseudonym))) return rows.length
      return 0
    },
    scrub: persons =>
      texts.scrub(
        persons,
        scrub,
        'Removed rows leave the server’s own files when it compacts them, after the table’s gc_grace_seconds.',
      ),
  }
}
