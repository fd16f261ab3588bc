// Checks what a person wants corrected against the schema version of the event: each value must fit where it is to
// stand. What is said of one that does not names the place and the keyword, never the value.

import type { JsonObject, JsonValue } from '../../../storage/json.ts'
import { isJsonObject } from '../../../storage/json.ts'
import type { StoredContract } from '../../../storage/stored-shapes.ts'
import type { Contract, ContractVersion, PlanNode } from '../../contract/contract.ts'
import { formatPointer, parsePointer } from '../../contract/json-pointer.ts'
import { type Place, schemaTree } from '../../contract/schema-tree.ts'
import { inlineSchema } from '../../contract/sub-schemas.ts'
import { compileValidator } from '../../contract/validate.ts'
import { findRejectedField } from '../../protection/protect.ts'
import { RequestFailed } from '../find-asked.ts'

const MAX_TOLD = 3

export interface Change {
  /** RFC 6901. */
  pointer: string
  value: JsonValue
}

export interface CheckedChange {
  tokens: string[]
  /** The place's pattern in the schema: `*` for the items of an array. */
  pattern: string
  /** An event that holds the value and nothing else, an item as the first of its array. */
  raw: JsonObject
}

/**
 * @param fields of the live contract for this version
 * @throws RequestFailed for a place or value that cannot be
 */
export function checkChanges(
  contract: Pick<Contract, 'subjects' | 'eventId'>,
  version: ContractVersion,
  fields: StoredContract['fields'],
  changes: Change[],
): CheckedChange[] {
  const tree = schemaTree(version.schema)
  const checked = changes.map(({ pointer, value }) => {
    const tokens = parsePointer(pointer) ?? []
    checkNotComputed(version, tokens)
    const place = findPlace(tree, version, tokens)
    checkOwn(contract, fields, place.pointer)
    checkValue(version, place, value)
    const raw = around(place.tokens, tokens, value)
    const rejected = findRejectedField(version.plan, raw)
    if (rejected !== undefined) throw new RequestFailed(`the policy does not let events hold ${rejected}`)
    return { tokens, pattern: place.pointer, raw }
  })
  const pointers = changes.map(({ pointer }) => pointer)
  if (pointers.some((a, i) => pointers.some((b, j) => i !== j && isWithin(a, b))))
    throw new RequestFailed('two changes speak of the same value: file the request again with one of them')
  return checked
}

/** Whether two pointers or patterns meet: one is the other, or lies within it. */
function meet(a: string, b: string): boolean {
  return isWithin(a, b) || isWithin(b, a)
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`)
}

function checkNotComputed({ fields }: ContractVersion, tokens: string[]): void {
  const own = formatPointer(tokens.slice(0, 1))
  if (fields.some(({ pointer, computed }) => computed && pointer === own))
    throw new RequestFailed(`${own} is computed: correct what it is made of`)
}

function findPlace(tree: Place, { plan, version }: ContractVersion, tokens: string[]): Place {
  let place = tree
  let node: PlanNode = plan
  for (const [i, token] of tokens.entries()) {
    if (node.whole)
      throw new RequestFailed(`${place.pointer} is stored as one value: give all of it in one change, as it should be`)
    const isItem = place.items !== undefined && /^(0|[1-9]\d*)$/.test(token)
    const next = place.members?.get(token) ?? (isItem ? place.items : undefined)
    const nextNode = node.members?.get(token) ?? (isItem ? node.items : undefined)
    if (!next || !nextNode) {
      const pointer = place.pointer + formatPointer(tokens.slice(i).map(() => '*'))
      throw new RequestFailed(`a pointer of \`changes\` is not declared by schema version ${version}: ${pointer}`)
    }
    place = next
    node = nextNode
  }
  return place
}

/** Who an event is about, and which it is, stays; so does what is about somebody else. */
function checkOwn(
  { subjects, eventId }: Pick<Contract, 'subjects' | 'eventId'>,
  fields: StoredContract['fields'],
  pattern: string,
): void {
  const identity = [...subjects.map(({ pointer }) => pointer), ...(eventId ? [eventId.pointer] : [])]
  const met = identity.find(pointer => meet(pointer, pattern))
  if (met !== undefined)
    throw new RequestFailed(
      `${met} says whose event it is, or which, and cannot be corrected: have the producer send the event again under the right id, and erase or object for the wrong one`,
    )
  const others = fields.find(({ of, pointer }) => of !== undefined && meet(pointer, pattern))
  if (others) throw new RequestFailed(`${others.pointer} is about another person (${others.of}), who has to ask`)
}

function checkValue(version: ContractVersion, place: Place, value: JsonValue): void {
  const schema = inlineSchema(version.schema, place.schema)
  const validate = compileValidator(schema === true ? {} : (schema as JsonObject), place, MAX_TOLD)
  const violations = validate(value as JsonObject)
  const told = violations.map(({ pointer, keyword, detail }) => `${place.pointer}${pointer} (${keyword}): ${detail}`)
  if (!isWellFormed(value)) told.push(`${place.pointer} (string): half of a surrogate pair`)
  if (told.length > 0)
    throw new RequestFailed(`a value does not fit schema version ${version.version}: ${told.join('; ')}`)
}

function isWellFormed(value: JsonValue): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (Array.isArray(value)) return value.every(isWellFormed)
  return (
    !isJsonObject(value) || Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormed(member))
  )
}

function around(pattern: string[], tokens: string[], value: JsonValue): JsonObject {
  const result = tokens.reduceRight<JsonValue>(
    (inner, token, i) => (pattern[i] === '*' ? [inner] : { [token]: inner }),
    value,
  )
  return result as JsonObject
}
