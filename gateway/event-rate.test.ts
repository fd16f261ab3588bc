import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestRefused } from './body/request-refused.ts'
import { makeEventRate } from './event-rate.ts'

test('a key that sent too many events waits as long as they take at its rate; other keys do not', () => {
  let nowMs = 0
  const rate = makeEventRate(100, () => nowMs)
  rate.admit('a')
  rate.take('a', 350)
  assert.throws(
    () => rate.admit('a'),
    (error: RequestRefused) => error.status === 429 && error.retryAfterSeconds === 3,
  )
  rate.admit('b')
  nowMs = 2_400
  assert.throws(() => rate.admit('a'), RequestRefused)
  nowMs = 2_600
  rate.admit('a')
})
