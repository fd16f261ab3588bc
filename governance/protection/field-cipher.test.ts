import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyJson, contextOf } from '../../test/action-context.ts'
import { openField, sealField } from './field-cipher.ts'

const key = contextOf('Alice').keys!.field
const place = { dataset: 'transactions', pointer: '/utilisateur/nom', eventId: 'event-1' }

test('any JSON value sealed for a place opens there as it was', () => {
  fc.assert(
    fc.property(anyJson, value => {
      assert.deepEqual(openField(key, sealField(key, value, place), place), value)
    }),
  )
})

test('a sealed field opens at no other place, under no other key and with no bit changed', () => {
  const sealed = sealField(key, 'Alice Dubois', place)
  const elsewhere = [{ dataset: 'other' }, { pointer: '/utilisateur/email' }, { eventId: 'event-2' }]
  for (const change of elsewhere) assert.throws(() => openField(key, sealed, { ...place, ...change }))
  assert.throws(() => openField(contextOf('Bob').keys!.field, sealed, place))
  const bytes = Buffer.from(sealed.slice('enc1.'.length), 'base64url')
  for (let i = 0; i < bytes.length; i++) {
    const flipped = Buffer.from(bytes)
    flipped[i]! ^= 1
    assert.throws(() => openField(key, `enc1.${flipped.toString('base64url')}`, place))
  }
  assert.throws(() => openField(key, sealed.slice('enc1.'.length), place), /does not start with enc1/)
})

test('the length of a ciphertext tells a size class only: powers of two, 16 bytes at least', () => {
  const lengthOf = (value: string) => Buffer.from(sealField(key, value, place).slice(5), 'base64url').length - 28
  // Two quotation marks belong to the text.
  for (const [length, sizeClass] of [
    [0, 16],
    [14, 16],
    [15, 32],
    [30, 32],
    [31, 64],
    [1_000, 1_024],
    [1_023, 2_048],
  ]) {
    assert.equal(lengthOf('a'.repeat(length!)), sizeClass)
  }
  assert.equal(lengthOf('é'.repeat(7)), 16)
  assert.equal(lengthOf('é'.repeat(8)), 32)
})
