// Whether a field has so few possible values that equal tokens would give them away: whoever sees the tokens of a
// gender, a country or an age can tell which is which by counting.

import type { JsonSchema } from '../../storage/registry/registry.ts'
import { hasFewValues } from '../classification/taxonomy.ts'
import { allowedTypes, itemSchema } from './allowed-values.ts'
import { patternSize } from './pattern-size.ts'
import { isSchemaObject, resolveRef, type Schema } from './sub-schemas.ts'

const MAX_GUESSABLE_VALUES = 1_000_000
/** Five letters already have twelve million. */
const MAX_GUESSABLE_LENGTH = 4
const MAX_NESTED_LISTS = 4
const guessableFormats = ['date', 'time', 'date-time', 'iso-time', 'iso-date-time']

/** Why a field of this schema and category can be guessed, as the end of a sentence; undefined when it cannot. */
export function guessableBecause(root: JsonSchema, schema: Schema, category: string | undefined): string | undefined {
  if (category !== undefined && hasFewValues(category)) return `a ${category} has few possible values`
  return fewValues(root, schema)
}

function fewValues(root: JsonSchema, schema: Schema, lists = 0): string | undefined {
  if (!isSchemaObject(schema)) return undefined
  const own = fewOwnValues(root, schema, lists)
  if (own) return own
  const conjuncts = [...((schema.allOf as Schema[] | undefined) ?? [])]
  if (schema.$ref !== undefined) conjuncts.push(resolveRef(root, schema.$ref))
  for (const conjunct of conjuncts) {
    const reason = fewValues(root, conjunct, lists)
    if (reason) return reason
  }
  for (const branches of [schema.anyOf, schema.oneOf] as (Schema[] | undefined)[]) {
    const filled = branches?.filter(branch => ![...allowedTypes(root, branch)].every(type => type === 'null')) ?? []
    const reasons = filled.map(branch => fewValues(root, branch, lists))
    if (reasons.length > 0 && reasons.every(reason => reason !== undefined)) return reasons[0]
  }
  return undefined
}

function fewOwnValues(root: JsonSchema, schema: JsonSchema, lists: number): string | undefined {
  if (schema.enum !== undefined || schema.const !== undefined) return 'its values are listed in the schema'
  const types = [...allowedTypes(root, schema)].filter(type => type !== 'null')
  const only = types.length === 1 ? types[0] : undefined
  if (only === 'boolean') return 'a boolean has two values'
  if (only === 'string') return fewTexts(schema)
  if (only === 'number' || only === 'integer') return fewNumbers(schema, only)
  const items = only === 'array' && lists < MAX_NESTED_LISTS && fewValues(root, itemSchema(root, schema), lists + 1)
  return items ? `of its items, ${items}` : undefined
}

function fewTexts({ format, maxLength, pattern }: JsonSchema): string | undefined {
  if (guessableFormats.includes(format as string)) return `a ${format} has few values`
  if ((maxLength as number) <= MAX_GUESSABLE_LENGTH) return 'so short a text has few values'
  const isFew = typeof pattern === 'string' && patternSize(pattern) <= MAX_GUESSABLE_VALUES
  return isFew ? 'few texts match its pattern' : undefined
}

function fewNumbers(schema: JsonSchema, type: 'number' | 'integer'): string | undefined {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf } = schema as Record<
    string,
    number | undefined
  >
  const width =
    Math.min(maximum ?? Infinity, exclusiveMaximum ?? Infinity) -
    Math.max(minimum ?? -Infinity, exclusiveMinimum ?? -Infinity)
  const step = type === 'integer' ? Math.max(multipleOf ?? 1, 1) : (multipleOf ?? 0)
  return width / step <= MAX_GUESSABLE_VALUES ? `the schema allows few ${type}s` : undefined
}
