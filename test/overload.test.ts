import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { EventResult } from '../gateway/outcome.ts'
import type { Problem } from '../gateway/problem.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const MiB = 1_048_576

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Partial<Problem> & { results?: EventResult[] }
}

/** Begins a request whose body is sent by hand. */
function begin(ecluse: EcluseProcess, headers: Record<string, string | number> = {}) {
  const call = request(`${ecluse.url}/v1/datasets/transactions/events`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${ecluse.keys.producer}`, 'content-type': 'application/json', ...headers },
  })
  // The gateway answers and closes before it has read a body that it refuses.
  call.on('error', () => {})
  const exchange: { call: ClientRequest; answer?: Answer } = { call }
  call.on('response', async response => {
    const chunks: Buffer[] = await Array.fromAsync(response as AsyncIterable<Buffer>)
    const body = JSON.parse(String(Buffer.concat(chunks)))
    exchange.answer = { status: response.statusCode!, headers: response.headers, body }
  })
  return exchange
}

const answerOf = (exchange: { answer?: Answer }) => eventually('the gateway answers', () => exchange.answer)

function assertRefused(answer: Answer, status: number, slug: string): void {
  assert.deepEqual([answer.status, answer.body.type], [status, `urn:ecluse:problem:${slug}`])
  if (status !== 408) assert.match(answer.headers['retry-after']!, /^[1-9]\d*$/)
}

/** Sends a byte of white space again and again; ends with the test. */
function drip(t: { after(fn: () => void): void }, call: ClientRequest): void {
  const timer = setInterval(() => call.write(' '), 20)
  t.after(() => clearInterval(timer))
  t.after(() => call.destroy())
}

test('bodies that decompress to more than the gateway may hold are refused with 503, and leave no trace', async t => {
  const ecluse = await spawnEcluse({ environment: { ECLUSE_MAX_INFLIGHT_BYTES: String(4 * MiB) } })
  t.after(() => ecluse.end())
  const bytes = gzipSync(`[${JSON.stringify(transaction())}${' '.repeat(1.4 * MiB)}]`)
  // All but the checksum at the end: everything decompresses, and the request stays at work. Two of them fit.
  const exchanges = Array.from({ length: 8 }, () => {
    const exchange = begin(ecluse, { 'content-encoding': 'gzip', 'content-length': bytes.length })
    exchange.call.write(bytes.subarray(0, -8))
    return exchange
  })
  const answers = await eventually('six are refused', () => {
    const found = exchanges.flatMap(({ answer }) => answer ?? [])
    return found.length >= 6 && found
  })
  for (const answer of answers) assertRefused(answer, 503, 'overloaded')
  const [finished, aborted] = exchanges.filter(({ answer }) => answer === undefined)
  finished!.call.end(bytes.subarray(-8))
  assert.equal((await answerOf(finished!)).status, 202)
  aborted!.call.destroy()
  await eventually('all room is free again', async () => {
    const { status } = await ecluse.post('transactions', `[${JSON.stringify(transaction())}${' '.repeat(3.9 * MiB)}]`)
    return status === 202
  })
})

test('requests beyond ECLUSE_MAX_CONCURRENT_REQUESTS are refused with 503 until others are done', async t => {
  const ecluse = await spawnEcluse({ environment: { ECLUSE_MAX_CONCURRENT_REQUESTS: '2' } })
  t.after(() => ecluse.end())
  const exchanges = Array.from({ length: 6 }, () => {
    const exchange = begin(ecluse)
    exchange.call.write('[')
    return exchange
  })
  const answers = await eventually('four are refused', () => {
    const found = exchanges.flatMap(({ answer }) => answer ?? [])
    return found.length >= 4 && found
  })
  for (const answer of answers) assertRefused(answer, 503, 'overloaded')
  const admitted = exchanges.filter(({ answer }) => answer === undefined)
  assert.equal(admitted.length, 2)
  for (const exchange of admitted) {
    exchange.call.end(`${JSON.stringify(transaction())}]`)
    assert.equal((await answerOf(exchange)).status, 202)
  }
  assert.equal((await ecluse.post('transactions', transaction())).status, 202)
})

test('requests beyond ECLUSE_MAX_REQUESTS_PER_SECOND are refused with 429', async t => {
  const ecluse = await spawnEcluse({ environment: { ECLUSE_MAX_REQUESTS_PER_SECOND: '1' } })
  t.after(() => ecluse.end())
  const refused = await eventually('a request is one too many', async () => {
    const sent = await Promise.all(Array.from({ length: 5 }, () => ecluse.post('transactions', transaction())))
    return sent.find(({ status }) => status !== 202)
  })
  assert.equal(refused.status, 429)
  assert.match(refused.headers.get('retry-after')!, /^[1-9]\d*$/)
})

test('a body that drips for ECLUSE_REQUEST_MS is refused with 408, and what was acknowledged stays so', async t => {
  const ecluse = await spawnEcluse({ environment: { ECLUSE_REQUEST_MS: '3000' } })
  t.after(() => ecluse.end())
  for (const type of ['application/json', 'application/x-ndjson']) {
    const exchange = begin(ecluse, { 'content-type': type })
    exchange.call.write(`${JSON.stringify(transaction())}\n`)
    drip(t, exchange.call)
    const answer = await answerOf(exchange)
    assertRefused(answer, 408, 'body-too-slow')
    const outcomes = answer.body.results?.map(result => 'outcome' in result && result.outcome)
    assert.deepEqual(outcomes, type === 'application/json' ? undefined : ['accepted'])
  }
})

test('a stop waits neither for bodies nor for headers that drip, and is no failure', async t => {
  const ecluse = await spawnEcluse()
  const bodies = ['application/json', 'application/x-ndjson'].map(type =>
    begin(ecluse, { 'content-type': type, expect: '100-continue' }),
  )
  for (const { call } of bodies) {
    call.flushHeaders()
    await once(call, 'continue')
    call.write(`${JSON.stringify(transaction())}\n`)
    drip(t, call)
  }
  const { hostname, port } = new URL(ecluse.url)
  const headers = connect(Number(port), hostname, () => headers.write('GET /livez HTTP/1.1\r\nhost:'))
  t.after(() => headers.destroy())
  headers.on('error', () => {})
  await once(headers, 'connect')

  const ended = ecluse.end()
  for (const exchange of bodies) {
    const answer = await answerOf(exchange)
    assertRefused(answer, 503, 'stopping')
    assert.equal(answer.headers.connection, 'close')
  }
  assert.equal(await ended, 0)
})

test('pipelined requests are all answered, in order, without a warning in the log', async t => {
  const ecluse = await spawnEcluse()
  t.after(() => ecluse.end())
  const { hostname, port } = new URL(ecluse.url)
  const socket = connect(Number(port), hostname)
  t.after(() => socket.destroy())
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  const post = (id: string) => {
    const body = JSON.stringify({ ...transaction(), id_transaction: id })
    return `POST /v1/datasets/transactions/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ecluse.keys.producer}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  }
  const ids = Array.from({ length: 30 }, (_, i) => `pipelined-${i}`)
  socket.write(ids.map(post).join(''))
  await eventually('all are answered', () => answer.split('HTTP/1.1 202').length === 31)
  assert.deepEqual(
    [...answer.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id),
    ids,
  )
  assert.doesNotMatch(ecluse.output(), /Warning/)
})
