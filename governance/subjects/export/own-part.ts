// Of a stored event, what is a person's own: the fields about that person, opened where the key reaches. Whatever is
// about somebody else, or nobody knows about whom, is left out.

import type { JsonObject, JsonValue } from '../../../storage/json.ts'
import type { StoredContract, StoredField } from '../../../storage/stored-shapes.ts'
import { type FieldNode, fieldTree, treatEvent } from '../../access/field-tree.ts'
import { makeOpener, type OpenablePerson, type SealedEvent } from '../../access/open-event.ts'
import { canonicalId, readPointer } from '../../contract/event-parts.ts'
import { readLoosely } from '../../ingestion/read-original.ts'
import type { KnownPerson } from '../find-persons.ts'
import type { Original } from '../quarantine-seal.ts'
import type { ClosedField, OwnRecord } from './personal-data.ts'

/** @param persons the same human being, by pseudonym */
export function ownPart(
  contract: StoredContract,
  sealed: SealedEvent,
  persons: ReadonlyMap<string, OpenablePerson>,
): Pick<OwnRecord, 'event' | 'closed'> {
  let opened = false
  const { personOf, open } = makeOpener(contract, sealed, persons, () => {
    opened = true
  })
  const isOwn = (field: StoredField | undefined): field is StoredField => {
    const pseudonym = field ? personOf(field) : null
    return pseudonym !== null && persons.has(pseudonym)
  }
  const closed = new Map<string, ClosedField>()
  const event = treatOwn(contract, sealed.event, isOwn, (value, field) => {
    opened = false
    const clear = open(value, field)
    const { pointer, action } = field
    if (!opened && action !== 'keep' && (value !== null || action === 'redact'))
      closed.set(pointer, { pointer, action })
    return clear
  })
  return { event, closed: [...closed.values()] }
}

/**
 * The original of a rejected event, as a whole where its contract knows of nobody else; otherwise the fields about the
 * person. Null where somebody else's data could not be told from the person's.
 * @param persons the same human being
 */
export function ownOriginal(
  contract: StoredContract | undefined,
  original: Pick<Original, 'contentType' | 'attributes' | 'body'>,
  persons: Pick<KnownPerson, 'type' | 'id'>[],
): JsonValue {
  const { attributes, body } = original
  if (!contract || contract.event.subjects.length > 1) {
    const event = readLoosely(original)
    return contract && event ? ownRaw(contract, event, persons) : null
  }
  const content = parse(body) ?? body.toString()
  return attributes ? { attributes: attributes as JsonObject, event: content } : content
}

/** It broke its contract: an object where one value was declared could be anybody's. */
function ownRaw(contract: StoredContract, event: JsonObject, persons: Pick<KnownPerson, 'type' | 'id'>[]): JsonObject {
  const { subjects } = contract.event
  const isTheirs = ({ type, pointer }: (typeof subjects)[number]) => {
    const named = canonicalId(readPointer(pointer)(event))
    return persons.some(person => person.type === type && person.id === named)
  }
  const own = new Set(subjects.filter(isTheirs).map(({ name }) => name))
  const isOwn = (field: StoredField | undefined): field is StoredField =>
    // Of what is dropped, a contract does not keep whose it is.
    field !== undefined && field.action !== 'drop' && own.has(field.of ?? subjects[0]!.name)
  return treatOwn(contract, event, isOwn, (value, { whole }) =>
    whole || typeof value !== 'object' || value === null ? value : undefined,
  )
}

function treatOwn(
  contract: StoredContract,
  event: JsonObject,
  isOwn: (field: StoredField | undefined) => field is StoredField,
  value: (value: JsonValue, field: StoredField) => JsonValue | undefined,
): JsonObject {
  const hasOwn = (node: FieldNode): boolean => isOwn(node.field) || [...node.below.values()].some(hasOwn)
  return treatEvent(fieldTree(contract.fields), event, {
    enters: hasOwn,
    value: (found, field) => (isOwn(field) ? value(found, field) : undefined),
  })
}

function parse(body: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(body.toString()) as JsonValue
  } catch {
    return undefined
  }
}
