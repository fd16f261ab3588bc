// A schema as text on its way to a registry server and back: canonical, so that equal content is equal text, and with
// a dialect, since some servers refuse a schema that names none. What was added is taken off again.

import canonicalize from 'canonicalize'
import { isJsonObject } from '../json.ts'
import type { JsonSchema } from './registry.ts'

const DRAFT_2020_12 = 'https://json-schema.org/draft/2020-12/schema'
/** Says, beside a `$schema`, that it was added for the wire. */
const DIALECT_ADDED = 'x-ecluse-dialect-added'

/** RFC 8785 text. @throws TypeError for what is no JSON object, or says itself that its dialect was added */
export function toWire(schema: JsonSchema): string {
  if (!isJsonObject(schema)) throw new TypeError('a schema is a JSON object')
  if (Object.hasOwn(schema, DIALECT_ADDED)) throw new TypeError(`a schema has no member ${DIALECT_ADDED} of its own`)
  const dialected = Object.hasOwn(schema, '$schema')
    ? schema
    : { ...schema, $schema: DRAFT_2020_12, [DIALECT_ADDED]: true }
  try {
    return canonicalize(dialected)!
  } catch (cause) {
    throw new TypeError('a schema is a JSON value', { cause })
  }
}

/** The schema as it was given to `toWire`, or as somebody else registered it. @throws Error when it is no JSON object */
export function fromWire(text: string): JsonSchema {
  const schema: unknown = JSON.parse(text)
  if (!isJsonObject(schema)) throw new Error('a schema in the registry is no JSON object')
  if (schema[DIALECT_ADDED] !== true) return schema
  const { $schema: _, [DIALECT_ADDED]: __, ...given } = schema
  return given
}
