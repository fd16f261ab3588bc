import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StoredSpread } from '../../storage/stored-quality.ts'
import { quantile } from '../measures/quantile.ts'
import { driftOf } from './read-drift.ts'
import { binsOf, stabilityIndex } from './stability-index.ts'

const sketchOf = (numbers: number[]) =>
  numbers.reduce((state, number) => quantile(0.5).add(state, number, { hash: () => 0n }), quantile(0.5).empty())

test('the index is that of the formula on paper', () => {
  // Shares 0.5, 0.5 and 0.25, 0.75: 0.25 ln 2 + 0.25 ln 1.5, but for what keeps bins from being empty.
  const { psi, chance } = stabilityIndex([50_000, 50_000], [25_000, 75_000])
  assert.ok(Math.abs(psi - (0.25 * Math.log(2) + 0.25 * Math.log(1.5))) < 1e-4)
  // The 99.9th percentile of χ² with one degree of freedom is 10.83.
  assert.ok(Math.abs(chance / (1 / 100_000 + 1 / 100_000) - 10.83) < 0.4)
})

test('bins hold every number of both sketches once, in the order of numbers', () => {
  const numbers = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(numbers, numbers, (before, after) => {
      const [expected, actual] = binsOf(sketchOf(before), sketchOf(after))
      const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0)
      assert.deepEqual([sum(expected), sum(actual)], [before.length, after.length])
      assert.ok(expected.length <= 10)
      assert.equal(stabilityIndex(expected, expected).psi, 0)
    }),
  )
  const [expected, actual] = binsOf(sketchOf([...Array(1_000).keys()]), sketchOf([-5, 2_000, 2_000]))
  assert.deepEqual([actual[0], actual.at(-1), actual.length], [1, 2, 10])
  // Divided into tenths, as far as bins 2 % wide can be.
  for (const count of expected) assert.ok(count >= 70 && count <= 130, `${expected}`)
})

const spreadOf = (numbers: number[], values: Record<string, number>): StoredSpread => ({
  numbers: { '/amount': sketchOf(numbers) },
  values: { '/means': values },
})

test('values that move are drifting; the same ones, and too few, are not', () => {
  const before = spreadOf([...Array(2_000).keys()], { '"card"': 900, '"cash"': 100 })
  const same = driftOf(
    spreadOf(
      [...Array(500).keys()].map(n => n * 4),
      { '"card"': 450, '"cash"': 50 },
    ),
    before,
  )
  assert.deepEqual([same.get('/amount')?.isDrifting, same.get('/means')?.isDrifting], [false, false])
  assert.deepEqual([same.get('/amount')?.values, same.get('/amount')?.before], [500, 2_000])
  const moved = driftOf(
    spreadOf(
      [...Array(500).keys()].map(n => 1_000 + n),
      { '"cash"': 500 },
    ),
    before,
  )
  assert.deepEqual([moved.get('/amount')?.isDrifting, moved.get('/means')?.isDrifting], [true, true])
  const few = driftOf(spreadOf([1, 2, 3], { '"cash"': 99 }), before)
  assert.equal(few.size, 0)
})
