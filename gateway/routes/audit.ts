// Reading the audit's entries. What is personal in one is shown to who names the person, while that person lives, and
// that it was read stands in the audit before it is answered.

import Type from 'typebox'
import { type AuditEntry, openOrNote } from '../../governance/audit/record.ts'
import { findPersons, type KnownPerson } from '../../governance/subjects/find-persons.ts'
import type { Filter } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import type { StoredAuditEntry } from '../../storage/stored-audit.ts'
import { findPage } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { readTime } from '../read-time.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'

const EntryShape = Type.Object({
  index: Type.Integer({ description: 'The leaf of the audit tree' }),
  leafHash: Type.String({ description: 'SHA-256 of a zero byte and the record, hex (RFC 6962)' }),
  entry: Type.Unknown({ description: 'As it stands in the log; null for a record that is no entry' }),
  note: Type.Union([Type.String(), Type.Null()], {
    description: 'Why the record is no entry, or its sealed part does not open',
  }),
  private: Type.Optional(Type.Unknown({ description: 'The sealed part, opened: only where `subject` is named' })),
})

const name = Type.Optional(Type.String({ maxLength: 256 }))
const time = Type.Optional(Type.String({ format: 'date-time', description: 'RFC 3339' }))

interface Shown {
  index: number
  leafHash: string
  entry: AuditEntry | null
  note: string | null
  private?: JsonObject
}

export function auditEntriesRoute(app: Gateway, { vault, ring, documents, audit }: GatewayDeps): void {
  app.get(
    '/v1/audit/entries',
    {
      config: { access: { action: 'audit', dataset: '*' } },
      schema: {
        tags: ['audit'],
        summary: 'Entries of the audit, newest first',
        querystring: Type.Object(
          {
            kind: name,
            dataset: name,
            from: time,
            to: time,
            subject: Type.Optional(
              Type.String({ maxLength: 64, description: 'A pseudonym: entries about this person' }),
            ),
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        response: answers(200, listOf(EntryShape), 400, 401, 403),
      },
    },
    async request => {
      const { kind, dataset, from, to, subject, limit, cursor } = request.query
      const person = subject === undefined ? undefined : await findReadable(subject)
      if (subject !== undefined && !person) return { items: [], next: null }
      const where: Filter = {}
      if (kind !== undefined) where.kind = kind
      if (dataset !== undefined) where.dataset = dataset
      if (person) where.person = person.keys.auditTag
      if (from !== undefined || to !== undefined)
        where.at = { ...(from && { from: readTime(from) }), ...(to && { before: readTime(to) }) }
      const page = await findPage(documents, {
        collection: 'audit',
        where,
        sortBy: 'index',
        limit,
        cursor,
        show: shown,
      })
      if (person) await openPrivate(request.caller.id, person, page.items)
      return page
    },
  )

  /** Nothing is opened of who is restricted, or about to be erased. */
  async function findReadable(pseudonym: string): Promise<KnownPerson | undefined> {
    const person = (await findPersons(vault, ring, [pseudonym])).get(pseudonym)
    return person?.state === 'active' ? person : undefined
  }

  /** Opens the sealed parts in place, once it is recorded who reads them. */
  async function openPrivate(actor: string, person: KnownPerson, items: Shown[]): Promise<void> {
    const opened: string[] = []
    for (const item of items) {
      if (!item.entry) continue
      const { content, note } = openOrNote(person.keys, item.entry)
      item.note ??= note
      if (!content) continue
      item.private = content
      opened.push(item.entry.id)
    }
    if (opened.length === 0) return
    await audit.record({
      kind: 'clear-read',
      actor,
      details: { of: 'audit', entries: opened.length },
      about: { person, sealed: { entries: opened } },
    })
  }
}

function shown(body: JsonObject): Shown {
  const { index, leafHash, text, note } = body as unknown as StoredAuditEntry
  return { index, leafHash, entry: text === null ? null : (JSON.parse(text) as AuditEntry), note }
}
