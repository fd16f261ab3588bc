import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeAdmission } from './admission.ts'

const bounds = { maxConcurrentRequests: 2, maxInflightBytes: 100, maxBodyBytes: 60 }
const overloaded = { status: 503, slug: 'overloaded', retryAfterSeconds: 1 }

test('one request too many is refused until another is done', () => {
  const admit = makeAdmission(bounds)
  const first = admit('1')
  admit('1')
  assert.throws(() => admit('1'), overloaded)
  first.leave()
  admit('1')
})

test('declared bytes, and undeclared ones as far as a body may go, count from the start', () => {
  const admit = makeAdmission(bounds)
  const undeclared = admit(undefined)
  assert.throws(() => admit('41'), overloaded)
  admit('40').leave()
  undeclared.leave()
  admit('60')
})

test('bytes beyond the declared ones count as they come, and all are free again afterwards', () => {
  const admit = makeAdmission(bounds)
  const first = admit('50')
  const second = admit('10')
  first.reserve(50)
  second.reserve(40)
  second.reserve(10)
  assert.throws(() => second.reserve(1), overloaded)
  assert.throws(() => first.reserve(1), overloaded)
  second.leave()
  first.reserve(50)
  first.leave()
  admit('60').reserve(100)
})
