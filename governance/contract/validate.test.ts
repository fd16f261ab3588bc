import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import type { JsonObject } from '../../storage/json.ts'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import { DRAFT_2020_12 } from './compile-schema.ts'
import { formats } from './formats.ts'
import { almostValidObject, rootSchema, validObject } from './schema-arbitrary.ts'
import { schemaTree } from './schema-tree.ts'
import { compileValidator } from './validate.ts'

const validator = (schema: JsonSchema, maxViolations = 20) =>
  compileValidator(schema, schemaTree(schema), maxViolations)

const closed = (properties: JsonSchema, rest: JsonSchema = {}): JsonSchema => ({
  $schema: DRAFT_2020_12,
  type: 'object',
  additionalProperties: false,
  properties,
  ...rest,
})

test('an event is valid exactly when plain Ajv says so, and what is said of it holds none of its values', () => {
  const schemaAndEvents = rootSchema.chain(schema =>
    fc.tuple(fc.constant(schema), fc.array(fc.oneof(validObject(schema), almostValidObject(schema)), { minLength: 1 })),
  )
  fc.assert(
    fc.property(schemaAndEvents, ([schema, events]) => {
      const plain = new Ajv2020({ strict: false, formats }).compile(schema)
      const validate = validator(schema, 3)
      for (const event of events) {
        const before = JSON.stringify(event)
        const violations = validate(event)
        assert.equal(violations.length === 0, plain(event))
        assert.ok(violations.length <= 3)
        assert.ok(!JSON.stringify(violations).includes('secret'))
        assert.equal(JSON.stringify(event), before)
      }
    }),
    { numRuns: 60 },
  )
})

const said = (schema: JsonSchema, event: unknown) =>
  validator(schema)(event as JsonObject).map(({ pointer, keyword, detail }) => `${pointer} ${keyword}: ${detail}`)

test('every violation is reported, with the pointer and the keyword, in words of the schema', () => {
  const schema = closed(
    {
      amount: { type: 'number', minimum: 0, exclusiveMaximum: 100, multipleOf: 0.01 },
      kind: { enum: ['buy', 'sell', 3] },
      always: { const: 'x' },
      code: { type: 'string', minLength: 2, maxLength: 3, pattern: '^[A-Z]+$' },
      day: { type: 'string', format: 'date' },
      tags: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 2, uniqueItems: true },
      bag: { type: 'array', items: { type: 'integer' }, contains: { const: 7 } },
      box: {
        ...closed({ a: { type: 'null' }, b: {} }),
        $schema: undefined,
        minProperties: 1,
        dependentRequired: { a: ['b'] },
      },
      never: { not: { type: 'string' } },
      nothing: false,
    },
    { required: ['amount', 'when'], maxProperties: 50 },
  )
  const box = schema.properties as { box: JsonSchema }
  delete box.box.$schema
  assert.deepEqual(
    said(schema, {
      amount: -1,
      kind: 'hold',
      always: 'y',
      code: 'abcd',
      day: '2025-02-30',
      tags: ['a', 'a', 'b'],
      bag: [1],
      box: { a: null },
      never: '',
      nothing: 1,
      other: 1,
      more: 2,
    }),
    [
      '/when required: the property `when` is missing',
      ' additionalProperties: 2 undeclared properties',
      '/amount minimum: the number must be at least 0',
      '/kind enum: the value is not one of those allowed',
      '/always const: the value is not the one allowed',
      '/code maxLength: the length must be at most 3 characters',
      '/code pattern: the text must match the pattern ^[A-Z]+$',
      '/day format: the text must be of the format date',
      '/tags maxItems: the number of items must be at most 2',
      '/tags uniqueItems: items 0 and 1 are equal',
      '/bag contains: too few items fit what the schema wants to be contained',
      '/box/b dependentRequired: with `a` the property `b` is required too',
      '/never not: the value is one that the schema excludes',
      '/* false schema: no value is allowed here',
    ],
  )
  assert.deepEqual(said(schema, { amount: 100, when: 1, code: '', tags: [], box: {} }).slice(1), [
    '/amount exclusiveMaximum: the number must be less than 100',
    '/code minLength: the length must be at least 2 characters',
    '/code pattern: the text must match the pattern ^[A-Z]+$',
    '/tags minItems: the number of items must be at least 1',
    '/box minProperties: the number of properties must be at least 1',
  ])
})

test('what the schema does not declare is never named', () => {
  const schema = closed({
    map: { type: 'object', propertyNames: { pattern: '^[a-z]+$' }, additionalProperties: { type: 'integer' } },
    list: { type: 'array', items: { ...closed({ n: { type: 'integer' } }), $schema: undefined } },
  })
  delete ((schema.properties as { list: { items: JsonSchema } }).list.items as JsonSchema).$schema
  assert.deepEqual(said(schema, { map: { alice: 'x', BOB: 1 }, list: [{ n: 1 }, { n: 'x', carol: 1 }] }), [
    '/map propertyNames: a property has a name that is not allowed',
    '/map/* type: the value must be of type integer',
    '/list/1 additionalProperties: 1 undeclared property',
    '/list/1/n type: the value must be of type integer',
  ])
})

test('of a union only what was probably meant is reported', () => {
  const shape = (kind: string, more: JsonSchema = {}) => ({
    type: 'object',
    additionalProperties: false,
    required: ['kind'],
    properties: { kind: { const: kind }, ...more },
  })
  const schema = closed(
    {
      street: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/street' }] },
      kind: { oneOf: [{ const: 'a' }, { enum: ['b', 'c'] }] },
      paid: { oneOf: [shape('card', { number: { type: 'string' } }), shape('cash')] },
      same: { oneOf: [{ type: 'integer' }, { type: 'number' }] },
      either: {
        anyOf: [
          { type: 'string', minLength: 5 },
          { type: 'string', maxLength: 2 },
        ],
      },
      when: {
        type: 'object',
        additionalProperties: false,
        properties: { a: { type: 'integer' }, b: { type: 'integer' } },
        if: { required: ['a'] },
        // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
        then: { required: ['b'] },
      },
    },
    {
      $defs: { street: { type: 'object', additionalProperties: false, properties: { name: { type: 'string' } } } },
    },
  )
  assert.deepEqual(said(schema, { street: 1 }), ['/street type: the value must be of type string or object'])
  assert.deepEqual(said(schema, { street: { name: 1 } }), ['/street/name type: the value must be of type string'])
  assert.deepEqual(said(schema, { kind: 'd' }), ['/kind enum: the value is not one of those allowed'])
  assert.deepEqual(said(schema, { paid: { kind: 'card', number: 1 } }), [
    '/paid/number type: the value must be of type string',
  ])
  assert.deepEqual(said(schema, { same: 1 }), ['/same oneOf: the value fits more than one alternative'])
  assert.deepEqual(said(schema, { either: 'abc' }), ['/either anyOf: the value fits none of the 2 alternatives'])
  assert.deepEqual(said(schema, { when: { a: 1 } }), ['/when/b required: the property `b` is missing'])
})

test('a huge invalid event costs no more than its first violation', () => {
  const schema = closed({ list: { type: 'array', items: { type: 'integer' } } })
  assert.deepEqual(said(schema, { list: Array(20_000).fill('x') }), ['/list/0 type: the value must be of type integer'])
  assert.deepEqual(said(schema, { x: Array(20_000).fill('x') }), [' additionalProperties: undeclared properties'])
})

test('amounts in cents are multiples of a cent', () => {
  const schema = closed({ amount: { type: 'number', multipleOf: 0.01 } })
  for (const amount of [0.07, 250.75, 1_000_000.01]) assert.deepEqual(said(schema, { amount }), [])
  assert.equal(said(schema, { amount: 0.071 }).length, 1)
})
