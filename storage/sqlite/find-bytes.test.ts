import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { byteFinder } from './find-bytes.ts'

test('finds exactly what stands there, whatever the needles have in common', () => {
  const bytes = (constraints: fc.ArrayConstraints) =>
    fc.array(fc.constantFrom(0, 1, 97), constraints).map(values => Buffer.from(values))
  const needles = fc.array(bytes({ minLength: 8, maxLength: 12 }), { maxLength: 6 })
  fc.assert(
    fc.property(needles, bytes({ maxLength: 300 }), (needles, haystack) => {
      const stands = needles.some(needle => haystack.includes(needle))
      assert.equal(byteFinder(needles)(haystack), stands)
    }),
    { numRuns: 2_000 },
  )
})

test('finds one needle of many at every place, the first and the last too', () => {
  const needles = Array.from({ length: 500 }, (_, i) => randomBytes(8 + (i % 60)))
  const holds = byteFinder(needles)
  const haystack = randomBytes(10_000)
  assert.equal(holds(haystack), false)
  for (const needle of needles.slice(0, 60)) {
    for (const at of [0, 1, 4_999, haystack.length - needle.length]) {
      const planted = Buffer.from(haystack)
      needle.copy(planted, at)
      assert.equal(holds(planted), true)
      assert.equal(holds(planted.subarray(at + 1, at + needle.length)), false)
    }
  }
})

test('no needle is never found, one too short is refused', () => {
  assert.equal(byteFinder([])(randomBytes(100)), false)
  assert.throws(() => byteFinder([randomBytes(20), randomBytes(7)]), /at least 8 bytes/)
})
