import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { anyJson, contextOf, nobody } from '../../test/action-context.ts'
import type { Action, ActionName } from './action.ts'
import { actions } from './actions.ts'

const alice = contextOf('Alice')
const kinds: [kind: string, value: JsonValue][] = [
  ['text', 'Alice Dubois'],
  ['empty text', ''],
  ['Unicode', 'Zoé 名 🙂 e\u0301'],
  ['number', 27.5],
  ['true', true],
  ['false', false],
  ['null', null],
  ['empty array', []],
  ['array', [1, ['a', null]]],
  ['empty object', {}],
  ['deep object', { a: { b: [{ c: 'é' }] } }],
]
const TOKEN = /^tok1\.person\.0\.[\w-]{22}$/
const CIPHERTEXT = /^enc1\.[\w-]{59,}$/

/** What `docs/actions.md` promises for each kind of value. */
const promises: [
  name: ActionName,
  parameters: unknown,
  expected: (value: JsonValue) => JsonValue | undefined | RegExp,
][] = [
  ['keep', undefined, value => value],
  ['pseudonymise', undefined, value => (value === null ? null : TOKEN)],
  ['encrypt', undefined, () => CIPHERTEXT],
  ['mask', undefined, value => (value === null ? null : '****')],
  ['redact', undefined, () => null],
  ['drop', undefined, () => undefined],
  [
    'generalise',
    { keep: 'first', separator: ' ' },
    value => ({ 'Alice Dubois': 'Alice', 'Zoé 名 🙂 e\u0301': 'Zoé' })[`${value}`] ?? null,
  ],
  ['generalise', { date: 'year' }, () => null],
  ['generalise', { network: true }, () => null],
  ['generalise', { band: 10 }, value => (typeof value === 'number' ? '[20, 30)' : null)],
  ['generalise', { grid: 0.5 }, value => (typeof value === 'number' ? 27.5 : null)],
]

for (const [name, parameters, expected] of promises) {
  test(`${name} ${parameters ? JSON.stringify(parameters) : ''} does to each kind of value what the reference says`, () => {
    const action = actions[name].make(parameters)
    assert.equal(action.name, name)
    for (const [kind, value] of kinds) {
      const before = JSON.stringify(value)
      const stored = action.apply(value, '/a', alice)
      const wanted = expected(value)
      if (wanted instanceof RegExp) assert.match(stored as string, wanted, kind)
      else assert.deepEqual(stored, wanted, kind)
      assert.equal(JSON.stringify(value), before)
    }
  })
}

test('a mask keeps at most half of a text, counts characters and hides the length', () => {
  const mask = (keep: 'first' | 'last', count: number, value: JsonValue) =>
    actions.mask.make({ keep, count }).apply(value, '/a', nobody)
  assert.equal(mask('last', 4, 'FR7630001007941234567890189'), '****0189')
  assert.equal(mask('first', 2, 'Alice'), 'Al****')
  assert.equal(mask('last', 4, '12345678'), '****5678')
  assert.equal(mask('last', 4, '1234567'), '****')
  assert.equal(mask('last', 2, '🙂🙃名é'), '****名é')
  assert.equal(mask('last', 2, 123456), '****56')
  for (const value of [true, [], { a: 1 }, '']) assert.equal(mask('last', 1, value), '****')
  assert.equal(mask('last', 1, null), null)
})

const made: [label: string, action: Action][] = [
  ...promises.map(([name, parameters]): [string, Action] => [
    `${name} ${JSON.stringify(parameters) ?? ''}`,
    actions[name].make(parameters),
  ]),
  ['mask last 2', actions.mask.make({ keep: 'last', count: 2 })],
  ['pseudonymise in a domain', actions.pseudonymise.make({ domain: 'marketing' })],
]
const texts = fc.oneof(
  fc.date({ noInvalidDate: true }).map(date => date.toISOString()),
  fc.ipV4(),
  fc.ipV6(),
  fc.double({ noNaN: true }).map(String),
)

for (const [label, action] of made) {
  test(`what ${label} stores is valid against the schema it derives, with a person and without`, () => {
    const derived = action.derive({ type: ['string', 'number', 'boolean', 'null', 'array', 'object'] })
    const validate = derived && new Ajv2020({ strict: true, allowUnionTypes: true }).compile(derived)
    fc.assert(
      fc.property(fc.oneof(anyJson, texts), fc.boolean(), (value, known) => {
        const stored = action.apply(value, '/a', known ? alice : nobody)
        if (!validate) return assert.equal(stored, undefined)
        // As it is stored: through JSON.
        assert.ok(stored !== undefined && validate(JSON.parse(JSON.stringify(stored))), JSON.stringify(validate.errors))
      }),
    )
  })
}

test('what needs a person’s key is redacted where there is nobody', () => {
  for (const [name, { needsPerson, make }] of Object.entries(actions)) {
    const alone = name === 'generalise' ? { band: 1 } : undefined
    if (needsPerson(alone)) assert.equal(make(alone).apply('x', '/a', nobody), null)
  }
  assert.deepEqual(
    Object.keys(actions).filter(name => actions[name as ActionName].needsPerson(undefined)),
    ['pseudonymise', 'encrypt'],
  )
})

test('a policy’s parameters have a closed shape', () => {
  for (const [name, valid, invalid] of [
    [
      'mask',
      { keep: 'last', count: 4 },
      [{ keep: 'last' }, { keep: 'last', count: 9 }, { keep: 'last', count: 4, x: 1 }],
    ],
    [
      'generalise',
      { date: 'month' },
      [{ date: 'hour' }, { band: 0 }, { grid: 91 }, {}, { network: false }, { keep: 'first' }],
    ],
    ['pseudonymise', { domain: 'a-1' }, [{ domain: 'A' }, { domain: '' }, { domain: 'a/b' }, {}]],
  ] as [ActionName, JsonObject, JsonObject[]][]) {
    const validate = new Ajv2020({ strict: false }).compile(actions[name].parameters as JsonObject)
    assert.ok(validate(valid))
    for (const each of invalid) assert.equal(validate(each), false, JSON.stringify(each))
  }
})
