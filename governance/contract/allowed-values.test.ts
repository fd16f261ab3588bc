import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import { findPlace, placesIn, schemaTree } from './schema-tree.ts'

const closed = (properties: JsonSchema, rest: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...rest,
})

/** Places as `pointer: types`, with a mark for what is sealed and what is required. */
const places = (schema: JsonSchema) =>
  [...placesIn(schemaTree(schema))].map(
    ({ pointer, types, sealed, required }) =>
      `${pointer}: ${[...types].sort().join('|')}${sealed ? ` ${sealed}` : ''}${required.size > 0 ? ` needs ${[...required]}` : ''}`,
  )

test('alternatives are seen together', () => {
  const one = closed({ a: { type: 'string' }, c: { type: 'null' } }, { required: ['a', 'c'] })
  const two = closed({ a: { type: 'integer' }, b: { type: 'boolean' } }, { required: ['a'] })
  assert.deepEqual(places({ oneOf: [one, two] }), [': object needs a', '/a: integer|string', '/c: null', '/b: boolean'])
})

test('what holds together is narrowed down together', () => {
  const schema = closed(
    { a: { type: ['number', 'string'] }, b: { type: 'string' } },
    { allOf: [{ properties: { a: { type: ['integer', 'null'] } }, required: ['a'] }] },
  )
  assert.deepEqual(places(schema), [': object needs a', '/a: integer', '/b: string'])
})

test('unevaluatedProperties closes over everything in place', () => {
  const schema = {
    type: 'object',
    unevaluatedProperties: false,
    $defs: { base: { properties: { a: { type: 'string' } } } },
    allOf: [{ $ref: '#/$defs/base' }, { properties: { b: { type: 'string' } } }],
    if: { properties: { c: { const: 'x' } } },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: { properties: { d: { type: 'integer' } } },
    dependentSchemas: { a: { properties: { e: { type: 'null' } } } },
  }
  assert.deepEqual(
    places(schema).map(place => place.split(':')[0]),
    ['', '/a', '/b', '/d', '/c', '/e'],
  )
  assert.equal(schemaTree({ ...schema, allOf: [{ additionalProperties: true }] }).sealed, 'map')
  assert.equal(schemaTree({ ...schema, allOf: [{ patternProperties: { x: {} } }] }).sealed, 'map')
})

test('items of any position are one place', () => {
  const schema = closed({
    list: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'string' }], items: { type: 'integer' } },
    pair: { type: 'array', prefixItems: [{ type: 'string' }], unevaluatedItems: false },
    open: { type: 'array', prefixItems: [{ type: 'string' }] },
    none: { type: 'array', items: false },
    any: { anyOf: [{ type: 'array', items: { type: 'null' } }, { type: 'string' }] },
  })
  assert.deepEqual(places(schema).slice(1), [
    '/list: array',
    '/list/*: integer|string',
    '/pair: array',
    '/pair/*: string',
    '/open: array',
    '/open/*: array|boolean|null|number|object|string map',
    '/none: array',
    '/any: array|string',
    '/any/*: null',
  ])
})

test('values that are listed say their types, and a list of objects is one value', () => {
  const schema = closed({ a: { enum: [1, 'x', null] }, b: { const: 1.5 }, c: { enum: [{ x: 1 }, [1]] }, d: false })
  assert.deepEqual(places(schema).slice(1), ['/a: integer|null|string', '/b: number', '/c: array|object map'])
})

test('a schema that holds itself is one value from there on', () => {
  const schema = closed({ v: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } })
  assert.deepEqual(places(schema), [': object', '/v: string', '/children: array', '/children/*: object recursive'])
})

test('patterns of names apply to declared names too', () => {
  const branch = { type: 'object', patternProperties: { '^a': { type: 'integer' } } }
  const schema = { allOf: [branch, closed({ ab: {}, b: {} })] }
  assert.deepEqual([...findPlace(schemaTree(schema), ['ab'])!.types], ['integer'])
})
