// For tests alone: random closed schemas, values that are valid under them, and values that need not be.

import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import { DRAFT_2020_12 } from './compile-schema.ts'

/** A few names, so that random schemas, rules and events meet. */
export const memberNames = ['a', 'b', 'c', 'é"', 'x/y~z']

const bounds = fc.tuple(fc.integer({ min: -5, max: 5 }), fc.nat({ max: 5 }))

export const scalarSchema: fc.Arbitrary<JsonSchema> = fc.oneof(
  fc.constantFrom<JsonSchema>({ type: 'boolean' }, { type: 'null' }, { type: 'number' }, { type: ['string', 'null'] }),
  fc.constantFrom<JsonSchema>({ enum: ['u', 1, null] }, { const: 'v' }, { type: 'string', format: 'date' }),
  bounds.map(([minimum, width]) => ({ type: 'integer', minimum, maximum: minimum + width })),
  fc.nat({ max: 3 }).map(minLength => ({ type: 'string', minLength, maxLength: minLength + 3 })),
  fc.constant({ type: 'string', pattern: '^[a-c]+$' }),
)

const { schema } = fc.letrec<{ schema: JsonSchema; object: JsonSchema }>(tie => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalarSchema,
    tie('object'),
    tie('schema').map(items => ({ type: 'array', items, maxItems: 3 })),
    fc.tuple(scalarSchema, tie('object')).map(anyOf => ({ anyOf })),
  ),
  object: fc
    .tuple(
      fc.dictionary(fc.constantFrom(...memberNames), tie('schema'), { maxKeys: 4, noNullPrototype: true }),
      fc.nat(),
    )
    .map(([properties, seed]) => closed(properties, seed)),
}))

function closed(properties: Record<string, JsonSchema>, seed: number): JsonSchema {
  const required = Object.keys(properties).filter((_, i) => (seed >> i) & 1)
  return { type: 'object', additionalProperties: false, properties, required }
}

/** A schema file whose root is a closed object. */
export const rootSchema: fc.Arbitrary<JsonSchema> = fc
  .tuple(fc.dictionary(fc.constantFrom(...memberNames), schema, { minKeys: 1, noNullPrototype: true }), fc.nat())
  .map(([properties, seed]) => ({ $schema: DRAFT_2020_12, ...closed(properties, seed) }))

/** A value that is valid under one of the schemas above. */
function validValue(of: JsonSchema): fc.Arbitrary<JsonValue> {
  const {
    type,
    minLength = 0,
    maxLength = 10,
    minimum = 0,
    maximum = 0,
  } = of as { type?: string } & Record<string, number>
  if (of.anyOf) return fc.oneof(...(of.anyOf as JsonSchema[]).map(validValue))
  if (of.enum) return fc.constantFrom(...(of.enum as JsonValue[]))
  if (of.const) return fc.constant(of.const as JsonValue)
  if (of.format)
    return fc
      .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map(d => d.toISOString().slice(0, 10))
  if (of.pattern) return fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 })
  if (type === 'boolean') return fc.boolean()
  if (type === 'null') return fc.constant(null)
  if (type === 'number') return fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  if (type === 'integer') return fc.integer({ min: minimum, max: maximum })
  if (type === 'string') return fc.string({ unit: 'binary', minLength, maxLength })
  if (type === 'array') return fc.array(validValue(of.items as JsonSchema), { maxLength: 3 })
  if (type === 'object') return validObject(of)
  return fc.option(fc.string({ unit: 'binary' }))
}

export function validObject(of: JsonSchema): fc.Arbitrary<JsonObject> {
  const properties = Object.entries(of.properties as Record<string, JsonSchema>)
  return fc.record(Object.fromEntries(properties.map(([name, inner]) => [name, validValue(inner)])), {
    requiredKeys: of.required as string[],
    noNullPrototype: true,
  }) as fc.Arbitrary<JsonObject>
}

/** A valid event in which one value may have been replaced and an undeclared member added. */
export function almostValidObject(of: JsonSchema): fc.Arbitrary<JsonObject> {
  const intruder = fc.oneof(fc.jsonValue() as fc.Arbitrary<JsonValue>, fc.constant('secret-value'))
  return fc
    .tuple(validObject(of), fc.constantFrom(...memberNames, 'secret-name'), intruder)
    .map(([event, name, value]) => ({
      ...event,
      [name]: value,
    }))
}
