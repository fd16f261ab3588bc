import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBinaryAttributes } from './binary-attributes.ts'

const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/shop', 'ce-type': 'sold' }
const attributes = { id: '1', source: '/shop', type: 'sold' }

test('ce- headers are unquoted and percent-decoded once', () => {
  const subjectOf = (value: string) => {
    const result = readBinaryAttributes({ ...headers, 'ce-subject': value })
    return result.violation ? result.violation.keyword : result.attributes.subject
  }
  assert.equal(subjectOf('Euro%20%E2%82%AC%20%F0%9F%98%80'), 'Euro € 😀')
  assert.equal(subjectOf('%2541'), '%41')
  assert.equal(subjectOf('"a \\"b\\" %e2%82%ac"'), 'a "b" €')
  for (const value of ['%', '%zz', '%ff', '%ed%a0%80', 'Zo\u00e9', '']) assert.equal(subjectOf(value), 'cloudevents')
})

test('ce- headers follow the rules of the attributes; other headers are not looked at', () => {
  assert.deepEqual(readBinaryAttributes({ ...headers, host: 'é', 'ce-ext': 'x' }), { attributes })
  assert.ok(readBinaryAttributes({ ...headers, 'ce-my_ext': 'x' }).violation)
  assert.ok(readBinaryAttributes({ ...headers, 'ce-time': 'noon' }).violation)
  assert.ok(readBinaryAttributes({ ...headers, 'ce-id': undefined }).violation)
})
