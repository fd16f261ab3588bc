import assert from 'node:assert/strict'
import { createHmac, hkdfSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { deriveKey, mac, macKey } from './mac.ts'

const hmac = (key: Uint8Array, text: string, encoding: 'base64url' | 'hex' | 'latin1' = 'hex') =>
  createHmac('sha256', key).update(text, 'utf8').digest(encoding)
const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))

test('a MAC is HMAC-SHA-256 over UTF-8, for every key length and every text', () => {
  const encodings = fc.constantFrom('base64url', 'hex', 'latin1')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), texts, encodings, (key, text, encoding) => {
      assert.equal(mac(macKey(Buffer.from(key)), text, encoding), hmac(key, text, encoding))
    }),
  )
})

test('long texts have the same MAC as elsewhere, at and around every bound', () => {
  const key = Buffer.alloc(32, 7)
  for (const length of [0, 1, 55, 56, 63, 64, 65, 4_095, 4_096, 4_097, 12_288, 100_000]) {
    for (const unit of ['a', 'é', '名', '🙂']) {
      const text = unit.repeat(length).slice(0, length)
      if (text.isWellFormed()) assert.equal(mac(macKey(key), text, 'hex'), hmac(key, text), `${length} × ${unit}`)
    }
  }
})

test('a long text leaves nothing behind in the MAC of a short one', () => {
  const key = macKey(Buffer.alloc(32, 1))
  const before = mac(key, 'a', 'hex')
  mac(macKey(Buffer.alloc(64, 2)), 'z'.repeat(5_000), 'hex')
  mac(key, 'y'.repeat(4_000), 'hex')
  assert.equal(mac(key, 'a', 'hex'), before)
})

test('a key of more than 64 bytes is refused', () => {
  assert.throws(() => macKey(Buffer.alloc(65)), RangeError)
})

test('a derived key is HKDF-SHA-256 without salt', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), texts, (secret, use) => {
      fc.pre(Buffer.byteLength(use) < 1_000)
      assert.deepEqual(deriveKey(Buffer.from(secret), use), Buffer.from(hkdfSync('sha256', secret, '', use, 32)))
    }),
  )
})
