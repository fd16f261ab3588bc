import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { depthOf } from '../../governance/ingestion/depth-of.ts'
import { bodyLimits } from '../../test/body-limits.ts'
import type { BodyLimits } from './limits.ts'
import { RequestRefused } from './request-refused.ts'
import { type BodyShape, splitEvents } from './split-events.ts'

function textsOf(body: string, limits?: Partial<BodyLimits>, shape?: BodyShape): string[] {
  const bytes = Buffer.from(body)
  return splitEvents(bytes, bodyLimits(limits), shape).map(({ start, end }) => bytes.toString('utf8', start, end))
}

function refusalOf(run: () => unknown): RequestRefused {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof RequestRefused)
    return error
  }
  assert.fail('nothing was refused')
}

const levelsOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(levelsOf)) : 0

test('an object is one event, an array is its elements, whatever space is around them', () => {
  assert.deepEqual(textsOf(' {"a": 1}\n'), ['{"a": 1}'])
  assert.deepEqual(textsOf('[ {"a":[1,2]} ,\t{"b":"],}"}\r\n, {} ]'), ['{"a":[1,2]}', '{"b":"],}"}', '{}'])
  assert.deepEqual(textsOf('[ ]'), [])
  assert.deepEqual(textsOf('["\\"", "\\\\", 1 , null]'), ['"\\""', '"\\\\"', '1', 'null'])
})

test('any array is split into the very elements JSON.parse finds, with their depths', () => {
  const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 })
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.array(space, { minLength: 1 }), fc.nat(3), (values, spaces, indent) => {
      const texts = values.map(value => JSON.stringify(value, null, indent))
      const body = `[${texts.map((text, at) => spaces[at % spaces.length] + text + spaces[0]).join(',')}]`
      assert.deepEqual(textsOf(body), texts)
      const spans = splitEvents(Buffer.from(body), bodyLimits())
      assert.deepEqual(
        spans.map(span => span.depth),
        values.map(levelsOf),
      )
      assert.equal(depthOf(Buffer.from(body)), levelsOf(values))
    }),
  )
})

test('a body whose frame is broken is refused as a whole, with the byte and what was expected there', () => {
  const cases: [string, string][] = [
    ['[{"a":1}, {"b"', '"}" at byte 14'],
    ['[{"a":1}, {"b":2}', '"," or "]" at byte 17'],
    ['[{"a":1', '"}" at byte 7'],
    ['[{"a":"1}]', '"}" at byte 10'],
    ['[', '"," or "]" at byte 1'],
    ['[{"a":[1}]', '"]" at byte 8'],
    ['[{"a":1]', '"}" at byte 7'],
    ['[{"a":1}}', '"," or "]" at byte 8'],
    ['[1}', '"," or "]" at byte 2'],
    ['[{"a":1},]', 'an event at byte 9'],
    ['[,{"a":1}]', 'an event at byte 1'],
    ['[{"a":1} {"b":2}]', '"," or "]" at byte 9'],
    ['[{}] x', 'the end of the body at byte 5'],
    ['{"a":1}\n{"a":2}', 'the end of the body at byte 8'],
    ['"text"', '"{" or "[" at byte 0'],
    ['hello', '"{" or "[" at byte 0'],
    ['\ufeff{}', 'JSON at byte 0'],
  ]
  for (const [body, expected] of cases) {
    const refusal = refusalOf(() => textsOf(body))
    assert.equal(refusal.status, 400)
    assert.equal(refusal.detail, `The body is not JSON: expected ${expected}.`, body)
  }
  assert.match(refusalOf(() => textsOf('\ufeff{}')).fix, /byte order mark/)
  assert.match(refusalOf(() => textsOf('{}\n{}')).fix, /x-ndjson/)
  for (const body of ['', ' \n']) assert.equal(refusalOf(() => textsOf(body)).slug, 'body-empty')
})

test('what is wrong inside one event is left to that event', () => {
  assert.deepEqual(textsOf('[{"a":tru}, {b:1}, {"c" 1 2}, tru e, 1 "x"]').length, 5)
})

test('one event is not taken for a batch, nor a batch for one event', () => {
  assert.equal(refusalOf(() => textsOf('[{}]', {}, 'object')).status, 400)
  assert.equal(refusalOf(() => textsOf('{}', {}, 'array')).status, 400)
})

test('too many events, or one too large, are refused with 413 as soon as they are seen', () => {
  const many = refusalOf(() => textsOf(`[${'{},'.repeat(100_001)}`))
  assert.deepEqual([many.status, many.slug], [413, 'too-many-events'])
  const large = refusalOf(() => textsOf('[{},{"a":123456}]', { lineBytes: 10 }))
  assert.deepEqual([large.status, large.slug], [413, 'event-too-large'])
  assert.deepEqual(textsOf('[{},{}]', { events: 2 }), ['{}', '{}'])
})

test('hundreds of thousands of nested arrays do not overflow the stack', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  assert.equal(splitEvents(Buffer.from(`[{},${deep}]`), bodyLimits())[1]!.depth, 200_000)
  assert.equal(refusalOf(() => textsOf('['.repeat(900_000))).status, 400)
})
