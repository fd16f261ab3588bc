// Finds one's way in a JSON Schema (draft 2020-12): which keywords hold schemas, where a local `$ref` leads, and a copy
// with all of them followed.

import type { JsonSchema } from '../../storage/registry/registry.ts'
import { parsePointer } from './json-pointer.ts'
import type { Path } from './source-file.ts'

export type Schema = boolean | JsonSchema

const single = [
  'additionalProperties',
  'unevaluatedProperties',
  'items',
  'unevaluatedItems',
  'contains',
  'propertyNames',
]
const conditional = ['not', 'if', 'then', 'else']
const lists = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const maps = ['properties', 'patternProperties', 'dependentSchemas']
const definitions = ['$defs', 'definitions']

/** Keywords that say nothing about whether a value is valid. */
const annotations = new Set(
  'title description default examples deprecated readOnly writeOnly $comment contentEncoding contentMediaType x-ecluse confluent:tags'.split(
    ' ',
  ),
)

/** Every keyword a schema may use here. */
export const keywords = new Set([
  ...'$schema $id $ref type enum const format pattern multipleOf maximum exclusiveMaximum minimum exclusiveMinimum'.split(
    ' ',
  ),
  ...'maxLength minLength maxItems minItems uniqueItems maxContains minContains maxProperties minProperties'.split(' '),
  ...['required', 'dependentRequired'],
  ...[...single, ...conditional, ...lists, ...maps, ...definitions, ...annotations],
])

export function isSchemaObject(schema: unknown): schema is JsonSchema {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema)
}

/** The schemas right inside a schema, with their paths from it. */
export function subSchemas(schema: JsonSchema): { path: Path; schema: Schema }[] {
  const found: { path: Path; schema: Schema }[] = []
  const add = (path: Path, value: unknown) => {
    if (typeof value === 'boolean' || isSchemaObject(value)) found.push({ path, schema: value })
  }
  for (const [keyword, value] of Object.entries(schema)) {
    if (single.includes(keyword) || conditional.includes(keyword)) add([keyword], value)
    else if (lists.includes(keyword) && Array.isArray(value)) {
      for (const [i, item] of value.entries()) add([keyword, i], item)
    } else if ((maps.includes(keyword) || definitions.includes(keyword)) && isSchemaObject(value)) {
      for (const [name, item] of Object.entries(value)) add([keyword, name], item)
    }
  }
  return found
}

/** Each object schema in a file with its path, the root first; not following references. */
export function allSchemas(root: JsonSchema): Map<JsonSchema, Path> {
  const found = new Map<JsonSchema, Path>([[root, []]])
  for (const [schema, path] of found) {
    for (const sub of subSchemas(schema)) {
      if (isSchemaObject(sub.schema)) found.set(sub.schema, [...path, ...sub.path])
    }
  }
  return found
}

/** The path that a local reference (`#/$defs/address`) leads to; undefined for any other. */
export function refPath(ref: unknown): string[] | undefined {
  if (typeof ref !== 'string' || !ref.startsWith('#')) return undefined
  try {
    return parsePointer(decodeURIComponent(ref.slice(1)))
  } catch {
    return undefined
  }
}

/** The schema a reference leads to, in a root whose references were checked. */
export function resolveRef(root: JsonSchema, ref: unknown): Schema {
  let value: unknown = root
  for (const token of refPath(ref) ?? []) value = (value as Record<string, unknown>)[token]
  return value as Schema
}

/** A copy with references followed and annotations left out. Where a schema holds itself, anything is allowed. */
export function inlineSchema(root: JsonSchema, schema: Schema, following: readonly Schema[] = []): Schema {
  if (!isSchemaObject(schema)) return schema
  const copy: JsonSchema = {}
  const inner = (value: unknown) => inlineSchema(root, value as Schema, following)
  for (const [keyword, value] of Object.entries(schema)) {
    if (annotations.has(keyword) || definitions.includes(keyword) || keyword === '$schema' || keyword === '$id')
      continue
    if (keyword === '$ref') continue
    if (single.includes(keyword) || conditional.includes(keyword)) copy[keyword] = inner(value)
    else if (lists.includes(keyword)) copy[keyword] = (value as unknown[]).map(inner)
    else if (maps.includes(keyword)) {
      copy[keyword] = Object.fromEntries(Object.entries(value as object).map(([name, item]) => [name, inner(item)]))
    } else copy[keyword] = value
  }
  if (schema.$ref === undefined) return copy
  const target = resolveRef(root, schema.$ref)
  const inlined = following.includes(target) ? {} : inlineSchema(root, target, [...following, target])
  if (Object.keys(copy).length === 0) return inlined
  return { ...copy, allOf: [...((copy.allOf as Schema[] | undefined) ?? []), inlined] }
}
