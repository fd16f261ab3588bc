import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import { compileSchema } from './compile-schema.ts'
import { memberNames, rootSchema, scalarSchema, validObject } from './schema-arbitrary.ts'
import { schemaChanges } from './schema-step.ts'
import { schemaTree } from './schema-tree.ts'

const version = (name: string, root: JsonSchema) => ({ name, root, tree: schemaTree(root) })
const changes = (from: JsonSchema, to: JsonSchema) => schemaChanges(version('1-0-0', from), version('1-0-1', to))

const closed = (properties: JsonSchema, rest: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...rest,
})

/** What one field's change is, as `step: reason`. */
const change = (from: unknown, to: unknown) =>
  changes(closed({ f: from }), closed({ f: to })).map(({ step, reason }) => `${step}: ${reason}`)

const rejected = ': some events that were valid would be rejected'

const promises: [promise: string, from: unknown, to: unknown, said: string[]][] = [
  ['the same is no change', { type: 'string' }, { type: 'string', description: 'words' }, []],
  [
    'a type less is a model',
    { type: ['string', 'null'] },
    { type: 'string' },
    ['model: `/f` may no longer be of type null'],
  ],
  [
    'a type more is an addition',
    { type: 'string' },
    { type: ['string', 'null'] },
    ['addition: `/f` may be of type null too'],
  ],
  [
    'integer to number is an addition',
    { type: 'integer' },
    { type: 'number' },
    ['addition: `/f` may be of type number too'],
  ],
  [
    'number to integer is a model',
    { type: 'number' },
    { type: 'integer' },
    ['model: `/f` may no longer be of type number'],
  ],
  [
    'a higher minimum is a revision',
    { type: 'number', minimum: 1 },
    { type: 'number', minimum: 2 },
    [`revision: \`minimum\` of \`/f\` went from 1 to 2${rejected}`],
  ],
  [
    'a lower minimum is an addition',
    { type: 'number', minimum: 2 },
    { type: 'number', minimum: 1 },
    ['addition: `minimum` of `/f` went from 2 to 1'],
  ],
  [
    'a lower maximum is a revision',
    { type: 'string', maxLength: 9 },
    { type: 'string', maxLength: 8 },
    [`revision: \`maxLength\` of \`/f\` went from 9 to 8${rejected}`],
  ],
  [
    'a new bound is a revision',
    { type: 'string' },
    { type: 'string', maxLength: 8 },
    [`revision: \`maxLength\` of \`/f\` is new (8)${rejected}`],
  ],
  [
    'a bound less is an addition',
    { type: 'string', maxLength: 8 },
    { type: 'string' },
    ['addition: `maxLength` of `/f` was taken away'],
  ],
  [
    'an enumerated value less is a revision',
    { enum: ['a', 'b'] },
    { enum: ['a'] },
    [`revision: \`enum\` of \`/f\` lost \`b\`${rejected}`],
  ],
  [
    'an enumerated value more is an addition',
    { enum: ['a'] },
    { enum: ['b', 'a'] },
    ['addition: `enum` of `/f` allows more values'],
  ],
  [
    'a new pattern is a revision',
    { type: 'string' },
    { type: 'string', pattern: 'a' },
    [`revision: \`pattern\` of \`/f\` is new${rejected}`],
  ],
  [
    'another pattern is a revision',
    { type: 'string', pattern: 'b' },
    { type: 'string', pattern: 'a' },
    [`revision: \`pattern\` of \`/f\` changed in a way that is not understood${rejected}`],
  ],
  [
    'a divisor of the divisor is an addition',
    { type: 'integer', multipleOf: 4 },
    { type: 'integer', multipleOf: 2 },
    ['addition: `multipleOf` of `/f` went from 4 to 2'],
  ],
  [
    'another divisor is a revision',
    { type: 'integer', multipleOf: 2 },
    { type: 'integer', multipleOf: 4 },
    [`revision: \`multipleOf\` of \`/f\` changed in a way that is not understood${rejected}`],
  ],
  [
    'one more alternative is an addition',
    { anyOf: [{ type: 'string', maxLength: 1 }] },
    {
      anyOf: [
        { type: 'string', maxLength: 1 },
        { type: 'string', minLength: 9 },
      ],
    },
    ['addition: `anyOf` of `/f` has more alternatives'],
  ],
  [
    'a changed alternative is a revision',
    { anyOf: [{ type: 'string', maxLength: 1 }] },
    { anyOf: [{ type: 'string', maxLength: 2 }] },
    [`revision: \`anyOf\` of \`/f\` changed in a way that is not understood${rejected}`],
  ],
  [
    'uniqueness given up is an addition',
    { type: 'array', uniqueItems: true, items: { type: 'string' } },
    { type: 'array', uniqueItems: false, items: { type: 'string' } },
    ['addition: `uniqueItems` of `/f` was taken away'],
  ],
  [
    'a change of items is found at the items',
    { type: 'array', items: { type: 'string' } },
    { type: 'array', items: { type: 'integer' } },
    ['model: `/f/*` may no longer be of type string', 'addition: `/f/*` may be of type integer too'],
  ],
  [
    'no more items is a model',
    { type: 'array', items: { type: 'string' } },
    { type: 'array', items: false },
    ['model: `/f` may have no items any more'],
  ],
  [
    'items by position are not understood',
    { type: 'array', prefixItems: [{ type: 'string' }], items: false },
    { type: 'array', items: false },
    [
      'model: `/f` may have no items any more',
      `revision: \`prefixItems\` of \`/f\` was taken away, which is not understood${rejected}`,
    ].toReversed(),
  ],
  ['a map that is closed is a model', { type: 'object' }, closed({}), ['model: `/f` was open and is closed now']],
  [
    'a changed map is not understood',
    { type: 'object', additionalProperties: { type: 'string' } },
    { type: 'object', additionalProperties: { type: 'integer' } },
    ['revision: the schema of `/f` changed in a way that is not understood'],
  ],
  [
    'a reference is followed',
    { allOf: [{ type: 'string' }, { maxLength: 3, type: 'string' }] },
    { type: 'string', maxLength: 3 },
    [],
  ],
  [
    'a new condition is a revision',
    { type: 'integer' },
    { type: 'integer', not: { const: 1 } },
    [`revision: \`not\` of \`/f\` is new${rejected}`],
  ],
]

for (const [promise, from, to, said] of promises) test(promise, () => assert.deepEqual(change(from, to), said))

test('properties: a new one is an addition, a required one a model, a removed one a model, one that became required a revision', () => {
  const from = closed({ a: { type: 'string' }, b: { type: 'string' } })
  const to = closed({ a: { type: 'string' }, c: { type: 'string' }, d: { type: 'string' } }, { required: ['a', 'd'] })
  assert.deepEqual(
    changes(from, to).map(({ step, reason }) => `${step}: ${reason}`),
    [
      'revision: `/a` became required: producers on 1-0-0 that leave it out would be rejected',
      'addition: `/c` is new',
      'model: `/d` is new and required: producers on 1-0-0 that leave it out would be rejected',
      'model: `/b` was removed: producers on 1-0-0 that send it would be rejected',
    ],
  )
})

test('after nothing but additions every event that was valid stays valid', () => {
  const edit = fc.record({
    name: fc.constantFrom(...memberNames),
    schema: scalarSchema,
    how: fc.constantFrom('replace', 'require', 'release', 'remove'),
  })
  const pair = rootSchema.chain(from =>
    fc.tuple(
      fc.constant(from),
      fc.array(edit, { minLength: 1, maxLength: 2 }),
      fc.array(validObject(from), { minLength: 1, maxLength: 5 }),
    ),
  )
  let additions = 0
  fc.assert(
    fc.property(pair, ([from, edits, events]) => {
      const properties = { ...(from.properties as Record<string, JsonSchema>) }
      let required = from.required as string[]
      for (const { name, schema, how } of edits) {
        if (how === 'replace') properties[name] = schema
        if (how === 'remove') delete properties[name]
        if (how === 'release') required = required.filter(known => known !== name)
        if (how === 'require') required = [...new Set([...required, name])]
      }
      const to = { ...from, properties, required: required.filter(name => name in properties) }
      if (changes(from, to).some(({ step }) => step !== 'addition')) return
      additions++
      const isValid = compileSchema(to, 'first')
      for (const event of events) assert.ok(isValid(event))
    }),
    { numRuns: 400 },
  )
  assert.ok(additions > 20)
})
