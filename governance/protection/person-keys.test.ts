import assert from 'node:assert/strict'
import { createHmac, hkdfSync } from 'node:crypto'
import { test } from 'node:test'
import { type PersonKeys, personKeys } from './person-keys.ts'

const secret = Buffer.alloc(32, 1)
const derived = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', `ecluse/1/${use}`, 32))

/** What each key is, or makes of one text. */
function marksOf({ token, eventId, content, field, quarantine, id }: PersonKeys): string[] {
  const inners = [eventId, content].map(key => key.inner.toString('hex'))
  return [token('x'), ...inners, ...[field, quarantine, id].map(key => key.export().toString('hex'))]
}

test('a person’s keys differ for each use and for each person, and are the same each time', () => {
  const keys = personKeys(secret)
  assert.equal(new Set([...marksOf(keys), ...marksOf(personKeys(Buffer.alloc(32, 2)))]).size, 12)
  assert.deepEqual(marksOf(keys), marksOf(personKeys(secret)))
  assert.equal(keys.field, keys.field)
})

test('sub-keys are HKDF-SHA-256 of the person’s key, so that what is stored can be read in years', () => {
  assert.deepEqual(personKeys(secret).field.export(), derived('field'))
})

test('a token is the same whether it is remembered or made, long ones too, and however many came between', () => {
  const { token } = personKeys(secret)
  const inputs = Array.from({ length: 30 }, (_, i) => `${i}`.repeat(i * 10))
  for (const input of [...inputs, ...inputs, ...inputs.toReversed()]) {
    for (let twice = 0; twice < 2; twice++) {
      assert.equal(token(input), createHmac('sha256', derived('token')).update(input).digest('base64url'))
    }
  }
})
