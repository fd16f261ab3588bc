// The rectification of an event (GDPR art. 16): a corrected event is appended that names the one it corrects; the old
// one stays as it was, carries the mark, and has no effect any more.

import { randomBytes } from 'node:crypto'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventLog } from '../../storage/event-log/event-log.ts'
import { type EventRecord, writeEventRecord } from '../../storage/event-record.ts'
import type { JsonObject } from '../../storage/json.ts'
import { eventDocumentId, type StoredEvent } from '../../storage/stored-shapes.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import type { Audit } from '../audit/audit.ts'
import type { Catalogue, LiveContract } from '../contract/catalogue.ts'
import type { ContractVersion } from '../contract/contract.ts'
import { readPointer } from '../contract/event-parts.ts'
import type { ContractFinder } from '../contract/find-contract.ts'
import { liveContracts, policyVersion } from '../contract/stored-contract.ts'
import { topicOf } from '../contract/topic-of.ts'
import { mac } from '../protection/mac.ts'
import { type DeclaredKinds, findAsked, RequestFailed } from './find-asked.ts'
import { findPersons } from './find-persons.ts'
import type { KeyRing } from './key-ring.ts'
import { type PassDeps, passProcessors } from './pass-processors.ts'
import { type Change, type CheckedChange, checkChanges } from './rectification/check-changes.ts'
import { correctEvent } from './rectification/correct-event.ts'
import type { RequestResult, RunningRequest } from './running-request.ts'

/** Of one event, ever. */
const MAX_CORRECTIONS = 1_000

export interface RectifyDeps extends PassDeps {
  vault: Vault
  ring: KeyRing
  /** What live policies name. */
  kinds(): DeclaredKinds
  catalogue: Pick<Catalogue, 'find'>
  contracts: Pick<ContractFinder, 'find'>
  documents: Pick<Documents, 'get'>
  log: PassDeps['log'] & Pick<EventLog, 'append'>
  /** Bytes of one record. */
  maxRecordBytes: number
  audit: Audit
  now: () => number
}

/**
 * Corrects one event of the person a request asks for.
 * @throws RequestFailed for an event that is not the person's, a place or value that cannot be, an ambiguous alias, a
 *   kind that no policy names
 */
export async function rectify(deps: RectifyDeps, request: RunningRequest): Promise<RequestResult> {
  const { vault, ring, documents, audit } = deps
  const { stage } = request
  const { dataset, event, changes } = request.content.details as unknown as {
    dataset: string
    event: string
    changes: Change[]
  }
  const { living } = await stage('found', () => findAsked(vault, ring, request.content, deps.kinds()))
  await passProcessors(deps, request)

  const id = await stage('checked', async () => {
    const stored = await findOwn(deps, dataset, event, new Set(living.map(({ pseudonym }) => pseudonym)))
    if (stored.rectifiedBy !== null)
      throw new RequestFailed('this event was corrected before: correct the one that its `rectifiedBy` names')
    const contract = liveContract(deps, stored)
    check(contract, stored, changes)
    return newId(documents, dataset, event)
  })
  const at = await stage('time noted', async () => new Date(deps.now()).toISOString())

  const content = await stage('appended', async () => {
    const stored = await findOwn(deps, dataset, event, new Set(living.map(({ pseudonym }) => pseudonym)))
    const record = await correctedRecord(deps, stored, changes, { id, at, request: request.id })
    const contract = liveContract(deps, stored)
    const written = writeEventRecord(record, contract.wirePrefixes.get(record.schema)!)
    if (written.value.length > deps.maxRecordBytes)
      throw new RequestFailed(`the corrected event is larger than ${deps.maxRecordBytes} bytes once it is protected`)
    await deps.log.append([{ topic: topicOf(dataset), record: written }])
    return record.content
  })
  await passProcessors(deps, request, 'correction')
  await stage('archived', async () => {
    const archived = (await documents.get('events', eventDocumentId(dataset, id)))?.body as unknown as StoredEvent
    if (archived?.content === content) return null
    throw new RequestFailed('another correction of this event came first, or its person was erased: look at it again')
  })

  const outcome = { persons: living.length, corrected: changes.length }
  await stage('recorded', async () => {
    await audit.record({ kind: 'right-done', actor: 'ecluse', dataset, request: request.id, details: outcome })
    return null
  })
  return { outcome, certificate: null }
}

/** One answer for what is not there and what is somebody else's. */
async function findOwn(
  { documents }: RectifyDeps,
  dataset: string,
  event: string,
  pseudonyms: ReadonlySet<string>,
): Promise<StoredEvent> {
  const found = (await documents.get('events', eventDocumentId(dataset, event)))?.body as unknown as StoredEvent
  if (found && found.subject !== null && pseudonyms.has(found.subject)) return found
  throw new RequestFailed(
    `no event of this id is stored of the person in ${dataset}: GET /v1/datasets/${dataset}/events lists those there are`,
  )
}

function liveContract({ catalogue }: RectifyDeps, { dataset, schema }: StoredEvent): LiveContract {
  const contract = catalogue.find(dataset)
  if (contract?.versions.has(schema)) return contract
  throw new RequestFailed(`schema version ${schema} of ${dataset} is not live: put its file back, and file it again`)
}

function check(contract: LiveContract, stored: StoredEvent, changes: Change[]): CheckedChange[] {
  const version = contract.versions.get(stored.schema)!
  return checkChanges(contract, version, todayOf(contract, version).fields, changes)
}

function todayOf(contract: LiveContract, { version }: ContractVersion) {
  return liveContracts(contract).find(({ schema }) => schema === version)!
}

/** `<id>~r1`, or the next that is free. */
async function newId(documents: RectifyDeps['documents'], dataset: string, event: string): Promise<string> {
  const [, base = event, last = '0'] = /^(.*)~r(\d{1,4})$/.exec(event) ?? []
  for (let n = Number(last) + 1; n <= MAX_CORRECTIONS; n++) {
    const id = `${base}~r${n}`
    if (!(await documents.get('events', eventDocumentId(dataset, id)))) return id
  }
  throw new RequestFailed(`this event was corrected ${MAX_CORRECTIONS} times`)
}

async function correctedRecord(
  { vault, ring, contracts, catalogue }: RectifyDeps,
  stored: StoredEvent,
  changes: Change[],
  { id, at, request }: { id: string; at: string; request: string },
): Promise<EventRecord> {
  const contract = liveContract({ catalogue } as RectifyDeps, stored)
  const version = contract.versions.get(stored.schema)!
  const before = await contracts.find(stored)
  if (!before) throw new RequestFailed('the contract that the event was stored under is not known')
  const persons = await findPersons(vault, ring, [stored.subject!, ...stored.others])
  const person = persons.get(stored.subject!)
  if (!person) throw new RequestFailed('the person was erased meanwhile')
  const checked = check(contract, stored, changes)
  const today = todayOf(contract, version)
  const { domainKeys } = ring
  const times = timeOf(contract, stored, checked)
  const { eventTime } = contract
  const { time } = times
  const changed = { stored, before, today, version, eventTime, changes: checked, id, time, persons, domainKeys }
  const event = correctEvent(changed)
  return {
    dataset: stored.dataset,
    id,
    source: contract.ceSource,
    type: contract.ceType,
    ...times,
    // Its retention goes on where it began.
    receivedAt: stored.receivedAt,
    subject: stored.subject,
    others: othersIn(contract, event),
    schema: stored.schema,
    policy: policyVersion(contract),
    // Of one request the same: what is appended again after an interruption is a copy, another request's is none.
    content: mac(person.keys.content, `rectification\0${request}`, 'base64url'),
    held: person.state === 'restricted',
    rectification: { event: stored.id, at },
    traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
    event,
  }
}

/** The event's time, or the corrected one. @throws RequestFailed for a time that never was */
function timeOf(contract: LiveContract, stored: StoredEvent, changes: CheckedChange[]) {
  for (const { raw } of changes) {
    const time = contract.readers.time(raw)
    if (time && 'keyword' in time) throw new RequestFailed(`${time.pointer} (time): ${time.detail}`)
    if (time) return { time: time.time, timeAmbiguous: time.ambiguous }
  }
  return { time: stored.time, timeAmbiguous: stored.timeAmbiguous }
}

function othersIn({ subjects }: LiveContract, event: JsonObject): string[] {
  const named = subjects.slice(1).map(({ pointer }) => readPointer(pointer)(event))
  return [...new Set(named.filter(pseudonym => typeof pseudonym === 'string'))]
}
