// Protects anew what is stored of a dataset, as its policy asks today: archived events and their rows, and the copies
// that anomalies keep. The log keeps its records as they were appended until their retention ends, which is told. May be
// interrupted at any point and gone on with: what is done already is found so.

import type { Audit } from '../governance/audit/audit.ts'
import type { Catalogue, LiveContract } from '../governance/contract/catalogue.ts'
import { readPointer } from '../governance/contract/event-parts.ts'
import type { ContractFinder } from '../governance/contract/find-contract.ts'
import { logEndMs } from '../governance/contract/log-end.ts'
import { liveContracts, policyVersion } from '../governance/contract/stored-contract.ts'
import { planReprotection, type Reprotection, reprotectEvent } from '../governance/reprotection/reprotect-event.ts'
import { asOutcome, countFields, noTotals, type Totals } from '../governance/reprotection/totals.ts'
import { RequestFailed } from '../governance/subjects/find-asked.ts'
import { findPersons, type KnownPerson } from '../governance/subjects/find-persons.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import { type PassDeps, passProcessors } from '../governance/subjects/pass-processors.ts'
import type { RequestResult, RunningRequest } from '../governance/subjects/running-request.ts'
import { changeDocument } from '../storage/documents/change-document.ts'
import type { Documents, StoredDocument } from '../storage/documents/documents.ts'
import type { JsonValue } from '../storage/json.ts'
import { asBody, contractDocumentId, type StoredContract, type StoredEvent } from '../storage/stored-shapes.ts'
import type { Tables } from '../storage/tables/tables.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { changeEvent } from './change-event.ts'
import { type FillDeps, fillTables } from './fill-tables.ts'
import { notePassedOver } from './note-passed-over.ts'
import { type Kept, type KeptEvent, keptIn, withEvent } from './reprotected-places.ts'
import type { Retentions } from './retentions.ts'
import { noteDays } from './windows/note-days.ts'

const PAGE = 500
/** Documents changed at once. */
const AT_ONCE = 16

export interface ReprotectDeps extends FillDeps, PassDeps {
  vault: Vault
  ring: KeyRing
  catalogue: Pick<Catalogue, 'find'>
  contracts: ContractFinder
  retentions: Pick<Retentions, 'inForce'>
  documents: Documents
  scrubTables: Tables['scrub']
  /** Brings the dataset's rows in the lake to what is archived; how many. Idempotent. */
  rereadLake(dataset: string): Promise<number>
  audit: Audit
}

/** How far a run came, kept with the request. */
interface Progress {
  /** Of what: another policy went live since, and it begins again. */
  policy: string
  collection: Kept
  after: string | null
  totals: Totals
}

/**
 * Goes over what is stored of the dataset that a request names. With `plan` nothing is changed, and it is counted what would be.
 * @throws RequestFailed for a dataset that is not live
 */
export async function reprotectDataset(deps: ReprotectDeps, request: RunningRequest): Promise<RequestResult> {
  const { dataset, plan } = request.content.details as { dataset: string; plan: boolean }
  const { stage } = request
  // Gateways and processors may have worked under the policy of before until now.
  await passProcessors(deps, request)
  const totals = await stage('gone over', () => goOver(deps, request, dataset, plan))
  if (!plan) {
    await stage('lake gone over', () => deps.rereadLake(dataset))
    // Values as they were stand in no free page of our own files any more.
    await stage('residues removed', async () => {
      await deps.scrubTables(undefined)
      await deps.documents.scrub(undefined)
      return null
    })
    await stage('recorded', async () => {
      const { read, changed, skipped } = totals
      const details = { read, changed, skipped }
      await deps.audit.record({ kind: 'reprotected', actor: 'ecluse', dataset, request: request.id, details })
      return null
    })
  }
  return { outcome: asOutcome(totals), certificate: null }
}

async function goOver(deps: ReprotectDeps, request: RunningRequest, dataset: string, plan: boolean): Promise<Totals> {
  const contract = deps.catalogue.find(dataset)
  if (!contract)
    throw new RequestFailed(`no contract of ${dataset} is live here: put its policy back, and file it again`)
  const policy = policyVersion(contract)
  const kept = request.content.progress.progress as unknown as Progress | undefined
  const from = kept?.policy === policy ? kept : undefined
  const totals = from?.totals ?? noTotals()
  const keep = (collection: Kept, after: string | null) =>
    request.keep('progress', { policy, collection, after, totals } satisfies Progress as unknown as JsonValue)
  const plans = openPlans(deps, contract)
  for (const collection of ['events', 'anomalies'] as const) {
    if (from?.collection === 'anomalies' && collection === 'events') continue
    let after = from?.collection === collection ? from.after : null
    for (;;) {
      const page = await deps.documents.find(collection, {
        where: { dataset },
        limit: PAGE,
        ...(after !== null && { after: { id: after } }),
      })
      await goOverPage(deps, { dataset, collection, page, plans, plan, totals })
      await request.tellHolder(collection, totals.read, page.length < PAGE)
      if (page.length < PAGE) break
      after = page.at(-1)!.id
      await keep(collection, after)
      // Where the process is asked to stop, another goes on from here.
      await request.wait(0)
    }
  }
  return totals
}

interface Page {
  dataset: string
  collection: Kept
  page: StoredDocument[]
  plans: Plans
  plan: boolean
  totals: Totals
}

async function goOverPage(deps: ReprotectDeps, { dataset, collection, page, plans, plan, totals }: Page) {
  const logMs = deps.catalogue.find(dataset)?.retentionMs.log
  const kept = await Promise.all(page.map(document => planOne(collection, document, plans)))
  const events = kept.filter(each => each !== undefined)
  const persons = await findPersons(
    deps.vault,
    deps.ring,
    events.flatMap(({ event }) => personsIn(event)),
  )
  const toChange: { event: KeptEvent; reprotection: Reprotection }[] = []
  for (const { event, reprotection } of events) {
    totals.read++
    const made = reprotection && reprotectEvent(reprotection, event, { persons, domainKeys: deps.ring.domainKeys })
    if (!made) {
      totals.skipped++
      continue
    }
    countFields(totals, reprotection, made)
    if (made.protected.size + made.renewed.size === 0) continue
    totals.changed++
    if (logMs !== undefined) {
      const until = new Date(Date.parse(event.loggedAt) + logEndMs(logMs)).toISOString()
      if (totals.logUntil === null || until > totals.logUntil) totals.logUntil = until
    }
    toChange.push({ event, reprotection })
  }
  if (plan) return
  // First: what of it stays in the log has to be told at an erasure.
  const first = toChange.flatMap(({ event }) => (event.reprotectedAt === null ? event : []))
  await notePassedOver(
    deps,
    first.map(event => ({ ...event, receivedAt: event.loggedAt })),
    logMs,
  )
  await plans.keep(toChange.map(({ reprotection }) => reprotection.after))
  for (let i = 0; i < toChange.length; i += AT_ONCE)
    await Promise.all(toChange.slice(i, i + AT_ONCE).map(each => change(deps, collection, each, persons)))
  if (collection === 'events') await fillRows(deps, dataset, page, new Set(toChange.map(each => each.event.documentId)))
}

/** Undefined where the document holds no event. Others of a copy are read from it: the anomaly does not name them. */
async function planOne(collection: Kept, document: StoredDocument, plans: Plans) {
  const event = keptIn(collection, document)
  if (!event) return undefined
  const reprotection = await plans.find(event)
  if (collection === 'anomalies' && reprotection) event.others = othersIn(event, reprotection.before)
  return { event, reprotection }
}

function othersIn({ event }: KeptEvent, { event: { subjects } }: StoredContract): string[] {
  const named = subjects.slice(1).map(({ pointer }) => readPointer(pointer)(event))
  return [...new Set(named.filter(pseudonym => typeof pseudonym === 'string'))]
}

const personsIn = ({ subject, others }: KeptEvent) => [...(subject === null ? [] : [subject]), ...others]

/** As it is by now: others may have changed it meanwhile. */
async function change(
  deps: ReprotectDeps,
  collection: Kept,
  { event: { documentId: id }, reprotection }: { event: KeptEvent; reprotection: Reprotection },
  persons: ReadonlyMap<string, KnownPerson>,
): Promise<void> {
  const reprotectedAt = new Date(deps.now()).toISOString()
  const changed = (body: StoredDocument['body']) => {
    const event = keptIn(collection, { id, version: 0, expiresAtMs: null, body })
    if (event?.policy !== reprotection.before.policy) return undefined
    const made = reprotectEvent(reprotection, event, { persons, domainKeys: deps.ring.domainKeys })
    return made && withEvent(collection, body, { event: made.event, policy: reprotection.after.policy, reprotectedAt })
  }
  if (collection === 'anomalies') await changeDocument(deps.documents, collection, id, changed)
  else await changeEvent(deps.documents, id, event => changed(asBody(event)) as unknown as StoredEvent | undefined)
}

/** Rows of what was changed now, or by a run that died before it came to them. */
async function fillRows(deps: ReprotectDeps, dataset: string, page: StoredDocument[], changed: Set<string>) {
  const before = page.filter(({ id, body }) => changed.has(id) || typeof body.reprotectedAt === 'string')
  const events: StoredEvent[] = []
  for (const { id } of before) {
    const event = (await deps.documents.get('events', id))?.body as unknown as StoredEvent | undefined
    if (event?.held === 0) events.push(event)
  }
  if (events.length > 0) await fillTables(deps, dataset, events, await deps.retentions.inForce(dataset))
  // Aggregates were made of what they were before.
  await noteDays(deps.documents, events)
}

type Plans = ReturnType<typeof openPlans>

/** One comparison for all events of one schema version and policy. */
function openPlans({ contracts, documents }: ReprotectDeps, live: LiveContract) {
  const plans = new Map<string, Promise<Reprotection | undefined>>()
  const today = new Map(liveContracts(live).map(stored => [stored.schema, stored]))

  async function compare(named: {
    dataset: string
    schema: string
    policy: string
  }): Promise<Reprotection | undefined> {
    const before = await contracts.find(named)
    const version = live.versions.get(named.schema)
    return before && version && planReprotection(before, today.get(named.schema)!, version)
  }

  return {
    /** Undefined where the schema version is not live, or nobody knows what the event was stored under. */
    find: ({ dataset, schema, policy }: { dataset: string; schema: string; policy: string }) => {
      const id = contractDocumentId(dataset, schema, policy)
      const found = plans.get(id) ?? compare({ dataset, schema, policy })
      plans.set(id, found)
      return found
    },
    /** Where readers find them; idempotent. */
    keep: async (kept: Reprotection['after'][]) => {
      const distinct = new Map(kept.map(each => [contractDocumentId(each.dataset, each.schema, each.policy), each]))
      const stored = [...distinct].map(([id, each]) => ({ id, version: 0, expiresAtMs: null, body: asBody(each) }))
      if (stored.length > 0) await documents.insertFirst('contracts', stored)
    },
  }
}
