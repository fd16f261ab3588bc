import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BSON } from 'mongodb'
import type { JsonObject } from '../json.ts'
import { fromMongo, type MongoForm, toMongo } from './mongo-form.ts'

const documentOf = (body: JsonObject, expiresAtMs: number | null = null) => ({ id: 'a', version: 1, expiresAtMs, body })

/** As the driver sends and reads it. */
function throughBson(form: MongoForm): MongoForm {
  return BSON.deserialize(BSON.serialize(form, { ignoreUndefined: true })) as MongoForm
}

function nested(levels: number): JsonObject {
  return levels === 0 ? {} : { a: [nested(levels - 1)] }
}

/** Names that mean something to BSON, the driver or the server, among others. */
const name = fc.oneof(
  fc.constantFrom(
    '__proto__',
    '$where',
    '$ref',
    '$id',
    '$db',
    'a.b',
    '',
    '\0',
    'a\0b',
    '_bsontype',
    'toBSON',
    '1',
    '%',
  ),
  fc.string({ unit: 'binary' }),
)
const hostileValue: fc.Memo<unknown> = fc.memo<unknown>(
  (depth): fc.Arbitrary<unknown> =>
    depth <= 1
      ? fc.oneof<fc.Arbitrary<unknown>[]>(
          fc.string({ unit: 'binary' }),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.constant(null),
        )
      : fc.oneof<fc.Arbitrary<unknown>[]>(
          fc.dictionary(name, hostileValue(depth - 1)),
          fc.array(hostileValue(depth - 1)),
          fc.boolean(),
        ),
)

test('any JSON body comes back from BSON as it was, its members in their order', () => {
  fc.assert(
    fc.property(fc.dictionary(name, hostileValue(4)), generated => {
      const body = JSON.parse(JSON.stringify(generated)) as JsonObject
      const back = fromMongo(throughBson(toMongo(documentOf(body)))).body
      assert.deepEqual(back, body)
      assert.equal(JSON.stringify(back), JSON.stringify(body))
    }),
  )
})

test('an ordinary body rests as it is, with dots and all, so that others can query it', () => {
  const body = { 'http.route': '/a', '': 1, list: [{ n: 2 ** 53 - 1 }, -0.5, 1e300], text: 'zero \0 inside' }
  assert.deepEqual(toMongo(documentOf(body)), { _id: 'a', version: 1, body })
})

test('a body that BSON would change rests as text, beside what may be filtered', () => {
  const hostile: JsonObject[] = [
    { $where: '1' },
    { list: [{ 'a\0b': 1 }] },
    { o: { _bsontype: 'Long' } },
    { o: JSON.parse('{"__proto__":[{}]}') },
    { text: '\ud800' },
    nested(60),
  ]
  for (const each of hostile) {
    const body = { dataset: 'x', n: 7, none: null, ...each }
    const form = throughBson(toMongo(documentOf(body)))
    assert.deepEqual(form.body, { dataset: 'x', n: 7, none: null })
    assert.equal(form.json, JSON.stringify(body))
    assert.deepEqual(fromMongo(form).body, body)
  }
})

test('an end is a date, for the TTL index; no end is no member', () => {
  assert.deepEqual(toMongo(documentOf({}, 5)).expiresAt, new Date(5))
  assert.equal(fromMongo(throughBson(toMongo(documentOf({}, 5)))).expiresAtMs, 5)
  assert.equal('expiresAt' in toMongo(documentOf({})), false)
  assert.throws(() => toMongo(documentOf({}, 9e15)), TypeError)
})
