// Reading the audit's entries. What is personal in one is shown to who names the person, while that person lives, and
// that it was read stands in the audit before it is answered.

import Type from 'typebox'
import type { Caller } from '../../governance/access/caller.ts'
import { type AuditEntry, openOrNote } from '../../governance/audit/record.ts'
import { declaredKinds, findAsked, RequestFailed, UnknownKind } from '../../governance/subjects/find-asked.ts'
import { findPersons, type KnownPerson } from '../../governance/subjects/find-persons.ts'
import type { Filter } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import type { StoredAuditEntry } from '../../storage/stored-audit.ts'
import { authorise } from '../authorise.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { findPage } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { readTime } from '../read-time.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'
import { NamedShape, unknownKind } from './rights-shapes.ts'

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

const filters = { kind: name, dataset: name, actor: name, from: time, to: time }

interface Asked {
  kind?: string
  dataset?: string
  actor?: string
  from?: string
  to?: string
  limit?: number
  cursor?: string
}

interface Shown {
  index: number
  leafHash: string
  entry: AuditEntry | null
  note: string | null
  private?: JsonObject
}

export function auditEntriesRoute(app: Gateway, deps: GatewayDeps): void {
  const { vault, ring, documents, audit, access, catalogue } = deps
  app.get(
    '/v1/audit/entries',
    {
      config: { access: { action: 'audit', dataset: '*' } },
      schema: {
        tags: ['audit'],
        summary: 'Entries of the audit, newest first',
        querystring: Type.Object(
          {
            ...filters,
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
      const { subject, ...asked } = request.query
      const person = subject === undefined ? undefined : await findReadable(subject)
      if (subject !== undefined && !person) return { items: [], next: null }
      return pageOf(request.caller, asked, person)
    },
  )

  app.post(
    '/v1/audit/searches',
    {
      config: { access: { action: 'audit', dataset: '*' } },
      schema: {
        tags: ['audit'],
        summary: 'Entries about a person, by the id or alias the person goes by; takes the right to export, too',
        body: Type.Object(
          { subject: Type.Optional(NamedShape), alias: Type.Optional(NamedShape), ...filters, ...pageQuery },
          { additionalProperties: false },
        ),
        response: answers(200, listOf(EntryShape), 400, 401, 403),
      },
    },
    async request => {
      const { subject, alias, ...asked } = request.body
      // Whoever may name persons may have all that is stored of them.
      authorise(access.current(), request.caller, 'export', '*')
      if ((subject === undefined) === (alias === undefined)) throw nobodyNamed()
      const named = { subjects: subject ? [subject] : [], ...(alias && { alias }) }
      const { living } = await findAsked(vault, ring, named, declaredKinds(catalogue.all())).catch(error => {
        if (error instanceof UnknownKind) throw unknownKind(error)
        if (error instanceof RequestFailed) throw severalNamed()
        throw error
      })
      const person = living[0] && (await findReadable(living[0].pseudonym))
      return person ? pageOf(request.caller, asked, person) : { items: [], next: null }
    },
  )

  async function pageOf(caller: Caller, asked: Asked, person: KnownPerson | undefined) {
    const { kind, dataset, actor, from, to, limit, cursor } = asked
    const where: Filter = {}
    if (kind !== undefined) where.kind = kind
    if (dataset !== undefined) where.dataset = dataset
    if (actor !== undefined) where.actor = actor
    if (person) where.person = person.keys.auditTag
    if (from !== undefined || to !== undefined)
      where.at = { ...(from && { from: readTime(from) }), ...(to && { before: readTime(to) }) }
    const page = await findPage(documents, { collection: 'audit', where, sortBy: 'index', limit, cursor, show: shown })
    if (person) await openPrivate(caller.id, person, page.items)
    return page
  }

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

function nobodyNamed(): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'Exactly one of subject and alias says whom the entries are about.',
    fix: 'Send for example {"subject":{"type":"customer","id":"…"}}.',
  })
}

function severalNamed(): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'The alias leads to several persons.',
    fix: 'Name the person by the id that the datasets know.',
  })
}
