import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DDSketch } from '@datadog/sketches-js'
import fc from 'fast-check'
import { anyNumber, mergeParts, noNumber, show, showParts, splitOf } from './measure-fixture.ts'
import { MAX_QUANTILE_BINS, QUANTILE_RELATIVE_ERROR, quantile } from './quantile.ts'

const split = splitOf(fc.oneof({ weight: 9, arbitrary: anyNumber }, noNumber))
const fractions = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.5, 0.95, 0.99, 1))
/** Nearer to zero than the sketch tells. */
const TINY = 1.2e-308

function isNear(shown: unknown, truth: number): void {
  const away = Math.abs((shown as number) / 4 - truth / 4) * 4
  assert.ok(away <= Math.max(TINY, Math.abs(truth) * QUANTILE_RELATIVE_ERROR), `${shown} is near ${truth}`)
}

test('a quantile is within 1 % of the number of that rank, however numbers are split and merged', () => {
  fc.assert(
    fc.property(split, fractions, (each, q) => {
      const sorted = each.values.filter(value => typeof value === 'number').sort((a, b) => a - b)
      const shown = showParts(quantile(q), each)
      if (sorted.length === 0) assert.equal(shown, null)
      else isNear(shown, sorted[Math.floor(q * (sorted.length - 1))]!)
    }),
    { numRuns: 500 },
  )
})

test('a quantile over all magnitudes of a double is within 1 % too', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), number => {
      isNear(show(quantile(0.5), [number]), number)
    }),
    { numRuns: 2_000 },
  )
  isNear(show(quantile(0.5), [Number.MAX_VALUE]), Number.MAX_VALUE)
})

test('the same numbers give the same state, in whatever order', () => {
  fc.assert(
    fc.property(split, each => {
      const one = { ...each, parts: each.parts.map(() => 0), values: each.values.toReversed() }
      assert.deepEqual(mergeParts(quantile(0.5), each), mergeParts(quantile(0.5), one))
    }),
  )
})

test('the library reads the same quantiles from its own sketch', () => {
  const amounts = fc.array(fc.integer({ min: -100_000, max: 100_000 }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(amounts, fractions, (numbers, q) => {
      const sketch = new DDSketch({ relativeAccuracy: QUANTILE_RELATIVE_ERROR - 1e-5 })
      for (const number of numbers) sketch.accept(number)
      assert.equal(show(quantile(q), numbers), Number(sketch.getValueAtQuantile(q).toPrecision(6)))
    }),
  )
})

test('states are bounded: the greatest magnitudes keep their accuracy, the least fall into one bin', () => {
  const numbers = Array.from({ length: 6_000 }, (_, i) => (i % 2 ? 1 : -1) * 1.03 ** (i - 3_000))
  const median = quantile(0.5)
  const parts = (order: number[]) => ({
    values: order,
    parts: order.map((_, i) => (i * 7) % 5),
    picks: [0, 0, 0, 0].map((): [number, number] => [0, 1]),
  })
  const state = mergeParts(median, parts(numbers))
  assert.deepEqual([state.above.length, state.below.length], [2 * MAX_QUANTILE_BINS, 2 * MAX_QUANTILE_BINS])
  assert.deepEqual(mergeParts(median, parts(numbers.toReversed())), state)
  assert.ok(JSON.stringify(state).length < 2 * MAX_QUANTILE_BINS * 10)
  const sorted = numbers.toSorted((a, b) => a - b)
  for (const q of [0, 0.01, 0.1, 0.3, 0.7, 0.9, 0.99, 1]) {
    isNear(quantile(q).finish(state), sorted[Math.floor(q * (sorted.length - 1))]!)
  }
})

test('amounts from 1 to 20 take 151 bins at most', () => {
  const median = quantile(0.5)
  const state = [...Array(1_901).keys()].reduce(
    (s, i) => median.add(s, (100 + i) / 100, { hash: () => 0n }),
    median.empty(),
  )
  assert.ok(state.above.length <= 2 * 151)
  assert.ok(JSON.stringify(state).length < 1_500)
})
