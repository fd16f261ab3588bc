import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { ColumnKind } from '../../storage/lake-manifest.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import { envelopeColumns, eventOf, toRow, withEvent } from './lake-table.ts'
import { openParquet, writeParquet } from './parquet.ts'

const stored = (event: JsonObject, changes: Partial<StoredEvent> = {}): StoredEvent => ({
  id: 'e1',
  dataset: 'orders',
  time: '2026-11-21T10:00:00.123456Z',
  timeAmbiguous: false,
  receivedAt: '2026-11-21T10:00:01.000Z',
  subject: 'p1.a',
  others: [],
  schema: '1-0-0',
  policy: '0123456789abcdef',
  position: { incarnation: 'i', partition: 2, offset: 7 },
  content: 'c',
  changes: 0,
  held: 0,
  rectifies: null,
  rectifiedAt: null,
  rectifiedBy: null,
  reprotectedAt: null,
  event,
  ...changes,
})

test('an event is a row: its envelope, and a column for each value, named by its pointer', () => {
  const kinds: Record<string, ColumnKind> = {}
  const row = toRow(
    stored({ amount: 1.5, at: { town: 'Lille', 'a/b': true }, tags: ['x', 1], none: null }, { others: ['p1.b'] }),
    kinds,
  )
  assert.deepEqual(kinds, { '/amount': 'number', '/at/town': 'text', '/at/a~1b': 'boolean', '/tags': 'json' })
  assert.deepEqual(row, {
    dataset: 'orders',
    id: 'e1',
    time: Date.parse('2026-11-21T10:00:00.123Z'),
    received_at: Date.parse('2026-11-21T10:00:01Z'),
    subject: 'p1.a',
    others: '["p1.b"]',
    schema: '1-0-0',
    policy: '0123456789abcdef',
    rectifies: null,
    rectified_at: null,
    incarnation: 'i',
    partition: 2,
    offset: 7,
    '/amount': 1.5,
    '/at/town': 'Lille',
    '/at/a~1b': true,
    '/tags': '["x",1]',
  })
})

test('a value of another kind than its column goes beside it, as JSON', () => {
  const kinds: Record<string, ColumnKind> = {}
  toRow(stored({ code: 3 }), kinds)
  const row = toRow(stored({ code: 'three' }), kinds)
  assert.deepEqual([row['/code'], row['/code~json']], [undefined, '"three"'])
  assert.deepEqual(eventOf(row, kinds), { code: 'three' })
  assert.equal(toRow(stored({ code: 4 }), kinds)['/code'], 4)
})

/** As a row keeps it: without nulls and empty objects. */
function kept(value: JsonValue): JsonValue | undefined {
  if (value === null) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) return value
  const members = Object.entries(value).flatMap(([name, member]) => {
    const inner = kept(member)
    return inner === undefined ? [] : [[name, inner] as const]
  })
  return members.length === 0 ? undefined : Object.fromEntries(members)
}

const events = fc.letrec<{ value: JsonValue; object: JsonObject }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(n => (Object.is(n, -0) ? 0 : n)),
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(
    fc.constantFrom('a', 'b', 'c/d', 'e~f', '~json', 'x.y', ''),
    tie('value'),
  ) as fc.Arbitrary<JsonObject>,
})).object

test('whatever events hold comes back from a Parquet file, row by row', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(events, { minLength: 1, maxLength: 8 }), async list => {
      const kinds: Record<string, ColumnKind> = {}
      const rows = list.map(event => toRow(stored(event), kinds))
      const file = writeParquet(new Map(Object.entries({ ...envelopeColumns, ...kinds })))
      await file.add(rows)
      const read = []
      for await (const group of (await openParquet(await file.finish())).groups()) read.push(...group)
      assert.deepEqual(
        read.map(row => eventOf(row, kinds)),
        list.map(event => kept(event) ?? {}),
      )
      assert.deepEqual([read[0]!.id, read[0]!.offset, read[0]!.time], ['e1', 7, rows[0]!.time])
    }),
  )
})

test('a row takes another event, and keeps its envelope', () => {
  const kinds: Record<string, ColumnKind> = {}
  const row = withEvent(toRow(stored({ a: 1, b: 'x' }), kinds), { b: 'y' }, kinds)
  assert.deepEqual([row.id, row['/a'], row['/b']], ['e1', undefined, 'y'])
})
