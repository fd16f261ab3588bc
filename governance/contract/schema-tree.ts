// A schema as the tree of places it declares: what may stand where, what is closed, what can only be treated as one
// value. Classification, protection and comparison of versions all walk this tree.

import type { JsonSchema } from '../../storage/registry/registry.ts'
import {
  allowedNames,
  allowedTypes,
  itemSchema,
  type JsonType,
  memberSchema,
  requiredNames,
  schemasInPlace,
} from './allowed-values.ts'
import { formatPointer } from './json-pointer.ts'
import { isSchemaObject, resolveRef, type Schema } from './sub-schemas.ts'

export interface Place {
  /** RFC 6901, `*` for the items of an array. */
  pointer: string
  tokens: string[]
  /** What holds here; made of several schemas of the file where several speak of the place. */
  schema: Schema
  /** The schemas of the file that speak of this place. */
  written: JsonSchema[]
  types: Set<JsonType>
  /** Holds names nobody declared, or itself: one value under one rule. It has no members or items then. */
  sealed?: 'map' | 'recursive'
  members?: Map<string, Place>
  required: Set<string>
  items?: Place
}

/** The tree of a schema whose references were checked and whose size is bounded (see `check-schema.ts`). */
export function schemaTree(root: JsonSchema): Place {
  return placeOf(root, root, [], [root])
}

function placeOf(root: JsonSchema, schema: Schema, tokens: string[], above: readonly Schema[]): Place {
  const types = allowedTypes(root, schema)
  const written = schemasInPlace(root, schema)
  const place: Place = { pointer: formatPointer(tokens), tokens, schema, written, types, required: new Set() }
  const targets = written.flatMap(({ $ref }) => ($ref === undefined ? [] : [resolveRef(root, $ref)]))
  const isContainer = types.has('object') || types.has('array')
  if (isContainer && targets.some(target => above.includes(target))) place.sealed = 'recursive'
  else if (types.has('object') && allowedNames(root, schema) === 'any') place.sealed = 'map'
  if (place.sealed) return place

  const below = [...above, ...targets]
  if (types.has('object')) {
    place.required = requiredNames(root, schema)
    place.members = new Map()
    for (const name of allowedNames(root, schema) as Set<string>) {
      const member = placeOf(root, memberSchema(root, schema, name), [...tokens, name], below)
      if (member.types.size > 0) place.members.set(name, member)
    }
  }
  if (types.has('array')) {
    const items = placeOf(root, itemSchema(root, schema), [...tokens, '*'], below)
    if (items.types.size > 0) place.items = items
  }
  return place
}

/** A place and all places below it, itself first. */
export function* placesIn(place: Place): Generator<Place> {
  yield place
  for (const member of place.members?.values() ?? []) yield* placesIn(member)
  if (place.items) yield* placesIn(place.items)
}

/** The place at these tokens, if it is declared. */
export function findPlace(root: Place, tokens: readonly string[]): Place | undefined {
  let place: Place | undefined = root
  for (const token of tokens) place = place?.members?.get(token)
  return place
}

/** Whether something other than null, an object or an array may stand here. */
export function allowsScalar({ types }: Place): boolean {
  return [...types].some(type => type !== 'null' && type !== 'object' && type !== 'array')
}

/** Whether objects or arrays may stand here whose insides are declared. */
export function isDeclaredContainer(place: Place): boolean {
  return place.members !== undefined || (place.types.has('array') && !place.sealed)
}

const MAX_PLACES = 10_000

/**
 * What would make the tree endless or too large: a reference that leads to itself without going deeper, or definitions
 * that multiply. Undefined when there is nothing.
 */
export function sizeProblem(root: JsonSchema): 'endless' | 'too large' | undefined {
  let left = MAX_PLACES
  const visit = (
    schema: Schema,
    above: readonly Schema[],
    here: readonly Schema[],
  ): 'endless' | 'too large' | undefined => {
    if (!isSchemaObject(schema)) return undefined
    if (left-- === 0) return 'too large'
    const inside = (value: unknown, deeper: boolean) =>
      visit(value as Schema, deeper ? [...above, ...here] : above, deeper ? [] : here)
    if (schema.$ref !== undefined) {
      const target = resolveRef(root, schema.$ref)
      if (here.includes(target)) return 'endless'
      if (!above.includes(target)) {
        const problem = visit(target, above, [...here, target])
        if (problem) return problem
      }
    }
    for (const [keyword, value] of Object.entries(schema)) {
      if (keyword === '$defs' || keyword === 'definitions') continue
      const inPlace = ['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else', 'not', 'dependentSchemas'].includes(keyword)
      const holds = inPlace || places.includes(keyword)
      const many = Array.isArray(value)
        ? value
        : mapsOfPlaces.includes(keyword)
          ? Object.values(value as object)
          : [value]
      for (const inner of holds ? many : []) {
        const problem = inside(inner, !inPlace)
        if (problem) return problem
      }
    }
    return undefined
  }
  return visit(root, [], [root])
}

const mapsOfPlaces = ['properties', 'patternProperties', 'dependentSchemas']
const places = [
  ...mapsOfPlaces,
  ...[
    'additionalProperties',
    'unevaluatedProperties',
    'items',
    'prefixItems',
    'unevaluatedItems',
    'contains',
    'propertyNames',
  ],
]
