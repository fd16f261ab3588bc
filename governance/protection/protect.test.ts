import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.ts'
import { anyJson, contextOf, nobody } from '../../test/action-context.ts'
import type { FieldRule, PlanNode } from '../contract/contract.ts'
import type { ActionName } from './action.ts'
import { actions } from './actions.ts'
import { canonicalText } from './canonical-text.ts'
import { openField } from './field-cipher.ts'
import { findRejectedField, type ProtectionContext, protect } from './protect.ts'

const [alice, bob] = [contextOf('Alice'), contextOf('Bob')]
const context = (given: Partial<ProtectionContext> = {}): ProtectionContext => ({
  primary: alice,
  others: new Map([['payee', bob]]),
  redacted: new Set(),
  ...given,
})

function rule(pointer: string, name: ActionName | 'reject', of?: string): FieldRule {
  const action = name === 'reject' ? name : actions[name].make(undefined)
  return { pointer, level: 'internal', action, actionName: name, source: 'policy', ...(of === undefined ? {} : { of }) }
}
const field = (pointer: string, name: ActionName | 'reject', of?: string): PlanNode => ({
  pointer,
  rule: rule(pointer, name, of),
  whole: false,
})
const whole = (pointer: string, name: ActionName | 'reject'): PlanNode => ({ ...field(pointer, name), whole: true })
const members = (pointer: string, nodes: Record<string, PlanNode>): PlanNode => ({
  pointer,
  whole: false,
  members: new Map(Object.entries(nodes)),
})
const list = (pointer: string, items: PlanNode): PlanNode => ({ pointer, whole: false, items })

/** A plan that keeps every field of this event. */
function keepAll(value: JsonValue, pointer: string): PlanNode {
  if (Array.isArray(value)) return list(pointer, whole(`${pointer}/*`, 'keep'))
  if (!isJsonObject(value)) return field(pointer, 'keep')
  return members(
    pointer,
    Object.fromEntries(Object.keys(value).map(name => [name, keepAll(value[name]!, `${pointer}/${name}`)])),
  )
}
const anyEvent = fc
  .dictionary(
    fc.string({ unit: 'grapheme' }).filter(name => name !== '__proto__'),
    anyJson,
    { noNullPrototype: true },
  )
  .filter(event => !JSON.stringify(event).includes('__proto__'))

test('what is kept comes out equal, to the byte and in order, and as a copy', () => {
  fc.assert(
    fc.property(anyEvent, event => {
      const before = JSON.stringify(event)
      const stored = protect(keepAll(event, ''), event, context())
      assert.equal(JSON.stringify(stored), before)
      assert.equal(JSON.stringify(event), before)
      assert.notEqual(stored, event)
    }),
  )
})

test('each field is treated by its rule, where it stands, and the event is not changed', () => {
  const plan = members('', {
    amount: field('/amount', 'keep'),
    user: members('/user', {
      name: field('/user/name', 'encrypt'),
      mail: field('/user/mail', 'redact'),
      password: field('/user/password', 'drop'),
    }),
    tags: list('/tags', field('/tags/*', 'mask')),
    secrets: list('/secrets', field('/secrets/*', 'drop')),
    address: whole('/address', 'encrypt'),
  })
  const event: JsonObject = {
    user: { password: 'x', mail: 'a@example.com', name: null },
    secrets: ['a', 'b'],
    amount: 12,
    tags: ['a', null],
    address: { street: ['Rue', 1], '': {} },
  }
  const frozen = structuredClone(event)
  const stored = protect(plan, event, context())
  assert.deepEqual(event, frozen)
  assert.deepEqual(Object.keys(stored), ['user', 'secrets', 'amount', 'tags', 'address'])
  assert.deepEqual(Object.keys(stored.user!), ['mail', 'name'])
  assert.deepEqual(stored.secrets, [])
  assert.deepEqual(stored.tags, ['****', null])
  const opened = (sealed: JsonValue, pointer: string) =>
    openField(alice.keys!.field, sealed as string, { dataset: alice.dataset, eventId: alice.eventId, pointer })
  assert.equal(opened((stored.user as JsonObject).name!, '/user/name'), null)
  assert.deepEqual(opened(stored.address!, '/address'), event.address)
})

test('a field of another person is protected under that person’s key, and redacted once they are fenced or absent', () => {
  const plan = members('', {
    payee: field('/payee', 'pseudonymise', 'payee'),
    payer: field('/payer', 'pseudonymise', 'payer'),
    kept: field('/kept', 'keep', 'payee'),
  })
  const event = { payee: 'x', payer: 'x', kept: 'k' }
  const token = (of: typeof alice) => actions.pseudonymise.make(undefined).apply('x', '/x', of)
  assert.deepEqual(protect(plan, event, context()), { payee: token(bob), payer: token(alice), kept: 'k' })
  const fenced = protect(plan, event, context({ others: new Map(), redacted: new Set(['payee']) }))
  assert.deepEqual(fenced, { payee: null, payer: token(alice), kept: null })
  const absent = protect(plan, event, context({ others: new Map([['payee', nobody]]) }))
  assert.deepEqual(absent, { payee: null, payer: token(alice), kept: 'k' })
})

test('a rule for a map treats it as one value, whatever its names are', () => {
  const stored = protect(members('', { map: whole('/map', 'redact') }), { map: { 'Alice Dubois': 1 } }, context())
  assert.deepEqual(stored, { map: null })
})

test('nothing that no rule speaks of gets through, and the error names no name and no value', () => {
  const plan = members('', { a: members('/a', { b: field('/a/b', 'keep') }), list: { pointer: '/list', whole: false } })
  for (const event of [
    { Alice: 1 },
    { a: { Alice: 1 } },
    { a: { b: { Alice: 1 } } },
    { a: { b: ['Alice'] } },
    { a: 'Alice' },
    { list: ['Alice'] },
    { constructor: 'Alice' },
  ]) {
    assert.throws(
      () => protect(plan, event as JsonObject, context()),
      (error: Error) =>
        /not validated/.test(error.message) && !error.message.includes('Alice') && !/constructor/.test(error.message),
    )
  }
})

test('a field that is to be rejected is found by its pattern, wherever it stands', () => {
  const plan = members('', {
    ok: field('/ok', 'keep'),
    list: list('/list', members('/list/*', { bad: field('/list/*/bad', 'reject') })),
    map: whole('/map', 'reject'),
  })
  assert.equal(findRejectedField(plan, { ok: 1, list: [{}, {}] }), undefined)
  assert.equal(findRejectedField(plan, { list: [{}, { bad: null }] }), '/list/*/bad')
  assert.equal(findRejectedField(plan, { map: {} }), '/map')
  assert.throws(() => protect(plan, { map: {} }, context()), /\/map is to be rejected/)
})

function shuffled(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(shuffled)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  )
}

test('two copies of an event compare equal whatever the order of their members, and different ones never', () => {
  fc.assert(
    fc.property(anyEvent, anyEvent, (event, other) => {
      const text = canonicalText(keepAll(event, ''), event)
      assert.equal(canonicalText(keepAll(shuffled(event), ''), shuffled(event) as JsonObject), text)
      assert.deepEqual(JSON.parse(text), event)
      assert.equal(canonicalText(keepAll(other, ''), other) === text, isEqual(event, other))
    }),
  )
})

function isEqual(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b)
    return true
  } catch {
    return false
  }
}
