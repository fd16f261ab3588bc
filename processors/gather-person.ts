// Gathers, for an export, all that is stored of a person: events, what others' events hold of them, copies, rejected
// originals, what the lake keeps longer, and what the audit says of who read it.

import { openOrNote, readEntry } from '../governance/audit/record.ts'
import type { ContractFinder } from '../governance/contract/find-contract.ts'
import { ownOriginal, ownPart } from '../governance/subjects/export/own-part.ts'
import type { DataAccess, DatasetData, OwnRecord, PersonalData } from '../governance/subjects/export/personal-data.ts'
import { RequestFailed } from '../governance/subjects/find-asked.ts'
import type { KnownPerson } from '../governance/subjects/find-persons.ts'
import type { Original } from '../governance/subjects/quarantine-seal.ts'
import type { Documents, StoredDocument } from '../storage/documents/documents.ts'
import type { JsonObject } from '../storage/json.ts'
import type { StoredAuditEntry } from '../storage/stored-audit.ts'
import { isLeft, type StoredQuarantine } from '../storage/stored-quarantine.ts'
import {
  asBody,
  eventDocumentId,
  type StoredAnomaly,
  type StoredContract,
  type StoredEvent,
  type StoredMention,
} from '../storage/stored-shapes.ts'
import { pagesOf } from './holders/pages-of.ts'

const AUDIT_PAGE = 500
/** Of all records together, as they are stored: a package is made in memory. */
const MAX_BYTES = 64 * 1_048_576

export interface GatherDeps {
  documents: Documents
  contracts: Pick<ContractFinder, 'find'>
  /** Records in one package. */
  maxRecords: number
  /** Tells of each event of these persons in the lake, which may keep them longer, and until when it does, ms. */
  findInLake(
    persons: ReadonlySet<string>,
    onEvent: (event: StoredEvent, untilMs: number | null) => Promise<void>,
  ): Promise<void>
  /** The original of a rejected event; undefined where it cannot be opened any more. */
  openOriginal(entry: StoredQuarantine): Promise<Original | undefined>
  /** Kinds of other names that policies let a person of this type answer to. */
  aliasTypes(type: string): string[]
  /** How many other names the vault knows of a person. */
  countAliases(person: KnownPerson): Promise<number>
}

type Persons = ReadonlyMap<string, KnownPerson>

/**
 * @param persons the same human being, by pseudonym
 * @param onRecords told how many records were gathered so far
 * @throws RequestFailed when there are more than fit one package
 */
export async function gatherPerson(
  deps: GatherDeps,
  persons: Persons,
  onRecords: (records: number) => Promise<void>,
): Promise<PersonalData> {
  const { documents } = deps
  const pseudonyms = [...persons.keys()]
  const datasets = openDatasets(deps, persons)
  let records = 0
  let bytes = 0

  async function visit(collection: Parameters<typeof pagesOf>[1], add: (found: StoredDocument) => Promise<void>) {
    for await (const page of pagesOf(documents, collection, pseudonyms)) {
      records += page.length
      for (const found of page) bytes += JSON.stringify(found.body).length
      if (records > deps.maxRecords || bytes > MAX_BYTES) throw tooMuch(deps.maxRecords)
      for (const found of page) await add(found)
      await onRecords(records)
    }
  }

  const addNamed = { events: datasets.addEvent, anomalies: datasets.addConflict, quarantine: datasets.addRejected }
  await visit('events', datasets.addEvent)
  await visit('anomalies', datasets.addConflict)
  await visit('quarantine', datasets.addRejected)
  await visit('mentions', async ({ body }) => {
    const { collection, document } = body as unknown as StoredMention
    const found = await documents.get(collection, document)
    if (found) await addNamed[collection](found)
  })
  await deps.findInLake(new Set(pseudonyms), async (event, untilMs) => {
    const id = eventDocumentId(event.dataset, event.id)
    if (datasets.has(id)) return
    records++
    bytes += JSON.stringify(event).length
    if (records > deps.maxRecords || bytes > MAX_BYTES) throw tooMuch(deps.maxRecords)
    await datasets.addEvent({ id, version: 0, expiresAtMs: untilMs, body: asBody(event) })
  })
  const found = datasets.sorted()
  const ownIds = new Set(found.flatMap(each => each.records.flatMap(({ id }) => id ?? [])))
  const states = [...persons.values()].map(async person => ({
    type: person.type,
    id: person.id,
    restricted: person.state === 'restricted',
    objections: [...person.objections],
    aliases: { count: await deps.countAliases(person), types: deps.aliasTypes(person.type) },
  }))
  return {
    persons: await Promise.all(states),
    datasets: found,
    accesses: await gatherAccesses(documents, persons, ownIds),
  }
}

function openDatasets({ contracts, openOriginal }: GatherDeps, persons: Persons) {
  const byName = new Map<string, DatasetData>()
  /** Documents by id: a person may be named twice in one. */
  const seen = new Set<string>()

  async function datasetOf(name: string, found: StoredContract | undefined): Promise<DatasetData> {
    const known = byName.get(name) ?? { dataset: name, contracts: [], records: [], rejected: [] }
    byName.set(name, known)
    if (found && !known.contracts.some(({ schema, policy }) => schema === found.schema && policy === found.policy))
      known.contracts.push(found)
    return known
  }

  async function addRecord(
    found: StoredDocument,
    stored: Pick<StoredEvent, 'dataset' | 'id' | 'subject' | 'event'>,
    facts: Omit<OwnRecord, 'keptUntil' | 'event' | 'closed'>,
  ): Promise<void> {
    const key = `${facts.kind === 'conflict'} ${found.id}`
    if (seen.has(key)) return
    seen.add(key)
    const { schema, policy } = facts
    const contract = await contracts.find({ dataset: stored.dataset, schema, policy })
    const { records } = await datasetOf(stored.dataset, contract)
    const own = contract ? ownPart(contract, stored, persons) : { event: {}, closed: [] }
    records.push({ ...facts, keptUntil: timeOf(found.expiresAtMs), ...own })
  }

  return {
    /** Whether an event is among them, by its document's id. */
    has: (id: string) => seen.has(`false ${id}`),
    addEvent: (found: StoredDocument) => {
      const event = found.body as unknown as StoredEvent
      const { time, receivedAt, schema, policy } = event
      const isOwn = event.subject !== null && persons.has(event.subject)
      return addRecord(found, event, {
        kind: isOwn ? 'event' : 'mention',
        id: isOwn ? event.id : null,
        time,
        receivedAt,
        schema,
        policy,
        held: event.held === 1,
        rectifies: (isOwn && event.rectifies) || null,
        rectifiedBy: (isOwn && event.rectifiedBy) || null,
      })
    },
    addConflict: async (found: StoredDocument) => {
      const { dataset, subject, schema, policy, copy, eventDocument, detectedAt } =
        found.body as unknown as StoredAnomaly
      if (copy === null || schema === null || policy === null || eventDocument === null) return
      const id = eventDocument.slice(dataset.length + 1)
      const isOwn = subject !== null && persons.has(subject)
      const facts = { time: null, receivedAt: detectedAt, schema, policy, held: false }
      await addRecord(
        found,
        { dataset, id, subject, event: copy },
        { kind: 'conflict', id: isOwn ? id : null, ...facts, rectifies: null, rectifiedBy: null },
      )
    },
    addRejected: async (found: StoredDocument) => {
      // It left the quarantine: what it became is an event.
      if (isLeft(found.body)) return
      const entry = found.body as unknown as StoredQuarantine
      const { id, dataset, receivedAt, schema, policy, errors } = entry
      if (seen.has(`rejected ${id}`)) return
      seen.add(`rejected ${id}`)
      const contract = await contracts.find({ dataset, schema, policy })
      const { rejected } = await datasetOf(dataset, contract)
      const original = await openOriginal(entry)
      rejected.push({
        id,
        receivedAt,
        schema,
        policy,
        errors: errors as unknown as JsonObject[],
        keptUntil: timeOf(found.expiresAtMs),
        original: original ? ownOriginal(contract, original, [...persons.values()]) : null,
      })
    },
    /** In an order that does not depend on how they were found. */
    sorted: (): DatasetData[] =>
      sortedBy([...byName.values()], ({ dataset }) => [dataset]).map(({ dataset, contracts, records, rejected }) => ({
        dataset,
        contracts: sortedBy(contracts, ({ schema, policy }) => [schema, policy]),
        records: sortedBy(records, ({ time, receivedAt, id, event, kind }) => [
          time ?? receivedAt,
          receivedAt,
          id ?? JSON.stringify(event),
          kind,
        ]),
        rejected: sortedBy(rejected, ({ receivedAt, id }) => [receivedAt, id]),
      })),
  }
}

/** Entries about the person, opened. */
async function gatherAccesses(documents: Documents, persons: Persons, ownIds: Set<string>): Promise<DataAccess[]> {
  const accesses: DataAccess[] = []
  for (const { keys } of persons.values()) {
    for (let from = 0; ; ) {
      const where = { person: keys.auditTag, index: { from } }
      const page = await documents.find('audit', {
        where,
        sort: { by: 'index', order: 'ascending' },
        limit: AUDIT_PAGE,
      })
      for (const { body } of page) {
        const { text } = body as unknown as StoredAuditEntry
        if (text === null) continue
        const entry = readEntry(Buffer.from(text))
        const { content, note } = openOrNote(keys, entry)
        const { purpose, events } = (content ?? {}) as { purpose?: string; events?: string[] }
        const own = (events ?? []).filter(id => ownIds.has(id))
        accesses.push({
          at: entry.at,
          kind: entry.kind,
          actor: entry.actor,
          dataset: entry.dataset ?? null,
          purpose: purpose ?? null,
          events: own,
          otherEvents: (events ?? []).length - own.length,
          opened: note === null,
        })
      }
      const last = page.at(-1)
      if (!last || page.length < AUDIT_PAGE) break
      from = (last.body as unknown as StoredAuditEntry).index + 1
    }
  }
  return sortedBy(accesses, ({ at, kind }) => [at, kind])
}

function tooMuch(maxRecords: number): RequestFailed {
  return new RequestFailed(
    `more is stored of the person than one package holds (${maxRecords} records, ${MAX_BYTES} bytes): ` +
      'raise ECLUSE_MAX_EXPORT_EVENTS and file the request again, or give the person the datasets one by one',
  )
}

/** By texts, the first that differ. */
function sortedBy<T>(items: T[], keyOf: (item: T) => string[]): T[] {
  const keyed = items.map(item => ({ item, key: keyOf(item) }))
  const compare = (a: string[], b: string[]) => {
    const at = a.findIndex((text, i) => text !== b[i])
    return at < 0 ? 0 : a[at]! < b[at]! ? -1 : 1
  }
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ item }) => item)
}

const timeOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
