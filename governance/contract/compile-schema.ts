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

const metaSchema = new Ajv2020({ ...options, allErrors: true }).addKeyword('x-ecluse').addKeyword('confluent:tags')

/**
 * A validator that stops at the first error, or one that finds all of them. The schema itself is not checked against
 * its meta-schema: see `metaSchemaErrors`.
 * @throws Error when Ajv cannot compile the schema
 */
export function compileSchema(schema: object, errors: 'first' | 'all'): ValidateFunction {
  // An instance of its own, because Ajv's instances remember all they ever compiled.
  const own: Options = { ...options, meta: false, validateSchema: false, verbose: true, allErrors: errors === 'all' }
  return new Ajv2020(own).addKeyword('x-ecluse').addKeyword('confluent:tags').compile(schema)
}

/** Errors of the schema itself against the meta-schema of its draft; empty when it is one. */
export function metaSchemaErrors(schema: JsonSchema): NonNullable<ValidateFunction['errors']> {
  return metaSchema.validateSchema(schema) ? [] : (metaSchema.errors ?? [])
}
