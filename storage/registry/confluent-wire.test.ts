import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromWire, toWire } from './confluent-wire.ts'
import type { JsonSchema } from './registry.ts'

test('a schema without a dialect travels with one, and comes back without', () => {
  assert.match(toWire({ type: 'object' }), /"\$schema":"https:\/\/json-schema.org\/draft\/2020-12\/schema"/)
  assert.deepEqual(fromWire(toWire({ type: 'object' })), { type: 'object' })
})

test('a schema with a dialect travels as it is', () => {
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }
  assert.deepEqual(JSON.parse(toWire(schema)), schema)
  assert.deepEqual(fromWire(JSON.stringify(schema)), schema)
})

test('any JSON object comes back as it was given, and the order of its members makes no other text', () => {
  const schemas = fc.dictionary(fc.string(), fc.jsonValue()).map(members => JSON.parse(JSON.stringify(members)))
  fc.assert(
    fc.property(schemas, (schema: JsonSchema) => {
      assert.deepEqual(fromWire(toWire(schema)), schema)
      const turned = Object.fromEntries(Object.entries(schema).reverse())
      assert.equal(toWire(turned), toWire(schema))
    }),
  )
})

test('what is no JSON object, or bears our mark, is the caller’s mistake', () => {
  for (const wrong of [[], null, { minimum: Number.NaN }, { 'x-ecluse-dialect-added': true }])
    assert.throws(() => toWire(wrong as unknown as JsonSchema), TypeError)
})
