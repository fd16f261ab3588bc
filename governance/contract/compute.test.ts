import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { anyJson } from '../../test/action-context.ts'
import { compileComputed } from './compute.ts'
import type { Computation } from './computed-shape.ts'

const moments = { time: '2026-11-21T12:00:00.000Z', receivedAt: '2026-11-22T08:00:00.000Z' }

const made = (computation: Computation, event: JsonObject, at = moments): JsonValue | undefined =>
  compileComputed([{ name: 'made', computation }])(event, at).made

const years = (born: JsonValue, time: string) => made({ years: { since: '/born' } }, { born }, { ...moments, time })

test('texts are joined that are there; without any of them there is nothing', () => {
  const join = { join: ['/name/first', '/name/last'] }
  assert.equal(made(join, { name: { first: 'Zoé', last: 'Dubois' } }), 'Zoé Dubois')
  assert.equal(made({ ...join, separator: ', ' }, { name: { first: 'Zoé', last: 'Dubois' } }), 'Zoé, Dubois')
  assert.equal(made({ ...join, separator: '' }, { name: { first: 'Zoé', last: 'Dubois' } }), 'ZoéDubois')
  for (const first of [undefined, null, '', 7, ['Zoé'], { Zoé: 1 }])
    assert.equal(
      made(join, { name: { last: 'Dubois', ...(first !== undefined && { first }) } as JsonObject }),
      'Dubois',
    )
  for (const event of [{}, { name: null }, { name: 'Zoé' }, { name: { first: '' } }])
    assert.equal(made(join, event as JsonObject), undefined)
})

test('years are whole ones by the calendar, in UTC; on 29 February born, one is older on 1 March', () => {
  const cases: [born: string, time: string, years: number | undefined][] = [
    ['1990-06-15', '2026-06-14T23:59:59.999Z', 35],
    ['1990-06-15', '2026-06-15T00:00:00.000Z', 36],
    ['1990-06-15T18:00:00Z', '2026-06-15T00:00:00.000Z', 36],
    ['1990-06-15T00:30:00+02:00', '2026-06-14T00:00:00.000Z', 36],
    ['2000-02-29', '2026-02-28T23:59:59.000Z', 25],
    ['2000-02-29', '2026-03-01T00:00:00.000Z', 26],
    ['2000-02-29', '2028-02-29T00:00:00.000Z', 28],
    ['2026-01-01', '2026-11-21T00:00:00.000Z', 0],
    ['0001-01-01', '9999-12-31T00:00:00.000Z', 9_998],
    ['2026-11-22', '2026-11-21T00:00:00.000Z', undefined],
  ]
  for (const [born, time, expected] of cases) assert.equal(years(born, time), expected, `${born} at ${time}`)
})

test('years of what is no date are absent, never an error', () => {
  for (const born of ['', 'yesterday', '1990-02-30', '30/02/1990', 1990, null, true, ['1990-01-01'], {}])
    assert.equal(years(born, moments.time), undefined)
})

test('when an event was received is told as it is', () => {
  assert.equal(made('received', {}), moments.receivedAt)
})

test('an event is never changed, whatever it holds; where nothing is computed it is the very same', () => {
  const compute = compileComputed([
    { name: 'a', computation: { join: ['/x', '/y/z'] } },
    { name: 'b', computation: { years: { since: '/x' } } },
    { name: 'c', computation: 'received' },
  ])
  fc.assert(
    fc.property(fc.record({ x: anyJson, y: anyJson }, { noNullPrototype: true }), event => {
      const before = JSON.stringify(event)
      const { a, b, c, ...rest } = compute(event, moments)
      assert.equal(JSON.stringify(event), before)
      assert.deepEqual(rest, event)
      assert.ok(a === undefined || typeof a === 'string')
      assert.ok(b === undefined || (Number.isSafeInteger(b) && (b as number) >= 0))
      assert.equal(c, moments.receivedAt)
    }),
  )
  const event = { x: 1 }
  assert.equal(compileComputed([])(event, moments), event)
})
