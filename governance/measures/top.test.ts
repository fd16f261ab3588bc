import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonValue } from '../../storage/json.ts'
import { mergeParts, type Split, show, showParts, splitOf } from './measure-fixture.ts'
import { storedText } from './stored-text.ts'
import { top } from './top.ts'

type Shown = { value: JsonValue; count: number; missed: number }[]

/** Few frequent values among many rare ones, and what is none. */
const values = fc.oneof<fc.Arbitrary<JsonValue>[]>(
  fc.constantFrom('Paris', 'Lyon', 'Lille', 1, '1', true, 'true', '__proto__', null),
  fc.nat(60),
  fc.string({ maxLength: 2 }),
)

function countsOf(split: Split<JsonValue>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const text of split.values.map(storedText)) if (text) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

test('each count is too low by no more than it says, and that by no more than promised', () => {
  fc.assert(
    fc.property(splitOf(values, 400), fc.integer({ min: 1, max: 3 }), (split, n) => {
      const counts = countsOf(split)
      const total = [...counts.values()].reduce((a, b) => a + b, 0)
      const state = mergeParts(top(n), split)
      assert.ok(Object.keys(state.counts).length === state.size && state.size <= 10 * n)
      assert.ok(state.missed <= total / (10 * n + 1))
      for (const [text, truth] of counts) {
        const count = state.counts[text] ?? 0
        assert.ok(count <= truth && truth <= count + state.missed, `${text}: ${count} for ${truth}`)
      }
      assert.ok(Object.keys(state.counts).every(text => counts.has(text) && state.counts[text]! > 0))
    }),
    { numRuns: 300 },
  )
})

test('with few different values the most frequent are exact, in order, ties by value', () => {
  const few = fc.constantFrom<JsonValue>('a', 'b', 'c', 'd', 1, '1', true, null, '__proto__', 'constructor')
  fc.assert(
    fc.property(splitOf(few), split => {
      const naive = [...countsOf(split)].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 3)
      const shown = showParts(top(3), split) as Shown
      assert.deepEqual(
        shown.map(({ value, count, missed }) => [storedText(value), count, missed]),
        naive.map(([text, count]) => [text, count, 0]),
      )
    }),
  )
  assert.deepEqual(show(top(3), []), [])
})

test('a merge takes from every counter no more than the first one without room holds', () => {
  const often = Array.from({ length: 50 }, (_, i) => `often ${i % 10}`)
  const values = [...often, 'once']
  const picks = Array(4).fill([0, 1])
  const shown = showParts(top(1), { values, parts: values.map(value => (value === 'once' ? 1 : 0)), picks })
  assert.deepEqual(shown, [{ value: 'often 0', count: 4, missed: 1 }])
})

test('values keep their type', () => {
  assert.deepEqual(show(top(4), ['1', '1', '1', 1, 1, true]), [
    { value: '1', count: 3, missed: 0 },
    { value: 1, count: 2, missed: 0 },
    { value: true, count: 1, missed: 0 },
  ])
})

test('a frequent value is found among many rare ones, whatever comes', () => {
  const all = Array.from({ length: 30_000 }, (_, i) => (i % 4 === 0 ? 'often' : `rare ${i}`))
  const [first] = show(top(10), all) as Shown
  assert.equal(first!.value, 'often')
  assert.ok(first!.count <= 7_500 && first!.count + first!.missed >= 7_500 && first!.missed <= 30_000 / 101)
})

test('states are bounded: long texts count as their beginning, never cut through a character', () => {
  const measure = top(1)
  const long = Array.from({ length: 50 }, (_, i) => `${String.fromCharCode(97 + (i % 9))}${'🙂'.repeat(5_000)}`)
  let state = measure.empty()
  for (const value of long) state = measure.add(state, value, { hash: () => 0n })
  assert.ok(state.size <= 10)
  assert.ok(JSON.stringify(state).length < 10 * 220 + 50)
  assert.ok(Object.keys(state.counts).every(text => text.isWellFormed() && text.length <= 100))
})
