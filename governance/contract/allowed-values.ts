// What a schema lets stand in a place: types, names, the schema of each member and item. Where it cannot tell exactly
// it answers with more than the schema allows, never with less: the protection plan must know every value.

import type { JsonSchema } from '../../storage/registry/registry.ts'
import { linearPattern } from './linear-pattern.ts'
import { isSchemaObject, resolveRef, type Schema } from './sub-schemas.ts'

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object'

const allTypes: readonly JsonType[] = ['null', 'boolean', 'number', 'string', 'array', 'object']

/** Schemas that hold for a value together, and sets of alternatives of which one holds. */
interface Parts {
  conjuncts: Schema[]
  alternatives: Schema[][]
}

function partsOf(root: JsonSchema, schema: JsonSchema): Parts {
  const parts: Parts = { conjuncts: [...((schema.allOf as Schema[] | undefined) ?? [])], alternatives: [] }
  if (schema.$ref !== undefined) parts.conjuncts.push(resolveRef(root, schema.$ref))
  for (const keyword of ['anyOf', 'oneOf']) if (schema[keyword]) parts.alternatives.push(schema[keyword] as Schema[])
  if (schema.if !== undefined && (schema.then !== undefined || schema.else !== undefined)) {
    parts.alternatives.push([(schema.then as Schema) ?? true, (schema.else as Schema) ?? true])
  }
  return parts
}

/** The types a value may have. `number` includes the integers. */
export function allowedTypes(root: JsonSchema, schema: Schema): Set<JsonType> {
  if (!isSchemaObject(schema)) return new Set(schema ? allTypes : [])
  let types = new Set(schema.type === undefined ? allTypes : ([schema.type].flat() as JsonType[]))
  if (Array.isArray(schema.enum)) types = bothTypes(types, new Set(schema.enum.map(typeOf)))
  if (schema.const !== undefined) types = bothTypes(types, new Set([typeOf(schema.const)]))
  const { conjuncts, alternatives } = partsOf(root, schema)
  for (const conjunct of conjuncts) types = bothTypes(types, allowedTypes(root, conjunct))
  for (const branches of alternatives) {
    types = bothTypes(types, new Set(branches.flatMap(branch => [...allowedTypes(root, branch)])))
  }
  return types
}

function bothTypes(a: Set<JsonType>, b: Set<JsonType>): Set<JsonType> {
  const both = a.intersection(b)
  if ((a.has('integer') && b.has('number')) || (a.has('number') && b.has('integer'))) both.add('integer')
  if (both.has('number')) both.delete('integer')
  return both
}

/** The JSON type of a value. */
export function typeOf(value: unknown): JsonType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value as JsonType
}

type Names = Set<string> | 'any'

/** The names an object's members may have; `any` when the schema leaves it open. */
export function allowedNames(root: JsonSchema, schema: Schema): Names {
  if (!isSchemaObject(schema)) return schema ? 'any' : new Set()
  let names: Names = 'any'
  if (schema.additionalProperties === false && schema.patternProperties === undefined) names = ownNames(schema)
  if (schema.unevaluatedProperties === false) names = bothNames(names, evaluatedNames(root, schema))
  const { conjuncts, alternatives } = partsOf(root, schema)
  for (const conjunct of conjuncts) names = bothNames(names, allowedNames(root, conjunct))
  for (const branches of alternatives) {
    names = bothNames(names, eitherNames(objectBranches(root, branches).map(branch => allowedNames(root, branch))))
  }
  return names
}

/** Names that `unevaluatedProperties: false` beside or above this schema lets through because of it. */
function evaluatedNames(root: JsonSchema, schema: Schema): Names {
  if (!isSchemaObject(schema)) return new Set()
  const open = (value: unknown) => value !== undefined && value !== false
  if (open(schema.additionalProperties) || open(schema.unevaluatedProperties) || schema.patternProperties) return 'any'
  const { conjuncts, alternatives } = partsOf(root, schema)
  const applied = [...conjuncts, ...alternatives.flat(), ...(schema.if === undefined ? [] : [schema.if as Schema])]
  applied.push(...Object.values((schema.dependentSchemas as Record<string, Schema>) ?? {}))
  return eitherNames([ownNames(schema), ...applied.map(part => evaluatedNames(root, part))])
}

function ownNames(schema: JsonSchema): Set<string> {
  return new Set(Object.keys((schema.properties as object | undefined) ?? {}))
}

function bothNames(a: Names, b: Names): Names {
  return a === 'any' ? b : b === 'any' ? a : a.intersection(b)
}

function eitherNames(sets: Names[]): Names {
  return sets.includes('any') ? 'any' : new Set((sets as Set<string>[]).flatMap(names => [...names]))
}

function objectBranches(root: JsonSchema, branches: Schema[]): Schema[] {
  return branches.filter(branch => allowedTypes(root, branch).has('object'))
}

/** What holds for the member of this name in an object of this schema. */
export function memberSchema(root: JsonSchema, schema: Schema, name: string): Schema {
  if (!isSchemaObject(schema)) return schema
  const properties = (schema.properties as Record<string, Schema> | undefined) ?? {}
  const patterns = Object.entries((schema.patternProperties as Record<string, Schema> | undefined) ?? {})
  const own = patterns.filter(([pattern]) => linearPattern(pattern).test(name)).map(([, inner]) => inner)
  if (Object.hasOwn(properties, name)) own.push(properties[name]!)
  if (own.length === 0 && schema.additionalProperties !== undefined) own.push(schema.additionalProperties as Schema)
  return combined(
    own,
    partsOf(root, schema),
    part => memberSchema(root, part, name),
    branches =>
      objectBranches(root, branches).filter(branch => {
        const names = allowedNames(root, branch)
        return names === 'any' || names.has(name)
      }),
  )
}

/** What holds for the items of an array of this schema, all of them taken together. */
export function itemSchema(root: JsonSchema, schema: Schema): Schema {
  if (!isSchemaObject(schema)) return schema
  const rest = (schema.items as Schema | undefined) ?? (schema.unevaluatedItems === false ? simpleRest(schema) : true)
  const prefix = (schema.prefixItems as Schema[] | undefined) ?? []
  const own = prefix.length === 0 ? rest : anyOf([...prefix, rest].filter(item => item !== false))
  return combined(
    [own],
    partsOf(root, schema),
    part => itemSchema(root, part),
    branches => branches.filter(branch => allowedTypes(root, branch).has('array')),
  )
}

function simpleRest(schema: JsonSchema): Schema {
  return ['allOf', 'anyOf', 'oneOf', 'if', '$ref', 'contains', 'dependentSchemas'].some(word => word in schema)
}

function combined(
  own: Schema[],
  { conjuncts, alternatives }: Parts,
  inner: (part: Schema) => Schema,
  possible: (branches: Schema[]) => Schema[],
): Schema {
  const together = [
    ...own,
    ...conjuncts.map(inner),
    ...alternatives.map(branches => anyOf(possible(branches).map(inner))),
  ].filter(schema => schema !== true)
  if (together.includes(false)) return false
  return together.length === 0 ? true : together.length === 1 ? together[0]! : { allOf: together }
}

function anyOf(branches: Schema[]): Schema {
  if (branches.includes(true)) return true
  const possible = [...new Set(branches)].filter(branch => branch !== false)
  return possible.length === 0 ? false : possible.length === 1 ? possible[0]! : { anyOf: possible }
}

/** The names without which no object is valid. */
export function requiredNames(root: JsonSchema, schema: Schema): Set<string> {
  if (!isSchemaObject(schema)) return new Set()
  let names = new Set((schema.required as string[] | undefined) ?? [])
  const { conjuncts, alternatives } = partsOf(root, schema)
  for (const conjunct of conjuncts) names = names.union(requiredNames(root, conjunct))
  for (const branches of alternatives) {
    const sets = objectBranches(root, branches).map(branch => requiredNames(root, branch))
    if (sets.length > 0) names = names.union(sets.reduce((a, b) => a.intersection(b)))
  }
  return names
}

/** The schemas as they are written that speak of the same place: this one, what it refers to, its alternatives. */
export function schemasInPlace(root: JsonSchema, schema: Schema): JsonSchema[] {
  if (!isSchemaObject(schema)) return []
  const { conjuncts, alternatives } = partsOf(root, schema)
  return [schema, ...[...conjuncts, ...alternatives.flat()].flatMap(part => schemasInPlace(root, part))]
}
