// Compiles JSON Schemas with Ajv the way Écluse wants it: draft 2020-12, strict, nothing coerced, filled in or left
// out, patterns in linear time.

import { Ajv2020, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import { formats } from './formats.ts'
import { linearPattern } from './linear-pattern.ts'

export const DRAFT_2020_12 = 'https://json-schema.org/draft/2020-12/schema'

const regExp = Object.assign((source: string) => ({ ...linear(source), toString: () => source }), {
  code: 'linearPattern',
})

function linear(source: string) {
  const pattern = linearPattern(source)
  return { test: (text: string) => pattern.test(text), exec: () => null }
}

const options: Options = {
  strict: true,
  strictRequired: false,
  strictTuples: false,
  allowUnionTypes: true,
  // 0.07 / 0.01 is not whole in binary fractions.
  multipleOfPrecision: 6,
  code: { regExp },
  formats,
}

const first = annotated({ ...options, verbose: true })
const all = annotated({ ...options, verbose: true, allErrors: true })

function annotated(options: Options): Ajv2020 {
  return new Ajv2020(options).addKeyword('x-ecluse').addKeyword('confluent:tags')
}

/**
 * A validator that stops at the first error, or one that finds all of them.
 * @throws Error when Ajv cannot compile the schema
 */
export function compileSchema(schema: object, errors: 'first' | 'all'): ValidateFunction {
  const ajv = errors === 'first' ? first : all
  // The instances are shared: an `$id` must not name this schema for others, and nothing may pile up.
  const { $id: _, ...anonymous } = schema as JsonSchema
  try {
    return ajv.compile(anonymous)
  } finally {
    ajv.removeSchema(anonymous)
  }
}

/** Errors of the schema itself against the meta-schema of its draft; empty when it is one. */
export function metaSchemaErrors(schema: JsonSchema): NonNullable<ValidateFunction['errors']> {
  return all.validateSchema(schema) ? [] : (all.errors ?? [])
}
