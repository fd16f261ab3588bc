import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { anyJson, contextOf, domainKey, nobody } from '../../test/action-context.ts'
import type { Action, ActionContext } from './action.ts'
import { openField } from './field-cipher.ts'
import { pseudonymise } from './pseudonymise.ts'
import { tokenInput } from './token.ts'

const [alice, bob] = [contextOf('Alice'), contextOf('Bob')]
const byPerson = pseudonymise.make(undefined)
const marketing = pseudonymise.make({ domain: 'marketing' })
const token = (value: JsonValue, context: ActionContext) => byPerson.apply(value, '/a', context) as string
const joined = (value: JsonValue, context: ActionContext, action: Action = marketing) =>
  action.apply(value, '/a', context) as { tokens: string[]; sealed: string }

test('equal values of one person have equal tokens, in every event and field; of two persons never', () => {
  const known = anyJson.filter(value => value !== null)
  fc.assert(
    fc.property(known, value => {
      const own = token(value, alice)
      assert.equal(own, byPerson.apply(structuredClone(value), '/b', { ...alice, dataset: 'd', eventId: 'e' }))
      assert.notEqual(own, token(value, bob))
      assert.match(own, /^tok1\.person\.0\.[\w-]{22}$/)
    }),
  )
})

test('different values of one person have different tokens', () => {
  fc.assert(
    fc.property(anyJson, anyJson, (a, b) => {
      fc.pre(a !== null && b !== null && tokenInput(a) !== tokenInput(b))
      assert.notEqual(token(a, alice), token(b, alice))
    }),
  )
})

test('a number is not its text, and the way a text is composed or members are ordered makes no difference', () => {
  const values: JsonValue[] = [1, '1', true, 'true', [], {}, '', '[]', [1], ['1']]
  assert.equal(new Set(values.map(value => token(value, alice))).size, values.length)
  assert.equal(token('é', alice), token('e\u0301', alice))
  assert.equal(token({ a: 1, b: 2 }, alice), token({ b: 2, a: 1 }, alice))
})

test('null and values of nobody are null', () => {
  for (const action of [byPerson, marketing]) {
    assert.equal(action.apply(null, '/a', alice), null)
    assert.equal(action.apply('x', '/a', nobody), null)
  }
})

test('a named domain joins across persons and datasets, and each value can be renewed from the person’s own copy', () => {
  const [a, b] = [joined('a@example.com', alice), joined('a@example.com', { ...bob, dataset: 'other' })]
  assert.deepEqual(a.tokens, b.tokens)
  assert.match(a.tokens[0]!, /^tok1\.marketing\.1\.[\w-]{22}$/)
  const place = { dataset: alice.dataset, pointer: '/a', eventId: alice.eventId }
  assert.equal(openField(alice.keys!.field, a.sealed, place), 'a@example.com')
  assert.throws(() => openField(bob.keys!.field, a.sealed, place))
  assert.notDeepEqual(joined('a@example.com', alice, pseudonymise.make({ domain: 'fraud' })).tokens, a.tokens)
})

test('while a domain’s keys overlap both tokens are written, so that events before and after still join', () => {
  const at = (...ids: number[]) => contextOf('Alice', { domainKeys: domain => ids.map(id => domainKey(domain, id)) })
  const [before, during, after] = [at(1), at(2, 1), at(2)].map(context => joined('x', context).tokens)
  assert.equal(during!.length, 2)
  assert.deepEqual(during, [...after!, ...before!])
})

test('the default domain is not written by name', () => {
  assert.equal(pseudonymise.check!({ domain: 'person' }).length, 1)
  assert.deepEqual(pseudonymise.check!({ domain: 'marketing' }), [])
  assert.deepEqual(pseudonymise.check!(undefined), [])
  assert.equal(((marketing.derive({}) as JsonObject).anyOf as JsonValue[]).length, 2)
})
