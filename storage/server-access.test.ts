import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServerUrl, tlsOptions } from './server-access.ts'

const form = { scheme: 'kafka', defaultPort: 9092, options: ['tls', 'sasl'] }

test('several hosts, a path and options are read', () => {
  assert.deepEqual(parseServerUrl('kafka://a:1,b,[::1]:3/x?tls=true&sasl=plain', form), {
    hosts: [
      { host: 'a', port: 1 },
      { host: 'b', port: 9092 },
      { host: '::1', port: 3 },
    ],
    path: 'x',
    options: { tls: 'true', sasl: 'plain' },
  })
})

test('what is wrong is said, and a password is neither taken nor repeated', () => {
  for (const wrong of ['http://a', 'kafka://', 'kafka://u:secret@a', 'kafka://a:0', 'kafka://a:99999', 'kafka://a:b']) {
    assert.throws(
      () => parseServerUrl(wrong, form),
      (error: Error) => !error.message.includes('secret'),
    )
  }
  assert.throws(() => parseServerUrl('kafka://a?tsl=true', form), /no option tsl: it knows tls, sasl/)
  assert.throws(() => parseServerUrl('kafka://a?tls=yes', form), /true or false/)
  assert.throws(() => parseServerUrl('kafka://a?tls=true&tls=false', form), /says tls twice/)
  assert.throws(() => parseServerUrl('kafka://a/&tls=true', { ...form, noPath: true }), /has no path/)
  assert.equal(parseServerUrl('kafka://a/?tls=true', { ...form, noPath: true }).options.tls, 'true')
})

test('a certificate turns TLS on, and contradicting it is refused', () => {
  const url = 'kafka://a'
  assert.equal(tlsOptions({ url }, undefined), undefined)
  const rejectUnauthorized = true
  assert.deepEqual(tlsOptions({ url }, 'true'), { rejectUnauthorized })
  assert.deepEqual(tlsOptions({ url, ca: 'x' }, undefined), { rejectUnauthorized, ca: 'x' })
  assert.throws(() => tlsOptions({ url, ca: 'x' }, 'false'), /tls=false/)
})
