import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import type { JsonObject } from '../../storage/json.ts'
import { PostFailed, PostRefused, postEvents } from './post-events.ts'
import { simulate } from './simulate.ts'

interface Gateway {
  url: string
  requests: { path: string; headers: IncomingMessage['headers']; events: JsonObject[] }[]
}

type Answer = (events: JsonObject[], response: ServerResponse, attempt: number) => void

/** Runs `use` against a server that keeps what it was sent and answers as told. */
async function withGateway(answer: Answer, use: (gateway: Gateway) => Promise<void>): Promise<void> {
  const requests: Gateway['requests'] = []
  const server = createServer(async (request, response) => {
    const events = (await json(request)) as JsonObject[]
    requests.push({ path: request.url ?? '', headers: request.headers, events })
    answer(events, response, requests.length)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    await use({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests })
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
}

/** Rejects negative amounts, as a stand-in for a contract. */
const accept: Answer = (events, response) => {
  const rejected = events.filter(event => event.montant === -1).length
  const accepted = events.length - rejected
  response.writeHead(accepted > 0 ? 202 : 422, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ received: events.length, accepted, suppressed: 0, rejected, results: [] }))
}

const refuse =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_events, response) => {
    response.writeHead(status, headers)
    response.end(JSON.stringify({ title: 'no', detail: 'not today' }))
  }

const settings = { apiKey: 'eck_test', source: 'transactions' as const, ratePerSecond: 100_000, badShare: 0, seed: 7 }
const one = { apiKey: 'eck_test', dataset: 'transactions', events: [{ a: 1 }] }

test('a simulation sends as many events as were asked for, and its totals add up', async () => {
  await withGateway(accept, async ({ url, requests }) => {
    const totals = await simulate({ ...settings, url, badShare: 0.5, count: 700 })
    assert.equal(totals.sent, 700)
    assert.equal(totals.accepted + totals.rejected, 700)
    assert.ok(totals.rejected > 0)
    assert.equal(requests.flatMap(request => request.events).length, 700)
    assert.ok(requests.every(request => request.events.length <= 500))
    assert.equal(requests[0]?.path, '/v1/datasets/transactions/events')
    assert.equal(requests[0]?.headers.authorization, 'Bearer eck_test')
  })
})

test('events come at the rate that was asked for', async () => {
  await withGateway(accept, async ({ url }) => {
    const startMs = performance.now()
    await simulate({ ...settings, url, ratePerSecond: 50, count: 11 })
    // Event 11 falls due after 200 ms. How late it is depends on the machine; that it is not early does not.
    assert.ok(performance.now() - startMs >= 199)
  })
})

test('a simulation that is stopped tells what it sent until then', async () => {
  await withGateway(accept, async ({ url }) => {
    const stop = new AbortController()
    const totals = await simulate({ ...settings, url, signal: stop.signal, onProgress: () => stop.abort() })
    assert.ok(totals.sent > 0)
    assert.equal(totals.accepted, totals.sent)
  })
})

test('a rate of nothing and a share above one are refused', async () => {
  await assert.rejects(simulate({ ...settings, url: 'http://127.0.0.1:9', ratePerSecond: 0 }), RangeError)
  await assert.rejects(simulate({ ...settings, url: 'http://127.0.0.1:9', badShare: 1.1 }), RangeError)
})

test('a simulation with a wrong key stops at once', async () => {
  await withGateway(refuse(401), async ({ url, requests }) => {
    await assert.rejects(simulate({ ...settings, url, count: 10 }), PostRefused)
    assert.equal(requests.length, 1)
  })
})

test('a post the gateway was not ready for is sent again after the time it asked for, under the same key', async () => {
  const busyOnce: Answer = (events, response, attempt) =>
    (attempt === 1 ? refuse(503, { 'retry-after': '1' }) : accept)(events, response, attempt)
  await withGateway(busyOnce, async ({ url, requests }) => {
    const startMs = performance.now()
    const answer = await postEvents({ ...one, url })
    assert.equal(answer.accepted, 1)
    assert.equal(requests.length, 2)
    assert.ok(performance.now() - startMs >= 990)
    assert.equal(requests[0]?.headers['idempotency-key'], requests[1]?.headers['idempotency-key'])
  })
})

test('a date in Retry-After is understood', async () => {
  const busyOnce: Answer = (events, response, attempt) =>
    (attempt === 1 ? refuse(429, { 'retry-after': new Date(0).toUTCString() }) : accept)(events, response, attempt)
  await withGateway(busyOnce, async ({ url }) => assert.equal((await postEvents({ ...one, url })).received, 1))
})

test('a gateway that is never ready is given up after six attempts, and its events count as failed', async () => {
  await withGateway(refuse(503, { 'retry-after': '0' }), async ({ url, requests }) => {
    await assert.rejects(postEvents({ ...one, url }), PostFailed)
    assert.equal(requests.length, 6)
    const totals = await simulate({ ...settings, url, count: 1 })
    assert.deepEqual(totals, { sent: 1, accepted: 0, suppressed: 0, rejected: 0, failed: 1 })
  })
})

test('an answer that all events were rejected is an answer', async () => {
  await withGateway(accept, async ({ url }) => {
    assert.equal((await postEvents({ ...one, events: [{ montant: -1 }], url })).rejected, 1)
  })
})

test('a refusal says what the gateway said', async () => {
  await withGateway(refuse(404), async ({ url }) => {
    await assert.rejects(postEvents({ ...one, url }), { name: 'PostRefused', status: 404, message: /404: not today/ })
  })
})

test('a gateway that does not answer in time is tried again', async () => {
  const silentOnce: Answer = (events, response, attempt) => {
    if (attempt > 1) accept(events, response, attempt)
  }
  await withGateway(silentOnce, async ({ url, requests }) => {
    await postEvents({ ...one, url, timeoutMs: 100 })
    assert.equal(requests.length, 2)
  })
})

test('a post that is aborted rejects with the reason', async () => {
  const stop = new AbortController()
  const reason = new Error('enough')
  await withGateway(
    () => stop.abort(reason),
    async ({ url }) => assert.rejects(postEvents({ ...one, url, signal: stop.signal }), reason),
  )
})
