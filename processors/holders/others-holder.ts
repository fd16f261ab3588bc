// Other persons' events as a holder: where somebody is named who is not the first one, their part of it is taken out.

import type { ContractFinder } from '../../governance/contract/find-contract.ts'
import type { AskedPerson } from '../../governance/subjects/find-asked.ts'
import type { Holder } from '../../governance/subjects/holder.ts'
import { redactSubjects } from '../../governance/subjects/redact-subjects.ts'
import { changeDocument } from '../../storage/documents/change-document.ts'
import type { Documents, StoredDocument } from '../../storage/documents/documents.ts'
import type { StoredEvent, StoredMention } from '../../storage/stored-shapes.ts'
import { changeEvent } from '../change-event.ts'
import { type FillDeps, fillTables } from '../fill-tables.ts'
import type { Retentions } from '../retentions.ts'
import { noteDays } from '../windows/note-days.ts'
import { pagesOf } from './pages-of.ts'
import { rememberRemovedTexts } from './removed-texts.ts'

export interface OthersHolderDeps extends FillDeps {
  documents: Documents
  retentions: Pick<Retentions, 'inForce'>
  contracts: Pick<ContractFinder, 'find'>
}

export function othersHolder(deps: OthersHolderDeps): Holder {
  const { documents } = deps
  const texts = rememberRemovedTexts(documents, 'others')
  const pseudonymsOf = (persons: AskedPerson[]) => persons.map(({ pseudonym }) => pseudonym)

  /** Document and row without these persons; without all content where nobody knows what of it is theirs. */
  async function redactEvent(stored: StoredDocument, persons: AskedPerson[]): Promise<void> {
    const { dataset, schema, policy, event } = stored.body as unknown as StoredEvent
    const contract = await deps.contracts.find({ dataset, schema, policy })
    const gone = new Set(pseudonymsOf(persons))
    await texts.note(persons, event)
    const changed = await changeEvent(documents, stored.id, each => {
      if (!each.others.some(other => gone.has(other))) return undefined
      const others = each.others.filter(other => !gone.has(other))
      return { ...each, others, event: contract ? redactSubjects(each.event, contract, gone) : {} }
    })
    // What counted their part of it is computed anew with the rest of what was theirs.
    if (changed) await noteDays(documents, [changed], persons[0]!.pseudonym)
    if (changed?.held === 0) await fillTables(deps, dataset, [changed], await deps.retentions.inForce(dataset))
  }

  async function redact({ collection, document }: StoredMention, persons: AskedPerson[]): Promise<void> {
    const stored = await documents.get(collection, document)
    if (!stored) return
    if (collection === 'events') return redactEvent(stored, persons)
    await texts.note(persons, stored.body)
    // Broken as it is, nobody can tell what of it is theirs.
    if (collection === 'quarantine') return documents.delete(collection, [document])
    // A copy without effect: nobody needs it.
    await changeDocument(documents, collection, document, body => ({ ...body, copy: null }))
  }

  return {
    name: 'other persons’ events',
    erase: async persons => {
      let redacted = 0
      await texts.note(persons, [])
      for await (const page of pagesOf(documents, 'mentions', pseudonymsOf(persons))) {
        for (const { body } of page) await redact(body as unknown as StoredMention, persons)
        await documents.delete(
          'mentions',
          page.map(({ id }) => id),
        )
        redacted += page.length
      }
      return redacted
    },
    countLeft: async persons => {
      for await (const page of pagesOf(documents, 'mentions', pseudonymsOf(persons))) return page.length
      return 0
    },
    scrub: persons =>
      texts.scrub(
        persons,
        documents.scrub,
        'Documents as they were before leave the server’s own files and journals in time.',
      ),
  }
}
