import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { bodyLimits } from '../../test/body-limits.ts'
import type { Body, Headers } from './body.ts'
import type { BodyLimits } from './limits.ts'
import { readBody, readChunks } from './read-body.ts'
import { RequestAborted, RequestRefused } from './request-refused.ts'

const text = Buffer.from('{"name":"Zoé"}'.repeat(1000))
const codings: Record<string, (bytes: Buffer) => Buffer> = {
  identity: bytes => bytes,
  gzip: gzipSync,
  deflate: deflateSync,
  zstd: zstdCompressSync,
}

async function readAll(stream: Readable, headers: Headers = {}, limits?: Partial<BodyLimits>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of readChunks({ stream, headers, limits: bodyLimits(limits) })) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const readWhole = (stream: Readable, headers: Headers = {}, limits?: Partial<BodyLimits>): Promise<Buffer> =>
  readBody({ stream, headers, limits: bodyLimits(limits) })

const inPieces = (bytes: Buffer): Readable =>
  Readable.from([bytes.subarray(0, 7), bytes.subarray(7, 50), bytes.subarray(50)])

for (const [name, read] of Object.entries({ 'whole body': readWhole, 'body in chunks': readAll })) {
  test(`a ${name} is read in each content coding`, async () => {
    for (const [coding, compress] of Object.entries(codings)) {
      const stream = inPieces(compress(text))
      assert.deepEqual(await read(stream, { 'content-encoding': coding.toUpperCase() }), text)
    }
    assert.deepEqual(await read(Readable.from([])), Buffer.alloc(0))
    assert.deepEqual(
      await read(inPieces(Buffer.concat([gzipSync('{}'), gzipSync(text)])), { 'content-encoding': 'gzip' }),
      Buffer.concat([Buffer.from('{}'), text]),
    )
  })

  test(`a ${name} that is cut off or no such data is refused with 400`, async () => {
    for (const [coding, compress] of Object.entries(codings)) {
      if (coding === 'identity') continue
      const good = compress(text)
      const bad = [good.subarray(0, -5), Buffer.alloc(0), text, Buffer.concat([good, Buffer.from('more')])]
      if (coding === 'deflate') bad.push(deflateRawSync(text))
      for (const bytes of bad) {
        const reading = read(Readable.from([bytes]), { 'content-encoding': coding })
        await assert.rejects(reading, { status: 400, slug: 'body-corrupt' })
      }
    }
  })

  test(`a ${name} over the limit is refused with 413, and not read on`, async () => {
    let sent = 0
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1000, `${sent++}`)
      })(),
    )
    await assert.rejects(read(endless, {}, { bodyBytes: 10_000 }), { status: 413, slug: 'body-too-large' })
    const sentAtRefusal = sent
    assert.ok(sent < 40)
    await new Promise(setImmediate)
    assert.ok(sent <= sentAtRefusal + 20)
    assert.equal(endless.destroyed, false)
    const declared = read(new PassThrough(), { 'content-length': '10001' }, { bodyBytes: 10_000 })
    await assert.rejects(declared, { status: 413 })
    assert.equal((await read(Readable.from([Buffer.alloc(10_000)]), {}, { bodyBytes: 10_000 })).length, 10_000)
  })

  test(`a bomb in a ${name} is refused early and in little memory`, async () => {
    const zeros = Buffer.alloc(64 * 1024 * 1024)
    for (const coding of ['gzip', 'zstd']) {
      const part = codings[coding]!(zeros)
      let partsTaken = 0
      const tenGigabytes = Readable.from(
        (function* () {
          for (; partsTaken < 160; partsTaken++) yield part
        })(),
        { highWaterMark: 1 },
      )
      const before = process.memoryUsage().arrayBuffers
      await assert.rejects(read(tenGigabytes, { 'content-encoding': coding }), { status: 413 })
      assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024)
      assert.ok(partsTaken < 80)
    }
  })

  test(`a ${name} that stalls is refused with 408`, async () => {
    for (const coding of ['identity', 'gzip']) {
      const stream = new PassThrough()
      stream.write(codings[coding]!(text).subarray(0, 20))
      await assert.rejects(read(stream, { 'content-encoding': coding }, { stallMs: 20 }), { status: 408 })
      assert.equal(stream.destroyed, false)
      assert.equal(stream.listenerCount('data') + stream.listenerCount('readable'), 0)
    }
  })

  test(`a client that goes away in a ${name} is told from a refusal`, async () => {
    for (const coding of ['identity', 'gzip']) {
      const stream = new PassThrough()
      stream.write(codings[coding]!(text).subarray(0, 20))
      const reading = read(stream, { 'content-encoding': coding })
      setImmediate(() => stream.destroy(new Error('aborted')))
      await assert.rejects(reading, RequestAborted)
      await assert.rejects(read(stream, { 'content-encoding': coding }), RequestAborted)
    }
  })

  test(`several or unknown codings of a ${name} are refused with 415 and those understood`, async () => {
    for (const coding of ['br', 'gzip, gzip', 'constructor']) {
      const reading = read(Readable.from([text]), { 'content-encoding': coding })
      await assert.rejects(reading, { status: 415, detail: /identity, gzip, zstd and deflate/ })
    }
  })
}

test('a slow reader is not taken for a client that stalls', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = new PassThrough()
  const chunks = readChunks({ stream, headers: {}, limits: bodyLimits({ stallMs: 10 }) })
  stream.write('a')
  assert.equal(String((await chunks.next()).value), 'a')
  t.mock.timers.tick(1_000)
  stream.end('b')
  assert.equal(String((await chunks.next()).value), 'b')
  assert.equal((await chunks.next()).done, true)
})

test('only time spent waiting for the client counts against the time a body may take', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = 0
  t.mock.method(performance, 'now', () => nowMs)
  const stream = new PassThrough()
  const chunks = readChunks({ stream, headers: {}, limits: bodyLimits({ requestMs: 100, stallMs: 1_000 }) })
  /** Asks for a chunk that comes after this much waiting. */
  const readAfter = async (ms: number) => {
    const reading = chunks.next()
    await new Promise(setImmediate)
    nowMs += ms
    t.mock.timers.tick(ms)
    stream.write('a')
    return String((await reading).value)
  }
  assert.equal(await readAfter(60), 'a')
  nowMs += 10_000
  assert.equal(await readAfter(30), 'a')
  nowMs += 10_000
  await assert.rejects(readAfter(10), { status: 408, slug: 'body-too-slow' })
})

test('once the gateway stops, a body that has arrived is read, and one that has not is soon given up', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  for (const read of [readBody, (body: Body) => Array.fromAsync(readChunks(body)).then(Buffer.concat)]) {
    for (const stopsBefore of [true, false]) {
      const stop = new AbortController()
      if (stopsBefore) stop.abort()
      const streams = [Readable.from([text]), new PassThrough()]
      const [whole, open] = streams.map(stream =>
        read({ stream, headers: {}, limits: bodyLimits(), stopping: stop.signal }),
      )
      const givenUp = assert.rejects(open!, { status: 503, slug: 'stopping' })
      stop.abort()
      assert.deepEqual(await whole, text)
      t.mock.timers.tick(1_000)
      await givenUp
    }
  }
})

test('the bytes that stay in memory are told as they come or decompress, and may be refused', async () => {
  const full = new RequestRefused({ status: 503, slug: 'overloaded', detail: 'full', fix: 'wait' })
  for (const [coding, compress] of Object.entries(codings)) {
    const bodyOf = (reserve: (bytes: number) => void): Body => {
      const headers = { 'content-encoding': coding }
      return { stream: inPieces(compress(text)), headers, limits: bodyLimits(), reserve }
    }
    let told = 0
    const count = (bytes: number) => {
      told += bytes
    }
    await readBody(bodyOf(count))
    assert.equal(told, text.length)
    told = 0
    await Array.fromAsync(readChunks(bodyOf(count), 100))
    assert.equal(told, 100)
    const refuse = () => {
      throw full
    }
    await assert.rejects(readBody(bodyOf(refuse)), full)
    await assert.rejects(Array.fromAsync(readChunks(bodyOf(refuse))), full)
  }
})

test('a zstd frame that claims a window of more than 8 MB is refused', async () => {
  const wide = zstdCompressSync(Buffer.alloc(50_000_000), { params: { [constants.ZSTD_c_windowLog]: 25 } })
  await assert.rejects(readWhole(Readable.from([wide]), { 'content-encoding': 'zstd' }), { status: 400 })
})
