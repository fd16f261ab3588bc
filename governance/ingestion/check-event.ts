// Steps 2 and 3 of an event's way: is it readable, which schema version, is it valid, which event is it, when did it
// happen, whom is it about? Only reads; decides nothing about persons.

import type { JsonObject } from '../../storage/json.ts'
import type { LiveContract } from '../contract/catalogue.ts'
import type { ContractVersion, Violation } from '../contract/contract.ts'
import type { SubjectIds } from '../contract/event-parts.ts'
import { nearestSchemaVersion, schemaVersionOf } from '../contract/name-schema-version.ts'
import { findRejectedField } from '../protection/protect.ts'
import type { CloudEventAttributes } from './cloudevents.ts'
import type { IncomingEvent } from './incoming-event.ts'

/** Longest event id, in UTF-16 units. */
const MAX_ID_LENGTH = 256
/** A quarantine entry keeps the first few errors; the producer is told of more. */
const MAX_QUARANTINED_ERRORS = 5

export type CheckedEvent = ValidEvent | InvalidEvent

export interface ValidEvent {
  valid: true
  index: number
  raw: Buffer
  /** Of the envelope, where it came apart from the event. */
  attributes: CloudEventAttributes | undefined
  /** As the producer knows it. */
  id: string
  /** It came with the CloudEvents envelope alone, where no policy speaks of it: not to be stored as it is. */
  idFromEnvelope: boolean
  version: ContractVersion
  event: JsonObject
  /** RFC 3339 UTC; undefined when the event does not say. */
  time: { time: string; ambiguous: boolean } | undefined
  subjects: SubjectIds[]
}

export interface InvalidEvent {
  valid: false
  index: number
  raw: Buffer
  /** Of the envelope, where it came apart from the event. */
  attributes?: CloudEventAttributes
  id?: string
  /** What it was checked against; the newest version where that is not known. */
  version: ContractVersion
  violations: Violation[]
  /** Its subjects in the contract's order, as far as they can be read all the same; none where nothing can be read. */
  subjects: SubjectIds[]
}

export interface CheckRequest {
  schemaVersion: string | undefined
  makeId: (index: number) => string
}

/** Those of an event's errors that its quarantine entry keeps. */
export const quarantinedErrors = (violations: Violation[]) => violations.slice(0, MAX_QUARANTINED_ERRORS)

/** Checks one event against its contract. Never throws for what an event holds. */
export function checkEvent(contract: LiveContract, request: CheckRequest, incoming: IncomingEvent): CheckedEvent {
  const { index, raw, value, attributes } = incoming
  const named =
    attributes?.dataschema === undefined
      ? request.schemaVersion
      : schemaVersionOf(attributes.dataschema, contract.dataset)
  const version = contract.versions.get(named ?? contract.newest)
  const invalid = (violations: Violation[], id?: string): InvalidEvent => {
    return {
      valid: false,
      index,
      raw,
      version: version ?? contract.versions.get(contract.newest)!,
      violations,
      ...(attributes ? { attributes } : {}),
      ...(id === undefined ? {} : { id }),
      subjects: value ? contract.readers.subjectsAnyhow(value) : [],
    }
  }

  if (!value) return invalid([incoming.violation!], attributes?.id)
  const id = readId(contract, value, attributes?.id) ?? { id: request.makeId(index), idFromEnvelope: false }
  const knownId = 'id' in id ? id.id : undefined
  if (!version) return invalid([unknownVersion(contract, named!)], knownId)

  const violations = version.validate(value)
  if (violations.length === 0 && contract.policy.unclassified === 'reject') {
    const pointer = findRejectedField(version.plan, value)
    if (pointer !== undefined) violations.push(unclassifiedField(pointer))
  }
  if (violations.length > 0) return invalid(violations, knownId)
  if (!('id' in id)) return invalid([id])

  const time = contract.readers.time(value) ?? (attributes?.time === undefined ? undefined : utcTime(attributes.time))
  if (time && 'keyword' in time) return invalid([time], id.id)
  const subjects = contract.readers.subjects(value)
  if ('keyword' in subjects) return invalid([subjects], id.id)
  return { valid: true, index, raw, attributes, ...id, version, event: value, time, subjects }
}

/** The event's own id, else the CloudEvents id; undefined when it has none. */
function readId(
  contract: LiveContract,
  event: JsonObject,
  ceId: string | undefined,
): { id: string; idFromEnvelope: boolean } | Violation | undefined {
  const own = contract.readers.id(event)
  const pointer = contract.eventId?.pointer ?? ''
  if (own !== undefined && ceId !== undefined && own !== ceId)
    return violation(
      pointer,
      'id',
      'the CloudEvents id and the id in the event differ',
      'Send the same id in both, or only the one in the event.',
    )
  const id = own ?? ceId
  if (id === undefined) return undefined
  if (id === '' || id.length > MAX_ID_LENGTH)
    return violation(pointer, 'id', `an event id has 1 to ${MAX_ID_LENGTH} characters`, 'Send an id of that length.')
  return { id, idFromEnvelope: own === undefined }
}

function utcTime(time: string): { time: string; ambiguous: boolean } {
  return { time: new Date(time).toISOString(), ambiguous: false }
}

function unknownVersion(contract: LiveContract, named: string): Violation {
  return violation(
    '',
    'dataschema',
    'the event names a schema version that is not registered',
    nearestSchemaVersion(contract, named),
  )
}

function unclassifiedField(pointer: string): Violation {
  return violation(
    pointer,
    'unclassified',
    'nobody has classified this field, and the policy rejects events that hold such a field',
    'Leave the field out, or ask the dataset’s steward to classify it in the policy.',
  )
}

function violation(pointer: string, keyword: string, detail: string, fix: string): Violation {
  return { pointer, keyword, detail, fix }
}
