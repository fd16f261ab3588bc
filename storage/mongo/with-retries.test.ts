import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MongoNetworkError, MongoNetworkTimeoutError, MongoServerError } from 'mongodb'
import { isPassing, withRetries } from './with-retries.ts'

const serverError = (code?: number) => new MongoServerError({ message: 'x', ...(code !== undefined && { code }) })

test('a failure that passes is tried again, a bounded number of times', async () => {
  let tries = 0
  const work = async (failures: number) => {
    if (++tries <= failures) throw new MongoNetworkError('cut')
    return 'done'
  }
  assert.equal(await withRetries(() => work(2)), 'done')
  assert.equal(tries, 3)
  tries = 0
  await assert.rejects(
    withRetries(() => work(9)),
    MongoNetworkError,
  )
  assert.equal(tries, 3)
})

test('an election, a network and an unknown error pass; a duplicate, a wrong password and a missing right do not', () => {
  for (const code of [1, 8, 91, 189, 10107, 11602]) assert.equal(isPassing(serverError(code)), true)
  assert.equal(isPassing(serverError()), true)
  // What DocumentDB said of a deadlock.
  assert.equal(isPassing(serverError(16908292)), true)
  for (const code of [11000, 13, 18, 2, 50, 64]) assert.equal(isPassing(serverError(code)), false)
  assert.equal(isPassing(new MongoNetworkError('cut')), true)
  assert.equal(isPassing(new MongoNetworkTimeoutError('late')), false)
  assert.equal(isPassing(new TypeError('x')), false)
})
