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
import { resolveRef, type Schema } from './sub-schemas.ts'

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
