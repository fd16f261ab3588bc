import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { ConsistencyRule } from '../contract/quality.ts'
import { compileRule } from './consistency.ts'

const level = 'internal' as const
const rule = (given: Partial<ConsistencyRule>, zone?: string) =>
  compileRule({ name: 'r', when: [], require: [], share: 1, ...given }, zone)

test('a rule holds or is broken for events that it speaks of, and for no others', () => {
  const { holds } = rule({
    when: [{ pointer: '/type', equals: 'refund', level }],
    require: [{ pointer: '/amount', minimum: 0, maximum: 10, level }],
  })
  const events: [JsonObject, boolean | undefined][] = [
    [{ type: 'refund', amount: 5 }, true],
    [{ type: 'refund', amount: 11 }, false],
    [{ type: 'sale', amount: 11 }, undefined],
    [{ type: 'refund' }, undefined],
    [{ type: 'refund', amount: null }, undefined],
  ]
  for (const [event, expected] of events) assert.equal(holds(event), expected, JSON.stringify(event))
})

test('values are compared as numbers or as times, whatever is left of them; others cannot be', () => {
  const { holds } = rule({ require: [{ pointer: '/a', atLeast: '/b', level }] }, 'Europe/Paris')
  const pairs: [JsonValue, JsonValue, boolean | undefined][] = [
    [2, 1.5, true],
    [1, 2, false],
    ['[20, 30)', 25, true],
    ['2026-11-21T17:00:00', '2026-11-21T15:59:59Z', true],
    ['2026-11-21T17:00:00', '2026-11-21T16:00:01Z', false],
    ['2026-11-21', '2026-11-21', true],
    ['2026', '2026-02', false],
    ['later', 'earlier', undefined],
    [1, '2026', undefined],
    [true, false, undefined],
    [null, 1, undefined],
  ]
  for (const [a, b, expected] of pairs) assert.equal(holds({ a, b }), expected, `${a} ${b}`)
})

test('all that a rule requires must hold', () => {
  const require = [
    { pointer: '/a', minimum: 1, level },
    { pointer: '/b', oneOf: ['x'], level },
  ]
  assert.equal(rule({ require }).holds({ a: 1, b: 'x' }), true)
  assert.equal(rule({ require }).holds({ a: 1, b: 'y' }), false)
})
