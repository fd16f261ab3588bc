import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sealingKey } from '../protection/seal.ts'
import { dueAt, openContent, type SealedContent, sealContent } from './rights-request.ts'

test('a request is due on the same day of the next month, or on its last; three months where more time was taken', () => {
  for (const [created, due, extended] of [
    ['2026-01-15T10:00:00.000Z', '2026-02-15T10:00:00.000Z', '2026-04-15T10:00:00.000Z'],
    ['2026-01-31T10:00:00.000Z', '2026-02-28T10:00:00.000Z', '2026-04-30T10:00:00.000Z'],
    ['2028-01-31T23:59:59.999Z', '2028-02-29T23:59:59.999Z', '2028-04-30T23:59:59.999Z'],
    ['2026-11-30T00:00:00.000Z', '2026-12-30T00:00:00.000Z', '2027-02-28T00:00:00.000Z'],
  ] as const) {
    assert.equal(dueAt(Date.parse(created), false), due)
    assert.equal(dueAt(Date.parse(created), true), extended)
  }
})

test('what is sealed opens with its key and for its request alone', () => {
  const content: SealedContent = {
    subjects: [{ type: 'customer', id: '42' }],
    reason: 'asked',
    requester: '',
    details: {},
    progress: {},
  }
  const key = sealingKey(Buffer.alloc(32, 1))
  const sealed = sealContent(key, 'one', content)
  assert.deepEqual(openContent(key, 'one', sealed), content)
  assert.ok(!Buffer.from(sealed, 'base64').includes('customer'))
  assert.throws(() => openContent(key, 'two', sealed))
  assert.throws(() => openContent(sealingKey(Buffer.alloc(32, 2)), 'one', sealed))
})
