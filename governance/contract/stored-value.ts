// What stands at a pointer of a stored event, by schema version: how it was protected, and of which types it is then.

import type { JsonValue } from '../../storage/json.ts'
import { allowedTypes, type JsonType } from './allowed-values.ts'
import type { ContractVersion, FieldRule } from './contract.ts'
import { parsePointer } from './json-pointer.ts'
import type { ReadSchema } from './read-schemas.ts'
import type { Place } from './schema-tree.ts'

export interface StoredValue {
  rule: FieldRule
  /** Of the stored value, without null, which may always stand there; empty where nothing else ever does. */
  types: Set<JsonType>
  /** Its values are listed in the schema, and stored as they came. */
  listed?: JsonValue[]
  /** The text of a band stands for a number: its middle. */
  isBand: boolean
  /** Steps on a line, so that there are few of them. */
  isGrid: boolean
  /** The schema says that it is a date, or a date and time; stored as it came. */
  isTime: boolean
}

/** What is found at a pointer instead of a single stored value. */
export interface NoValue {
  problem: 'undeclared' | 'below an array' | 'inside' | 'container'
  /** The place that is an array, or is stored as one value. */
  pointer: string
}

const timeFormats = new Set(['date', 'date-time', 'iso-date-time'])

export type VersionAt = Pick<ReadSchema, 'tree'> & Pick<ContractVersion, 'version' | 'plan'>

/** Looks a pointer up in one schema version. */
export function findStored({ tree, plan }: VersionAt, pointer: string): StoredValue | NoValue {
  let place = tree
  let node = plan
  for (const token of parsePointer(pointer)!) {
    if (node.whole) return { problem: 'inside', pointer: node.pointer }
    const [inner, next] = [place.members?.get(token), node.members?.get(token)]
    if (!inner || !next) return { problem: place.items ? 'below an array' : 'undeclared', pointer: place.pointer }
    place = inner
    node = next
  }
  const isOpen = (place.members || place.items) && !node.whole
  return isOpen || !node.rule ? { problem: 'container', pointer } : storedValue(place, node.rule)
}

function storedValue(place: Place, rule: FieldRule): StoredValue {
  const { action, actionName } = rule
  const how = (actionName === 'generalise' ? rule.parameters : {}) as { band?: number; grid?: number }
  const given = place.types
  const isNumber = given.has('number') || given.has('integer')
  const values = place.written.flatMap(schema => (Array.isArray(schema.enum) ? [schema.enum as JsonValue[]] : []))
  return {
    rule,
    types: storedTypes(given, rule, how.grid !== undefined),
    ...(actionName === 'keep' && values.length > 0 && { listed: values.flat() }),
    isBand: action !== 'reject' && how.band !== undefined && isNumber,
    isGrid: how.grid !== undefined,
    isTime: actionName === 'keep' && place.written.some(({ format }) => timeFormats.has(format as string)),
  }
}

function storedTypes(given: Set<JsonType>, { action, actionName }: FieldRule, isGrid: boolean): Set<JsonType> {
  if (action === 'reject') return new Set()
  const derived = action.derive({})
  const types = actionName === 'keep' ? new Set(given) : derived ? allowedTypes(derived, derived) : new Set<JsonType>()
  types.delete('null')
  // A position keeps its type: a number, or a number as text.
  if (isGrid) for (const type of ['number', 'string'] as const) if (!isAmong(given, type)) types.delete(type)
  return types
}

const isAmong = (types: Set<JsonType>, type: JsonType) => types.has(type) || (type === 'number' && types.has('integer'))

/** Whether every stored value, null aside, is a number or stands for one. */
export function isNumeric({ types, isBand }: StoredValue): boolean {
  return isBand || (types.size > 0 && types.isSubsetOf(new Set(['integer', 'number'])))
}

/** Whether every stored value is one text, number or boolean. */
export function isScalar({ types }: StoredValue): boolean {
  return types.size > 0 && !types.has('object') && !types.has('array')
}
