import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonValue } from '../../storage/json.ts'
import { DISTINCT_HASHES, DISTINCT_STANDARD_ERROR, distinct } from './distinct.ts'
import { context, mergeParts, show, showParts, splitOf } from './measure-fixture.ts'
import { persons } from './persons.ts'
import { storedText } from './stored-text.ts'

const values = fc.oneof<fc.Arbitrary<JsonValue>[]>(
  fc.integer({ min: -20, max: 20 }),
  fc.string({ maxLength: 2 }),
  fc.constantFrom(null, true, false, 'true', '1', 1, 'a', '__proto__'),
)

const numbered = (n: number) => Array.from({ length: n }, (_, i) => `value ${i}`)
/** Each value twice, spread over five parts, merged from the end. */
const spread = (all: string[]) => ({
  values: [...all, ...all],
  parts: [...all, ...all].map((_, i) => (i * 3) % 5),
  picks: [4, 3, 2, 1].map((last): [number, number] => [last, 0]),
})

test('distinct values are counted exactly while they are few, however they are split and merged', () => {
  fc.assert(
    fc.property(splitOf(values), each => {
      const texts = each.values.map(storedText).filter(text => text !== undefined)
      assert.equal(showParts(distinct, each), new Set(texts).size)
    }),
  )
  assert.equal(show(distinct, []), 0)
  assert.equal(showParts(distinct, spread(numbered(DISTINCT_HASHES - 1))), DISTINCT_HASHES - 1)
})

test('many distinct values are estimated within three standard errors', () => {
  for (const n of [DISTINCT_HASHES, 2_000, 10_000, 50_000]) {
    const shown = showParts(distinct, spread(numbered(n))) as number
    assert.ok(Math.abs(shown / n - 1) < 3 * DISTINCT_STANDARD_ERROR, `${shown} for ${n}`)
  }
})

test('estimates err as much as they say: over many sets, not always to one side', () => {
  const [sets, n] = [40, 3_000]
  const errors = Array.from({ length: sets }, (_, set) => {
    const shown = show(
      distinct,
      Array.from({ length: n }, (_, i) => `${set}/${i}`),
    ) as number
    return shown / n - 1
  })
  const average = errors.reduce((a, b) => a + b) / sets
  const spread = Math.sqrt(errors.reduce((a, b) => a + b * b, 0) / sets)
  // The hashes are always the same, so these are too.
  assert.ok(Math.abs(average) < (3 * DISTINCT_STANDARD_ERROR) / Math.sqrt(sets), `${average}`)
  assert.ok(spread < 1.3 * DISTINCT_STANDARD_ERROR, `${spread}`)
})

test('a state holds no more than its hashes, and the same ones in whatever order', () => {
  const all = numbered(5_000)
  const state = mergeParts(distinct, spread(all))
  assert.equal(state.length, DISTINCT_HASHES)
  assert.deepEqual(mergeParts(distinct, spread(all.toReversed())), state)
  assert.deepEqual(
    state,
    [...state].sort((a, b) => a - b),
  )
  assert.ok(state.every(Number.isSafeInteger))
  assert.ok(JSON.stringify(state).length <= 17 * DISTINCT_HASHES + 1)
})

test('persons are counted exactly up to a cap, and nobody is not', () => {
  const someone = fc.constantFrom<JsonValue>('p1.a', 'p1.b', 'p1.c', 'p1.d', 'p1.e', 'p1.f', 'p1.g', null, 7)
  fc.assert(
    fc.property(splitOf(someone, 20), fc.integer({ min: 1, max: 9 }), (each, cap) => {
      const known = new Set(each.values.filter(value => typeof value === 'string'))
      assert.equal(showParts(persons(cap), each), Math.min(cap, known.size))
    }),
  )
})

test('the extremes of a hash are kept like others', () => {
  const hashes: Record<string, bigint> = { 's:a': 0n, 's:b': 2n ** 64n - 1n, 's:c': 2n ** 63n }
  const hash = (text: string) => hashes[text] ?? context.hash(text)
  const state = ['a', 'b', 'c', 'b'].reduce((s, value) => distinct.add(s, value, { hash }), distinct.empty())
  assert.deepEqual(state, [0, 2 ** 52, 2 ** 53 - 1])
})
