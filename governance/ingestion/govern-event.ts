// Step 5 of an event's way: its outcome. A valid event of a person who may be processed is protected; one whose primary
// person is erased or objected is suppressed; an invalid one is rejected.

import type { LogRecord } from '../../storage/event-log/event-log.ts'
import { type EventRecord, writeEventRecord } from '../../storage/event-record.ts'
import type { LiveContract } from '../contract/catalogue.ts'
import { policyVersion } from '../contract/stored-contract.ts'
import type { ActionContext } from '../protection/action.ts'
import { canonicalText } from '../protection/canonical-text.ts'
import { mac } from '../protection/mac.ts'
import { type ProtectionContext, protect } from '../protection/protect.ts'
import { formatToken, PERSON_DOMAIN } from '../protection/token.ts'
import type { KeyRing } from '../subjects/key-ring.ts'
import type { LivingPerson, Person } from '../subjects/people.ts'
import type { CheckedEvent, InvalidEvent, ValidEvent } from './check-event.ts'

export type GovernedEvent =
  | { outcome: 'accepted'; record: LogRecord }
  | { outcome: 'suppressed' }
  /** `fenced`: nothing may be stored of one of its persons, and what of the original is theirs cannot be told. */
  | { outcome: 'rejected'; rejected: InvalidEvent; fenced: boolean }

export interface GovernDeps {
  ring: KeyRing
  /** An event that is larger once it is protected is rejected, bytes. */
  maxRecordBytes: number
}

export interface Reception {
  contract: LiveContract
  /** RFC 3339 UTC. */
  receivedAt: string
  /** W3C Trace Context of what is appended. */
  traceparent: string
  /** Of an event that was rejected when it was received. */
  replay?: NonNullable<EventRecord['replay']>
}

/** @param persons the event's subjects, as the vault knows them */
export function governEvent(
  deps: GovernDeps,
  reception: Reception,
  checked: CheckedEvent,
  persons: (Person | undefined)[],
): GovernedEvent {
  const { purpose } = reception.contract.policy
  if (checked.valid && isFenced(persons[0], purpose)) return { outcome: 'suppressed' }
  const governed = checked.valid ? acceptEvent(deps, reception, checked, persons) : checked
  if ('outcome' in governed) return governed
  return { outcome: 'rejected', rejected: governed, fenced: persons.some(person => isFenced(person, purpose)) }
}

/** An event that cannot be accepted after all is invalid. */
function acceptEvent(
  deps: GovernDeps,
  { contract, receivedAt, traceparent, replay }: Reception,
  checked: ValidEvent,
  persons: (Person | undefined)[],
): Extract<GovernedEvent, { outcome: 'accepted' }> | InvalidEvent {
  const { id, version, event, time } = checked
  const primary = persons[0] as LivingPerson | undefined
  const storedId =
    contract.eventId?.personal || checked.idFromEnvelope
      ? formatToken(PERSON_DOMAIN, 0, mac(primary?.keys.eventId ?? deps.ring.eventId, id, 'base64url'))
      : id
  const content = mac(primary?.keys.content ?? deps.ring.content, canonicalText(version.plan, event), 'base64url')
  const context = protectionContext(deps.ring, contract, storedId, persons)
  const moments = { time: time?.time ?? receivedAt, receivedAt }
  const protectedEvent = {
    dataset: contract.dataset,
    id: storedId,
    source: contract.ceSource,
    type: contract.ceType,
    ...moments,
    timeAmbiguous: time?.ambiguous ?? false,
    subject: primary?.pseudonym ?? null,
    others: pseudonymsOf(context.others),
    schema: version.version,
    policy: policyVersion(contract),
    content,
    held: primary?.state === 'restricted',
    ...(replay && { replay }),
    traceparent,
    event: protect(version.plan, version.compute(event, moments), context),
  }
  const record = writeEventRecord(protectedEvent, contract.wirePrefixes.get(version.version)!)
  if (record.value.length > deps.maxRecordBytes) return tooLarge(checked, deps.maxRecordBytes)
  return { outcome: 'accepted', record }
}

/** The log would refuse it, together with all that is appended beside it. */
function tooLarge(checked: ValidEvent, maxRecordBytes: number): InvalidEvent {
  const { index, raw, attributes, id, version, subjects } = checked
  const violation = {
    pointer: '',
    keyword: 'maxRecordBytes',
    detail: `the event is larger than ${maxRecordBytes} bytes once it is protected`,
    fix: 'Send what it holds as several events, or have ECLUSE_MAX_RECORD_BYTES raised.',
  }
  return { valid: false, index, raw, ...(attributes && { attributes }), id, version, violations: [violation], subjects }
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

/** Erased, or objected to this purpose: nothing of them may be stored. */
function isFenced(person: Person | undefined, purpose: string): boolean {
  return person !== undefined && (person.state === 'erased' || person.objections.includes(purpose))
}
