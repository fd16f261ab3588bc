import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Problem } from '../gateway/problem.ts'
import { transaction } from './fixtures.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const MiB = 1_048_576

let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({ environment: { ECLUSE_STALL_MS: '5000' } })
})
after(async () => {
  assert.equal((await fetch(`${ecluse.url}/livez`)).status, 200)
  await ecluse.end()
})

/** Sends raw bytes, perhaps never ending; resolves with status and problem. */
function send(
  write: (body: import('node:http').ClientRequest) => void,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Problem & { results?: { problem?: Problem; outcome?: string }[] } }> {
  return new Promise((resolve, reject) => {
    const call = request(
      `${ecluse.url}/v1/datasets/transactions/events`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${ecluse.keys.producer}`, 'content-type': 'application/json', ...headers },
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => {
          call.destroy()
          resolve({ status: response.statusCode!, body: JSON.parse(Buffer.concat(chunks).toString()) })
        })
      },
    )
    call.on('error', () => {
      // The gateway may close while we still write: what counts is whether it answered before.
    })
    call.on('close', () => reject(new Error('the connection closed without an answer')))
    write(call)
  })
}

const text = (body: string | Buffer) => (call: import('node:http').ClientRequest) => void call.end(body)
const good = () => JSON.stringify(transaction())

/** One event is rejected for this keyword, and the good one beside it accepted. */
async function rejectedAlone(bad: string | Buffer, keyword: string): Promise<void> {
  const body = Buffer.concat([Buffer.from('['), Buffer.from(bad), Buffer.from(`,${good()}]`)])
  const { status, body: answer } = await send(text(body))
  assert.equal(status, 202, JSON.stringify(answer))
  assert.deepEqual(
    answer.results!.map(({ outcome }) => outcome),
    ['rejected', 'accepted'],
  )
  const [error] = answer.results![0]!.problem!.errors!
  assert.equal(error!.keyword, keyword)
  assert.ok(error!.fix.length > 5)
}

async function refused(status: number, slug: string, write: Parameters<typeof send>[0], headers = {}): Promise<void> {
  const { status: got, body } = await send(write, headers)
  assert.deepEqual([got, body.type], [status, `urn:ecluse:problem:${slug}`])
  assert.ok(body.fix.length > 5)
}

describe('one bad event is rejected alone', () => {
  test('duplicate keys', () => rejectedAlone(good().replace('"montant"', '"montant":1,"montant"'), 'duplicate'))
  test('duplicate keys in disguise', () =>
    rejectedAlone(good().replace('"montant"', '"montant":1,"mont\\u0061nt"'), 'duplicate'))
  test('invalid UTF-8', () =>
    rejectedAlone(Buffer.concat([Buffer.from('{"lieu":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]), 'utf8'))
  test('lone surrogates', () => rejectedAlone('{"lieu":"\\ud800"}', 'string'))
  test('200,000 levels of arrays', () =>
    rejectedAlone(`{"lieu":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 'depth'))
  test('digits that would be lost', () => rejectedAlone('{"montant":12345678901234567890}', 'number'))
  test('a number too large to be one', () => rejectedAlone('{"montant":1e400}', 'number'))
  test('a member named __proto__', () => rejectedAlone('{"__proto__":{"admin":true}}', 'name'))
  test('a member named constructor', () => rejectedAlone('{"lieu":{"constructor":1}}', 'name'))
  test('an event that is no object', () => rejectedAlone('42', 'type'))
})

describe('a body that cannot be taken is refused', () => {
  test('100 MB', () => refused(413, 'body-too-large', call => void call.end(Buffer.alloc(100 * MiB, 32))))
  test('100 MB without a declared length', () =>
    refused(413, 'body-too-large', call => {
      for (let i = 0; i < 100; i++) call.write(Buffer.alloc(MiB, 32))
    }))
  test('a gzip bomb', () =>
    refused(413, 'body-too-large', text(gzipSync(Buffer.alloc(200 * MiB, 32))), { 'content-encoding': 'gzip' }))
  test('a body that stalls', () => refused(408, 'body-stalled', call => void call.write('[{')))
  test('an NDJSON line without end', () =>
    refused(
      413,
      'event-too-large',
      call => {
        for (let i = 0; i < 3; i++) call.write(Buffer.alloc(MiB, 'x'))
      },
      { 'content-type': 'application/x-ndjson' },
    ))
  test('100,001 events', () => refused(413, 'too-many-events', text(`[${'{},'.repeat(100_000)}{}]`)))
  test('a truncated array', () => refused(400, 'body-not-json', text(`[${good()},`)))
  test('an empty body', () => refused(400, 'body-empty', text('')))
  test('an NDJSON body of blank lines', () =>
    refused(400, 'body-empty', text('\n \r\n'), { 'content-type': 'application/x-ndjson' }))
  test('a wrong content type', () =>
    refused(415, 'unsupported-content-type', text('a,b'), { 'content-type': 'text/csv' }))
  test('an unknown encoding', () => refused(415, 'unsupported-encoding', text('x'), { 'content-encoding': 'br9' }))
})

test('what came before an NDJSON line without end keeps its answer', async () => {
  const { status, body } = await send(
    call => {
      call.write(`${good()}\n${good()}\n`)
      for (let i = 0; i < 3; i++) call.write(Buffer.alloc(MiB, 'x'))
    },
    { 'content-type': 'application/x-ndjson' },
  )
  assert.equal(status, 413)
  assert.equal(body.type, 'urn:ecluse:problem:event-too-large')
  assert.deepEqual(
    body.results!.map(({ outcome }) => outcome),
    ['accepted', 'accepted'],
  )
})

describe('what is no proper request is answered with a problem that repeats nothing', () => {
  /** Sends raw bytes over a socket; resolves with all that came back. */
  const raw = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(ecluse.url)
      const socket = connect(Number(port), hostname, () => socket.write(bytes))
      let answer = ''
      socket.on('data', chunk => {
        answer += chunk
      })
      socket.on('close', () => resolve(answer))
      socket.on('error', reject)
    })

  test('an address that cannot be decoded', async () => {
    const answer = await raw('GET /v1/datasets/%ZZsecret HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 400 .*application\/problem\+json/s)
    assert.doesNotMatch(answer, /ZZsecret/)
  })

  test('something that is no HTTP', async () => {
    const answer = await raw('SECRET\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 400 .*urn:ecluse:problem:request-invalid/s)
    assert.doesNotMatch(answer, /SECRET/)
  })

  test('headers without end', async () => {
    const answer = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(20_000)}\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 431 .*urn:ecluse:problem:request-invalid/s)
  })
})
