import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { open, seal, sealingKey } from './seal.ts'

const key = sealingKey(Buffer.alloc(32, 1))
const other = sealingKey(Buffer.alloc(32, 2))

test('what is sealed opens again with its key and its associated data', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme' }), (message, associated) => {
      const sealed = seal(key, Buffer.from(message), associated)
      assert.equal(sealed.length, message.length + 28)
      assert.deepEqual(open(key, sealed, associated), Buffer.from(message))
    }),
  )
})

test('a flipped bit, another key, other associated data or a cut: it does not open', () => {
  const sealed = seal(key, Buffer.from('a message'), 'here')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = Buffer.from(sealed)
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    assert.throws(() => open(key, flipped, 'here'))
  }
  assert.throws(() => open(other, sealed, 'here'))
  assert.throws(() => open(key, sealed, 'there'))
  for (let length = 0; length < sealed.length; length++)
    assert.throws(() => open(key, sealed.subarray(0, length), 'here'))
})

test('the same message sealed many times never looks the same, and no nonce comes twice', () => {
  const nonces = Array.from({ length: 2_000 }, () => seal(key, Buffer.from('a'), '').toString('hex', 0, 12))
  assert.equal(new Set(nonces).size, 2_000)
})
