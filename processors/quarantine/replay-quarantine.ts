// Replays rejected originals once a schema or a policy was mended: opened, governed by the live contract with the very
// code of the gateway, and appended to the log under their own ids. A replayed event was received when its original
// was. What was accepted meanwhile, by whomever, is left alone: the archive's rule of the first copy holds here too.

import { randomBytes } from 'node:crypto'
import type { Audit } from '../../governance/audit/audit.ts'
import type { Catalogue, LiveContract } from '../../governance/contract/catalogue.ts'
import { policyVersion } from '../../governance/contract/stored-contract.ts'
import { topicOf } from '../../governance/contract/topic-of.ts'
import { type CheckedEvent, checkEvent, quarantinedErrors } from '../../governance/ingestion/check-event.ts'
import { type GovernDeps, type GovernedEvent, governEvent } from '../../governance/ingestion/govern-event.ts'
import type { EventLimits } from '../../governance/ingestion/incoming-event.ts'
import { readOriginal, wasRejectedForHeaders } from '../../governance/ingestion/read-original.ts'
import type { Receipts } from '../../governance/ingestion/receipts.ts'
import { withinLease } from '../../governance/ingestion/within-lease.ts'
import { personKeys } from '../../governance/protection/person-keys.ts'
import { RequestFailed } from '../../governance/subjects/find-asked.ts'
import { openOriginals } from '../../governance/subjects/open-originals.ts'
import type { People, Person } from '../../governance/subjects/people.ts'
import { type AskedReplay, type ReplayOutcome, replayOutcomes } from '../../governance/subjects/quarantine-request.ts'
import type { RequestResult, RunningRequest } from '../../governance/subjects/running-request.ts'
import type { Documents, StoredDocument } from '../../storage/documents/documents.ts'
import { causeOf } from '../../storage/quarantine-record.ts'
import type { StoredQuarantine } from '../../storage/stored-quarantine.ts'
import { eventDocumentId, type StoredEvent } from '../../storage/stored-shapes.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import { awaitTurn, type Decided, goOverEntries } from './go-over-entries.ts'

export interface ReplayDeps extends GovernDeps {
  vault: Vault
  people: People
  receipts: Receipts
  documents: Documents
  catalogue: Pick<Catalogue, 'find'>
  limits: EventLimits
  audit: Audit
  now: () => number
}

/** An entry whose original could be opened and read. */
interface Opened {
  entry: StoredQuarantine
  checked: CheckedEvent
}

/**
 * Replays what a request names; with `dryRun` it is counted what would become of it, and nothing is changed.
 * @throws RequestFailed for a dataset or a schema version that is not live; RequestWaits for its turn
 */
export async function replayQuarantine(deps: ReplayDeps, request: RunningRequest): Promise<RequestResult> {
  const dataset = request.filed.dataset!
  const asked = request.content.details as unknown as AskedReplay
  const { dryRun } = asked
  if (!dryRun) await awaitTurn(deps, request)
  const counts = await request.stage('gone over', () =>
    goOverEntries(deps, request, {
      dataset,
      asked,
      dryRun,
      outcomes: replayOutcomes,
      quarantineMs: () => contractOf(deps, dataset, asked).retentionMs.quarantine,
      decide: entries => replayPage(deps, request, { contract: contractOf(deps, dataset, asked), asked }, entries),
    }),
  )
  const { newest, policy } = await request.stage('compared', async () => {
    const contract = contractOf(deps, dataset, asked)
    return { newest: contract.newest, policy: policyVersion(contract) }
  })
  if (!dryRun)
    await request.stage('recorded', async () => {
      await deps.audit.record({ kind: 'replayed', actor: 'ecluse', dataset, request: request.id, details: { counts } })
      return null
    })
  return { outcome: { counts, schema: asked.schema ?? newest, policy }, certificate: null }
}

function contractOf({ catalogue }: ReplayDeps, dataset: string, { schema }: AskedReplay): LiveContract {
  const contract = catalogue.find(dataset)
  if (!contract)
    throw new RequestFailed(`no contract of ${dataset} is live here: put its policy back, and file it again`)
  if (schema !== undefined && !contract.versions.has(schema))
    throw new RequestFailed(`schema version ${schema} of ${dataset} is not live here: file it again with one that is`)
  return contract
}

interface Live {
  contract: LiveContract
  asked: AskedReplay
}

/** What becomes of these entries; what is accepted stands in the log then. */
async function replayPage(
  deps: ReplayDeps,
  request: RunningRequest,
  live: Live,
  entries: StoredDocument[],
): Promise<Decided[]> {
  const { contract, asked } = live
  const decided: Decided[] = []
  const opened = await openPage(deps, live, entries, decided)
  const replay = { at: new Date(deps.now()).toISOString(), request: request.id }
  const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
  const checked = opened.map(({ checked }) => checked)
  const outcomes = await withinLease(
    deps.people,
    checked,
    async subjects => {
      const governed = opened.map(({ entry, checked }, i) => {
        const persons = asked.dryRun ? withStrangers(checked, subjects[i]!) : subjects[i]!
        return governEvent(deps, { contract, receivedAt: entry.receivedAt, traceparent, replay }, checked, persons)
      })
      return besideStored(deps, contract.dataset, request.id, governed)
    },
    { createPersons: !asked.dryRun },
  )
  const records = outcomes.flatMap(({ append }) => (append ? { topic: topicOf(contract.dataset), record: append } : []))
  // In the ledger it came again, at the time of its replay.
  const counts = { received: records.length, accepted: records.length, suppressed: 0, rejected: 0 }
  if (records.length > 0 && !asked.dryRun)
    await deps.receipts.append({ dataset: contract.dataset, receivedAtMs: Date.parse(replay.at), ...counts }, records)
  for (const [i, { entry }] of opened.entries()) decided.push(decide(contract, entry, outcomes[i]!))
  return decided
}

/** Opens and checks; of what cannot be, the outcome is decided already. */
async function openPage(
  deps: ReplayDeps,
  { contract, asked }: Live,
  page: StoredDocument[],
  decided: Decided[],
): Promise<Opened[]> {
  const entries = page.map(({ body }) => body as unknown as StoredQuarantine)
  const originals = await openOriginals(deps, entries)
  return entries.flatMap((entry, i) => {
    const original = originals[i]
    const keptUntilMs = Date.parse(entry.receivedAt) + contract.retentionMs.events
    if (!original || keptUntilMs <= deps.now()) decided.push({ id: entry.id, outcome: 'gone' })
    else if (wasRejectedForHeaders(original, entry.errors)) decided.push({ id: entry.id, outcome: 'rejected' })
    else {
      const { incoming, request } = readOriginal(original, deps.limits, asked.schema)
      return { entry, checked: checkEvent(contract, request, incoming) }
    }
    return []
  })
}

/** A dry run makes no entry for whom the vault does not know: it protects under a key that nobody keeps. */
function withStrangers(checked: CheckedEvent, persons: (Person | undefined)[]): (Person | undefined)[] {
  if (!checked.valid) return persons
  return checked.subjects.map(({ id }, i) => {
    if (persons[i] || id === undefined) return persons[i]
    const keys = personKeys(randomBytes(32))
    return { state: 'active', pseudonym: randomBytes(16).toString('hex'), keys, objections: [], lookedUpAtMs: 0 }
  })
}

interface Outcome {
  outcome: ReplayOutcome
  governed: GovernedEvent
  /** To the log. */
  append?: Extract<GovernedEvent, { outcome: 'accepted' }>['record']
}

/** What is archived already under an event's id decides whether it is appended. */
async function besideStored(
  { documents }: Pick<ReplayDeps, 'documents'>,
  dataset: string,
  request: string,
  governed: GovernedEvent[],
): Promise<Outcome[]> {
  const ids = governed.map(each =>
    each.outcome === 'accepted' ? eventDocumentId(dataset, each.record.headers.ce_id!) : undefined,
  )
  const found = await documents.getAll(
    'events',
    ids.filter(id => id !== undefined),
  )
  const stored = new Map(found.flatMap(event => (event ? [[event.id, event.body as unknown as StoredEvent]] : [])))
  return governed.map((each, i): Outcome => {
    if (each.outcome === 'suppressed') return { outcome: 'suppressed', governed: each }
    if (each.outcome === 'rejected') return { outcome: each.fenced ? 'suppressed' : 'rejected', governed: each }
    const before = stored.get(ids[i]!)
    if (!before) return { outcome: 'accepted', governed: each, append: each.record }
    const isSame = before.content === each.record.headers.ecluse_content
    // Of this very run: before it was interrupted, or of another entry with the same id, as at ingestion.
    if (before.replay?.request === request)
      return { outcome: 'accepted', governed: each, ...(!isSame && { append: each.record }) }
    return { outcome: isSame ? 'duplicate' : 'conflict', governed: each }
  })
}

function decide(contract: LiveContract, { id }: StoredQuarantine, { outcome, governed }: Outcome): Decided {
  if (outcome !== 'rejected' || governed.outcome !== 'rejected') return { id, outcome }
  const { version, violations } = governed.rejected
  const errors = quarantinedErrors(violations)
  const change = { errors, cause: causeOf(errors), schema: version.version, policy: policyVersion(contract) }
  return { id, outcome, change }
}
