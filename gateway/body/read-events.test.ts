import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { IncomingEvent } from '../../governance/ingestion/incoming-event.ts'
import { bodyLimits } from '../../test/body-limits.ts'
import { sampleDataDir } from '../../test/sample-data.ts'
import type { BodyLimits } from './limits.ts'
import { readEvents } from './read-events.ts'
import { RequestAborted, RequestRefused } from './request-refused.ts'

const envelope = (data: unknown) => JSON.stringify({ specversion: '1.0', id: '7', source: '/s', type: 't', data })
const attributes = { id: '7', source: '/s', type: 't' }

type Headers = Record<string, string>

async function groupsOf(body: string | Buffer, headers: Headers, limits?: Partial<BodyLimits>) {
  const groups: IncomingEvent[][] = []
  const stream = Readable.from([Buffer.from(body as string)])
  for await (const group of readEvents({ stream, headers, limits: bodyLimits(limits) })) groups.push(group)
  return groups
}

/** The events without their groups: raw text, then value or keyword. */
async function eventsOf(body: string | Buffer, headers: string | Headers, limits?: Partial<BodyLimits>) {
  const given = typeof headers === 'string' ? { 'content-type': headers } : headers
  const events = (await groupsOf(body, given, limits)).flat()
  for (const [at, event] of events.entries()) {
    assert.equal(event.index, at)
    assert.notEqual(event.value === undefined, event.violation === undefined)
  }
  return events.map(event => [String(event.raw), event.value ?? event.violation?.keyword])
}

test('an object, an array and NDJSON give the same events, each with its own bytes', async () => {
  const expected = [
    ['{"a": 1}', { a: 1 }],
    ['{"b":2}', { b: 2 }],
  ]
  assert.deepEqual(await eventsOf(' {"a": 1} ', 'application/json'), expected.slice(0, 1))
  assert.deepEqual(await eventsOf('[{"a": 1}, {"b":2}]', 'application/json'), expected)
  assert.deepEqual(await eventsOf('{"a": 1}\r\n\n{"b":2}', 'application/x-ndjson'), expected)
  const zipped = { 'content-type': 'application/jsonl', 'content-encoding': 'gzip' }
  assert.deepEqual(await eventsOf(gzipSync('{"a": 1}\n{"b":2}\n'), zipped), expected)
})

test('a bad event does not hide the others', async () => {
  const body = [
    '{"a":1}',
    '{"a":1,"a":2}',
    '{"a":tru}',
    '7',
    '{"a":1e400}',
    `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`,
  ]
  const expected = [{ a: 1 }, 'duplicate', 'json', 'type', 'number', 'depth']
  const outcomes = async (text: string, type: string) => (await eventsOf(text, type)).map(([, outcome]) => outcome)
  assert.deepEqual(await outcomes(`[${body.join(', ')}]`, 'application/json'), expected)
  assert.deepEqual(await outcomes(body.join('\n'), 'application/x-ndjson'), expected)
})

test('events come in groups of at most chunkEvents', async () => {
  const sizes = async (body: string, type: string) =>
    (await groupsOf(body, { 'content-type': type }, { chunkEvents: 2 })).map(group => group.length)
  assert.deepEqual(await sizes('[{},{},{},{},{}]', 'application/json'), [2, 2, 1])
  assert.deepEqual(await sizes('{}\n{}\n{}\n', 'application/x-ndjson'), [2, 1])
  assert.deepEqual(await sizes('[]', 'application/json'), [])
})

test('CloudEvents are read in all three modes', async () => {
  const structured = { 'content-type': 'application/cloudevents+json' }
  const raw = Buffer.from(envelope({ a: 1 }))
  const event = { index: 0, raw, value: { a: 1 }, attributes }
  assert.deepEqual(await groupsOf(raw, structured), [[event]])

  const batch = { 'content-type': 'application/cloudevents-batch+json' }
  const [events] = await groupsOf(`[${envelope({ a: 1 })},${envelope('text')}]`, batch)
  assert.deepEqual(events![0], event)
  assert.equal(events![1]!.violation?.keyword, 'cloudevents')

  const binary = {
    'content-type': 'application/json',
    'ce-specversion': '1.0',
    'ce-id': '7',
    'ce-source': '/s',
    'ce-type': 't',
  }
  assert.deepEqual(await groupsOf('{"a":1}', binary), [[{ ...event, raw: Buffer.from('{"a":1}') }]])
  assert.deepEqual(await eventsOf('{"a":1}', { ...binary, 'ce-time': 'noon' }), [['{"a":1}', 'cloudevents']])
  await assert.rejects(groupsOf('[{}]', binary), { status: 400 })
})

test('an event may be as deep in an envelope as without one', async () => {
  const text = '{"a":{"b":{}}}'
  const inEnvelope = await eventsOf(envelope(JSON.parse(text)), 'application/cloudevents+json', { depth: 3 })
  assert.deepEqual(inEnvelope[0]![1], JSON.parse(text))
  assert.deepEqual(await eventsOf(text, 'application/json', { depth: 2 }), [[text, 'depth']])
})

test('a hundred megabytes, 100,001 events and a truncated or empty body are refused', async () => {
  const json = { 'content-type': 'application/json' }
  await assert.rejects(groupsOf(Buffer.alloc(100_000_000, ' '), json), { status: 413, slug: 'body-too-large' })
  await assert.rejects(groupsOf(`[${'{},'.repeat(100_000)}{}]`, json), { status: 413, slug: 'too-many-events' })
  await assert.rejects(groupsOf('[{"a":1}', json), { status: 400, slug: 'body-not-json' })
  await assert.rejects(groupsOf('', json), { status: 400, slug: 'body-empty' })
  for (const blank of ['', '\n', ' \r\n\n\t'])
    await assert.rejects(groupsOf(blank, { 'content-type': 'application/x-ndjson' }), {
      status: 400,
      slug: 'body-empty',
    })
  await assert.rejects(groupsOf('{}', { 'content-type': 'text/csv' }), { status: 415 })
})

/** Answers each request with the number of its events, or with the refusal's status, keeping the connection in order. */
async function listen(limits: Partial<BodyLimits>) {
  const failures: unknown[] = []
  const server = createServer(async (incoming, response) => {
    let events = 0
    try {
      const body = { stream: incoming, headers: incoming.headers, limits: bodyLimits(limits) }
      for await (const group of readEvents(body)) events += group.length
      response.end(String(events))
    } catch (error) {
      failures.push(error)
      server.emit('failure')
      if (!(error instanceof RequestRefused)) return
      response.writeHead(error.status, { connection: 'close' }).end(`${events} ${error.slug}`)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, failures, port: (server.address() as AddressInfo).port }
}

test('over real HTTP: a stalled body gets 408, one too large 413, and a client that leaves is noticed', async t => {
  const { server, failures, port } = await listen({ stallMs: 50, bodyBytes: 100_000 })
  t.after(() => server.close())
  const send = async (type: string, write: (to: ReturnType<typeof request>) => void) => {
    const client = request({ port, method: 'POST', headers: { 'content-type': type } })
    client.on('error', () => {})
    write(client)
    const [response] = await once(client, 'response')
    const text = String(Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)))
    client.destroy()
    return `${response.statusCode} ${text}`
  }
  for (const type of ['application/json', 'application/x-ndjson']) {
    assert.equal(await send(type, to => to.end('{}\n')), '200 1')
    assert.match(await send(type, to => to.write('{}\n{')), /^408 . body-stalled$/)
    assert.match(await send(type, to => to.write(Buffer.alloc(200_000, '\n'))), /^413 0 body-too-large$/)
    const leaving = connect(port, '127.0.0.1')
    leaving.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: 90\r\n\r\n{}`)
    await once(server, 'request')
    leaving.destroy()
    await once(server, 'failure')
    assert.ok(failures.at(-1) instanceof RequestAborted)
  }
})

const dir = sampleDataDir()
const skip = dir === undefined && 'ECLUSE_TEST_SAMPLES does not name the folder with the conformance files'

test('the conformance scenarios of the CloudEvents HTTP binding are read as they say', { skip }, async () => {
  const feature = readFileSync(join(dir!, 'cloudevents/http-binding.feature'), 'utf8')
  const scenarios = feature.split('Scenario Outline:').slice(1)
  assert.equal(scenarios.length, 2)
  for (const scenario of scenarios) {
    const blocks = scenario.split('"""').map(block => block.replace(/^\n|\s+$/g, ''))
    const expected = Object.fromEntries(
      [...scenario.matchAll(/^\s*\|\s*(id|type|source|time) \|\s*(\S+)\s*\|/gm)].map(match => match.slice(1)),
    )
    const types = [...scenario.split('Examples:')[1]!.matchAll(/\| *(application\S*(?: \S+)?) *\|/g)]
    assert.equal(types.length, 2)
    for (const type of types) {
      const [head, ...body] = blocks[1]!.replace('<contentType>', type[1]!).split(/\n\s*\n/)
      const lines = head!.trim().split('\n').slice(1)
      const headers = Object.fromEntries(lines.map(line => line.trim().split(/: (.*)/, 2) as [string, string]))
      const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
      const [[event] = []] = await groupsOf(body.join('\n'), lower)
      assert.deepEqual(event!.attributes, expected)
      assert.deepEqual(event!.value, JSON.parse(blocks[3]!))
    }
  }
})
