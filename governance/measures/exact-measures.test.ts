import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonValue } from '../../storage/json.ts'
import { count } from './count.ts'
import { max, min } from './extremes.ts'
import { mean } from './mean.ts'
import type { Measure } from './measure.ts'
import { anyNumber, exactly, noNumber, SCALE, show, showParts, splitOf } from './measure-fixture.ts'
import { sum } from './sum.ts'
import { variance } from './variance.ts'

const split = splitOf<JsonValue>(fc.oneof({ weight: 9, arbitrary: anyNumber }, noNumber))
const numbersOf = (values: JsonValue[]) => values.filter(value => typeof value === 'number')
const total = (values: bigint[]) => values.reduce((a, b) => a + b, 0n)

/** However it is split and merged, it shows what `check` accepts; null where there is no number. */
function property(measure: Measure, check: (shown: JsonValue, numbers: number[]) => void): void {
  fc.assert(
    fc.property(split, each => {
      const shown = showParts(measure, each)
      const numbers = numbersOf(each.values)
      if (numbers.length === 0) assert.equal(shown, null)
      else check(shown, numbers)
    }),
    { numRuns: 300 },
  )
}

/** The quotient itself; or its 15 digits, which are at most half a unit of the last one away. */
function isQuotient(shown: JsonValue, dividend: bigint, divisor: bigint, scale = SCALE): void {
  const away = absolute(exactly(shown as number | string, scale) * divisor - dividend)
  if (away === 0n) return
  const digits = String(shown)
    .replace(/e.*|[-.]/g, '')
    .replace(/^0+|0+$/g, '')
  assert.ok(digits.length <= 15, `${shown} has no more than 15 digits`)
  assert.ok(2n * 10n ** 14n * away <= absolute(dividend), `${shown} is the nearest`)
}

const absolute = (number: bigint) => (number < 0n ? -number : number)

test('a count is that of the values, or of all events', () => {
  fc.assert(
    fc.property(split, each => {
      assert.equal(showParts(count, each), each.values.filter(value => value !== null).length)
    }),
  )
  assert.equal(show(count, [true, true]), 2)
})

test('a sum is exact, however the numbers are split and merged', () => {
  property(sum, (shown, numbers) => {
    assert.equal(exactly(shown as number | string), total(numbers.map(each => exactly(each))))
    if (typeof shown === 'string') assert.notEqual(String(Number(shown)), shown)
  })
  assert.equal(show(sum, [0.1, 0.2]), 0.3)
  assert.equal(show(sum, [1e308, 1e308]), '2e+308')
  assert.ok(Object.is(show(sum, [-0]), 0))
})

test('a mean is the exact sum by the count', () => {
  property(mean, (shown, numbers) =>
    isQuotient(shown, total(numbers.map(each => exactly(each))), BigInt(numbers.length)),
  )
  assert.equal(show(mean, [0.1, 0.2]), 0.15)
  assert.equal(show(mean, [1e308, 1e308]), 1e308)
  assert.equal(show(mean, [0.1234567890123456]), 0.1234567890123456)
  assert.equal(show(mean, [1, 1, 2]), 1.33333333333333)
})

test('min and max are numbers that were there', () => {
  property(min, (shown, numbers) => assert.equal(shown, Math.min(...numbers) + 0))
  property(max, (shown, numbers) => assert.equal(shown, Math.max(...numbers) + 0))
  assert.ok(Object.is(show(min, [-0]), 0))
})

test('a variance is that of the population, also where it is tiny beside the numbers', () => {
  property(variance, (shown, numbers) => {
    const [n, scaled] = [BigInt(numbers.length), numbers.map(each => exactly(each))]
    const dividend = n * total(scaled.map(each => each ** 2n)) - total(scaled) ** 2n
    isQuotient(shown, dividend, n ** 2n, 2 * SCALE)
  })
  assert.equal(show(variance, [1e15, 1e15 + 1]), 0.25)
  assert.equal(show(variance, [0.1, 0.1, 0.1]), 0)
  assert.equal(show(variance, [1e308, -1e308]), '1e+616')
  assert.equal(show(variance, [2, 4, 4, 4, 5, 5, 7, 9]), 4)
})

test('bands count as their midpoints', () => {
  assert.equal(show(mean, ['[20, 30)', '[30, 40)', null]), 30)
  assert.equal(show(max, ['[20, 30)', 7]), 25)
})
