// Step 5 of an event's way: its outcome. A valid event of a person who may be processed is protected; one whose primary
// person is erased or objected is suppressed; an invalid one is sealed into the quarantine.

import { v7 as uuidV7 } from 'uuid'
import type { LiveContract } from '../governance/contract/catalogue.ts'
import { policyVersion } from '../governance/contract/stored-contract.ts'
import type { ActionContext } from '../governance/protection/action.ts'
import { canonicalText } from '../governance/protection/canonical-text.ts'
import { mac } from '../governance/protection/mac.ts'
import { type ProtectionContext, protect } from '../governance/protection/protect.ts'
import { formatToken, PERSON_DOMAIN } from '../governance/protection/token.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { LivingPerson, Person } from '../governance/subjects/people.ts'
import { sealOriginal } from '../governance/subjects/quarantine-seal.ts'
import type { LogRecord } from '../storage/event-log/event-log.ts'
import { writeEventRecord } from '../storage/event-record.ts'
import type { QuarantineRecord } from '../storage/quarantine-record.ts'
import type { CheckedEvent, InvalidEvent, ValidEvent } from './check-event.ts'
import type { EventResult } from './outcome.ts'
import { rejectionProblem } from './problem.ts'

/** A quarantine entry keeps the first few errors; the producer is told of more. */
const MAX_QUARANTINED_ERRORS = 5

export type GovernedEvent =
  | { outcome: 'accepted'; result: EventResult; record: LogRecord }
  | { outcome: 'suppressed'; result: EventResult }
  | { outcome: 'rejected'; result: EventResult; quarantine: QuarantineRecord | undefined }

export interface GovernDeps {
  ring: KeyRing
  /** An event that is larger once it is protected is rejected, bytes. */
  maxRecordBytes: number
  now: () => number
}

interface GovernRequest {
  contract: LiveContract
  traceparent: string
  contentType: string
  makeId: (index: number) => string
}

/** @param persons the event's subjects, as the vault knows them */
export function governEvent(
  deps: GovernDeps,
  request: GovernRequest,
  checked: CheckedEvent,
  persons: (Person | undefined)[],
): GovernedEvent | Promise<GovernedEvent> {
  if (!checked.valid) return rejectEvent(deps, request, checked, persons[0])
  const { index, id } = checked
  if (isFenced(persons[0], request.contract.policy.purpose))
    return { outcome: 'suppressed', result: { index, id, outcome: 'suppressed' } }
  return acceptEvent(deps, request, checked, persons)
}

function acceptEvent(
  deps: GovernDeps,
  request: GovernRequest,
  checked: ValidEvent,
  persons: (Person | undefined)[],
): GovernedEvent | Promise<GovernedEvent> {
  const { contract, traceparent } = request
  const { index, id, version, event, time } = checked
  const primary = persons[0] as LivingPerson | undefined
  const receivedAt = new Date(deps.now()).toISOString()
  const storedId =
    contract.eventId?.personal || checked.idFromEnvelope
      ? formatToken(PERSON_DOMAIN, 0, mac(primary?.keys.eventId ?? deps.ring.eventId, id, 'base64url'))
      : id
  const content = mac(primary?.keys.content ?? deps.ring.content, canonicalText(version.plan, event), 'base64url')
  const context = protectionContext(deps.ring, contract, storedId, persons)
  const protectedEvent = {
    dataset: contract.dataset,
    id: storedId,
    source: contract.ceSource,
    type: contract.ceType,
    time: time?.time ?? receivedAt,
    timeAmbiguous: time?.ambiguous ?? false,
    receivedAt,
    subject: primary?.pseudonym ?? null,
    others: pseudonymsOf(context.others),
    schema: version.version,
    policy: policyVersion(contract),
    content,
    held: primary?.state === 'restricted',
    traceparent,
    event: protect(version.plan, event, context),
  }
  const record = writeEventRecord(protectedEvent, contract.wirePrefixes.get(version.version)!)
  if (record.value.length > deps.maxRecordBytes)
    return rejectEvent(deps, request, tooLarge(checked, deps.maxRecordBytes), primary)
  return { outcome: 'accepted', result: { index, id, outcome: 'accepted' }, record }
}

/** The log would refuse it, together with all that is appended beside it. */
function tooLarge({ index, raw, id, version }: ValidEvent, maxRecordBytes: number): InvalidEvent {
  const violation = {
    pointer: '',
    keyword: 'maxRecordBytes',
    detail: `the event is larger than ${maxRecordBytes} bytes once it is protected`,
    fix: 'Send what it holds as several events, or have ECLUSE_MAX_RECORD_BYTES raised.',
  }
  return { valid: false, index, raw, id, version, violations: [violation] }
}

function protectionContext(
  ring: KeyRing,
  contract: LiveContract,
  eventId: string,
  persons: (Person | undefined)[],
): ProtectionContext {
  const contextOf = (person: LivingPerson | undefined): ActionContext => ({
    dataset: contract.dataset,
    eventId,
    keys: person?.keys,
    pseudonym: person?.pseudonym,
    domainKeys: ring.domainKeys,
  })
  const context: ProtectionContext = {
    primary: contextOf(persons[0] as LivingPerson | undefined),
    others: new Map(),
    redacted: new Set(),
  }
  for (let i = 1; i < contract.subjects.length; i++) {
    const { name } = contract.subjects[i]!
    const person = persons[i]
    if (person?.state === 'erased' || isFenced(person, contract.policy.purpose)) context.redacted.add(name)
    else context.others.set(name, contextOf(person))
  }
  return context
}

/** Each once: one person may be several of an event's subjects. */
function pseudonymsOf(others: ProtectionContext['others']): string[] {
  if (others.size === 0) return []
  return [...new Set([...others.values()].flatMap(({ pseudonym }) => pseudonym ?? []))]
}

async function rejectEvent(
  deps: GovernDeps,
  { contract, contentType, makeId }: GovernRequest,
  checked: InvalidEvent,
  person: Person | undefined,
): Promise<GovernedEvent> {
  const { index, version, violations } = checked
  const result: EventResult = {
    index,
    ...(checked.id === undefined ? {} : { id: checked.id }),
    outcome: 'rejected',
    retryable: false,
    problem: rejectionProblem(`${contract.dataset}/${version.version}`, violations),
  }
  if (isFenced(person, contract.policy.purpose)) return { outcome: 'rejected', result, quarantine: undefined }
  const id = uuidV7()
  const receivedAtMs = deps.now()
  const retentionMs = contract.retentionMs.quarantine
  const original = { contentType, id: checked.id ?? makeId(index), attributes: checked.attributes, body: checked.raw }
  const sealed = await sealOriginal(deps.ring, original, {
    id,
    dataset: contract.dataset,
    receivedAtMs,
    retentionMs,
    person: person as LivingPerson | undefined,
  })
  const quarantine: QuarantineRecord = {
    id,
    dataset: contract.dataset,
    receivedAt: new Date(receivedAtMs).toISOString(),
    expiresAtMs: receivedAtMs + retentionMs,
    schema: version.version,
    policy: policyVersion(contract),
    errors: violations.slice(0, MAX_QUARANTINED_ERRORS),
    ...sealed,
  }
  return { outcome: 'rejected', result, quarantine }
}

/** Erased, or objected to this purpose: nothing of them may be stored. */
function isFenced(person: Person | undefined, purpose: string): boolean {
  return person !== undefined && (person.state === 'erased' || person.objections.includes(purpose))
}
