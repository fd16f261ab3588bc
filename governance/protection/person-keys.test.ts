import assert from 'node:assert/strict'
import { hkdfSync } from 'node:crypto'
import { test } from 'node:test'
import { mac, macKey } from './mac.ts'
import { personKeys } from './person-keys.ts'

const secret = Buffer.alloc(32, 1)

function bytesOf(keys: ReturnType<typeof personKeys>): string[] {
  const { token, eventId, content, field, quarantine, id } = keys
  return [token, eventId, content]
    .map(key => key.inner.toString('hex'))
    .concat([field, quarantine, id].map(key => key.export().toString('hex')))
}

test('a person’s keys differ for each use and for each person, and are the same each time', () => {
  const keys = personKeys(secret)
  const all = [...bytesOf(keys), ...bytesOf(personKeys(Buffer.alloc(32, 2)))]
  assert.equal(new Set(all).size, 12)
  assert.deepEqual(bytesOf(keys), bytesOf(personKeys(secret)))
  assert.equal(keys.field, keys.field)
})

test('sub-keys are HKDF-SHA-256 of the person’s key, so that what is stored can be read in years', () => {
  const derived = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', `ecluse/1/${use}`, 32))
  const keys = personKeys(secret)
  assert.deepEqual(mac(keys.token, 'x', 'hex'), mac(macKey(derived('token')), 'x', 'hex'))
  assert.deepEqual(keys.field.export(), derived('field'))
})
