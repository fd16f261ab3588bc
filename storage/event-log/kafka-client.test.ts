import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { makeKafkaClient } from './kafka-client.ts'

const url = 'kafka://127.0.0.1:9092'

test('what is contradictory or unknown is refused, without the password', () => {
  for (const access of [
    { url: `${url}?sasl=gssapi` },
    { url: `${url}?compression=zstd` },
    { url: `${url}?tls=true&tls=false` },
    { url: `${url}/&tls=true` },
    { url: `${url}?tls=false`, ca: 'PEM' },
    { url, username: 'u' },
    { url, password: 'hunter2' },
    { url: 'kafka://u:hunter2@127.0.0.1:9092' },
  ])
    assert.throws(
      () => makeKafkaClient(access),
      (error: Error) => !error.message.includes('hunter2'),
    )
  assert.equal(makeKafkaClient({ url: 'kafka://a,[::1]:1?compression=gzip' }).servers, 'a:9092,[::1]:1')
})

test('a connection without waiting requests sets no timer', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  makeKafkaClient({ url })
  const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue')
  const silent = () => {}
  const queue = new RequestQueue({
    maxInFlightRequests: null,
    requestTimeout: 1_000,
    enforceRequestTimeout: false,
    clientId: 'c',
    broker: 'b',
    logger: { debug: silent, warn: silent },
  })
  queue.checkPendingRequests()
  assert.equal(queue.throttleCheckTimeoutId, null)

  let sent = 0
  queue.maybeThrottle(500)
  const entry = { correlationId: 1, resolve: silent, reject: silent }
  queue.push({ entry, expectResponse: false, sendRequest: () => (sent += 1) })
  assert.notEqual(queue.throttleCheckTimeoutId, null)
  assert.equal(sent, 0)
  queue.throttledUntil = -1
  t.mock.timers.tick(500)
  assert.equal(sent, 1)
  assert.equal(queue.throttleCheckTimeoutId, null)
})
