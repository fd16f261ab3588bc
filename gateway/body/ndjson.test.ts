import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bodyLimits } from '../../test/body-limits.ts'
import type { BodyLimits } from './limits.ts'
import { splitLines } from './ndjson.ts'
import { RequestRefused } from './request-refused.ts'

async function* inChunks(chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

/** The groups of lines, and the slug of the refusal that ended them. */
async function linesOf(chunks: string[], limits?: Partial<BodyLimits>): Promise<{ groups: string[][]; slug?: string }> {
  const groups: string[][] = []
  try {
    for await (const lines of splitLines(inChunks(chunks.map(chunk => Buffer.from(chunk))), bodyLimits(limits))) {
      groups.push(lines.map(String))
    }
  } catch (error) {
    assert.ok(error instanceof RequestRefused)
    assert.equal(error.status, 413)
    return { groups, slug: error.slug }
  }
  return { groups }
}

test('lines end with LF or CRLF, the last one need not end, and blank ones are no events', async () => {
  assert.deepEqual(await linesOf(['{"a":1}\r\n\n \t\r\n{"a":2}\n{"a":3}']), {
    groups: [['{"a":1}', '{"a":2}'], ['{"a":3}']],
  })
  assert.deepEqual(await linesOf(['{}\r', '\n{}\r']), { groups: [['{}'], ['{}']] })
  assert.deepEqual(await linesOf(['\n\n']), { groups: [] })
})

test('lines come in groups of at most chunkEvents, and before more bytes are needed', async () => {
  const { groups } = await linesOf(['1\n2\n3\n4', '5\n6\n'], { chunkEvents: 2 })
  assert.deepEqual(groups, [['1', '2'], ['3'], ['45', '6']])
})

test('a body gives the same lines however the network cuts it', async () => {
  const line = fc.string({ minLength: 1, unit: 'binary' }).filter(text => !/[\r\n]/.test(text) && text.trim() !== '')
  const end = fc.constantFrom('\n', '\r\n', '\n\n')
  const property = fc.asyncProperty(fc.array(fc.tuple(line, end)), fc.array(fc.nat(9)), async (lines, cuts) => {
    const body = Buffer.from(lines.flat().join(''))
    const chunks: Buffer[] = []
    let at = 0
    for (const cut of cuts) {
      chunks.push(body.subarray(at, at + cut))
      at += cut
    }
    chunks.push(body.subarray(at))
    const found: string[] = []
    for await (const group of splitLines(inChunks(chunks), bodyLimits())) found.push(...group.map(String))
    assert.deepEqual(
      found,
      lines.map(([text]) => text),
    )
  })
  await fc.assert(property)
})

test('a line that is too long is refused after the lines before it were given', async () => {
  const expected = { groups: [['12345']], slug: 'event-too-large' }
  assert.deepEqual(await linesOf(['12345\r\n123456\n'], { lineBytes: 5 }), expected)
  assert.deepEqual(await linesOf(['12345\n1234', '567', '8'], { lineBytes: 5 }), expected)
  assert.deepEqual(await linesOf(['12345\n123456'], { lineBytes: 5 }), expected)
})

test('a line without end is refused while it comes, and what was read of it stays bounded', async () => {
  let sent = 0
  async function* endless() {
    for (;;) {
      sent++
      yield Buffer.alloc(1000, 'x')
    }
  }
  await assert.rejects(splitLines(endless(), bodyLimits({ lineBytes: 10_000 })).next(), { slug: 'event-too-large' })
  assert.equal(sent, 11)
})

test('an event over the limit is refused after the others were given', async () => {
  assert.deepEqual(await linesOf(['1\n2\n3\n\n'], { events: 2 }), { groups: [['1', '2']], slug: 'too-many-events' })
  assert.deepEqual(await linesOf(['1\n2\n\n'], { events: 2 }), { groups: [['1', '2']] })
})
