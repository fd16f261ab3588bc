import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { JsonObject } from '../../storage/json.ts'
import { bodyLimits } from '../../test/body-limits.ts'
import { sampleDataDir } from '../../test/sample-data.ts'
import { readEnvelope } from './cloudevents.ts'

const required = { specversion: '1.0', id: '1', source: '/shop', type: 'sold' }

const read = (envelope: JsonObject) => readEnvelope({ data: {}, ...envelope }, bodyLimits())
const isAccepted = (envelope: JsonObject) => read({ ...required, ...envelope }).violation === undefined

test('an envelope gives its data and the attributes of the specification', () => {
  const optional = { time: '2026-01-31T10:30:00.5+01:00', subject: 'a', dataschema: 'urn:x:1' }
  const envelope = { ...required, ...optional, datacontenttype: 'application/json', extra: true, data: { a: [1] } }
  const { specversion, ...attributes } = { ...required, ...optional }
  assert.deepEqual(read(envelope), { data: { a: [1] }, attributes })
  const nulls = { time: null, subject: null, dataschema: null, datacontenttype: null, extra: null, data_base64: null }
  assert.deepEqual(read({ ...required, ...nulls }), {
    data: {},
    attributes: { id: '1', source: '/shop', type: 'sold' },
  })
})

test('a missing, empty or mistyped attribute is rejected, and the violation names it', () => {
  for (const name of Object.keys(required)) {
    for (const value of [null, '', 1, {}, []] as const) {
      const { violation } = read({ ...required, [name]: value })
      assert.equal(violation?.keyword, 'cloudevents')
      assert.match(violation.detail, new RegExp(`attribute ${name} `))
    }
  }
  for (const name of ['time', 'subject', 'dataschema', 'datacontenttype']) {
    for (const value of ['', 1]) assert.match(read({ ...required, [name]: value }).violation!.detail, new RegExp(name))
  }
  assert.equal(isAccepted({ specversion: '0.3' }), false)
})

test('a time is RFC 3339, with an offset and a day that exists', () => {
  for (const time of ['2026-01-31T10:30:00Z', '2024-02-29t23:59:59.123456789z', '2026-01-31T10:30:00-23:59']) {
    assert.ok(isAccepted({ time }), time)
  }
  for (const time of [
    '2026-01-31',
    '2026-01-31T10:30:00',
    '2026-02-29T10:30:00Z',
    '2026-01-31T24:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-31 10:30:00Z',
    '2026-01-31T10:30:00+0100',
    '2016-12-31T23:59:60Z',
  ]) {
    assert.ok(!isAccepted({ time }), time)
  }
})

test('a source is a URI-reference and a dataschema a URI, or relative as ours', () => {
  for (const source of [
    'https://a.example/b?c=d#e',
    'urn:uuid:6e8b',
    '/a/b',
    '#fragment',
    'a%20b',
    '//host/x',
    '1-555-123-4567',
    'mailto:a@b.example',
  ]) {
    assert.ok(isAccepted({ source }), source)
  }
  for (const source of ['a b', 'a%2', '1a:b', 'a#b#c', 'é', '<a>', 'a\nb']) assert.ok(!isAccepted({ source }), source)
  for (const dataschema of ['https://a.example/schema/1-0-0', 'transactions/1-0-0'])
    assert.ok(isAccepted({ dataschema }), dataschema)
  for (const dataschema of ['', 'a b', '<schema>']) assert.ok(!isAccepted({ dataschema }), dataschema)
})

test('extensions are checked for their naming rule and type, and dropped', () => {
  for (const value of ['text', '', true, 0, -2147483648, 2147483647, null]) assert.ok(isAccepted({ ext1: value }))
  for (const value of [1.5, 2147483648, [], {}]) assert.ok(!isAccepted({ ext1: value }))
  assert.ok(isAccepted({ anextensionwithalongername1234: 'x' }))
  for (const name of ['MyExt', 'my_ext', 'my.ext', 'é', '']) {
    const { violation } = read({ ...required, [name]: 'x' })
    assert.ok(violation, name)
    if (name !== '') assert.ok(!JSON.stringify(violation).includes(name))
  }
})

test('data is a JSON object: in data, or as base64 of JSON that is parsed as strictly', () => {
  const base64 = (text: string) => ({ ...required, data: null, data_base64: Buffer.from(text).toString('base64') })
  assert.deepEqual(read(base64('{"a": 1}')), { data: { a: 1 }, attributes: { id: '1', source: '/shop', type: 'sold' } })
  assert.equal(read(base64('{"a":1,"a":1}')).violation?.keyword, 'duplicate')
  assert.equal(read(base64('[]')).violation?.keyword, 'type')
  assert.match(read({ ...base64('{}'), data: {} }).violation!.detail, /both/)
  for (const text of ['e30', 'e30=\n', 'e3-_', '', 'e31=', 5]) {
    assert.ok(read({ ...required, data: null, data_base64: text }).violation, String(text))
  }
  for (const data of [null, 'text', 1, [], true]) assert.match(read({ ...required, data }).violation!.detail, /object/)
  assert.ok(!isAccepted({ datacontenttype: 'text/plain' }))
  for (const type of ['application/json; charset=utf-8', 'text/json', 'application/vnd.a.b+json']) {
    assert.ok(isAccepted({ datacontenttype: type }), type)
  }
})

const dir = sampleDataDir()
const skip = dir === undefined && 'ECLUSE_TEST_SAMPLES does not name the folder with the conformance files'
const load = (file: string) => JSON.parse(readFileSync(join(dir!, 'cloudevents', file), 'utf8'))

/** Valid by the specification, but without a JSON object as data, which is what an event is here. */
function isWithoutObject(envelope: JsonObject): boolean {
  const type = String(envelope.datacontenttype ?? 'application/json')
  return type === 'text/plain' || (envelope.data_base64 === undefined && typeof envelope.data !== 'object')
}

test('the conformance suite: valid events are read, with an object put in where they carry none', { skip }, () => {
  const events: JsonObject[] = load('valid-events.json').tests.map((one: JsonObject) => one.event)
  const batches: JsonObject[] = load('valid-batches.json').tests.flatMap((one: JsonObject) => one.batch)
  const all = [...events, ...batches, load('google-storage-structured.json')]
  assert.ok(all.length > 15)
  for (const event of all) {
    const { data_base64, datacontenttype, ...context } = event
    const carried = isWithoutObject(event) ? { ...context, data: {} } : event
    assert.equal(readEnvelope(carried, bodyLimits()).violation, undefined, JSON.stringify(event))
    if (isWithoutObject(event)) assert.ok(readEnvelope(event, bodyLimits()).violation)
  }
})

test('the conformance suite: invalid events are rejected, also with an object as data', { skip }, () => {
  for (const { id, event } of load('invalid-events.json').tests) {
    assert.ok(readEnvelope({ data: {}, ...event }, bodyLimits()).violation, id)
  }
})

test("the Java SDK's events are read or rejected as the specification says", { skip }, () => {
  const invalid = ['fail_numeric_decimal.json', 'json_data_with_ext_invalid.json']
  const files = readdirSync(join(dir!, 'cloudevents/sdk-java-v1'))
  assert.ok(files.length >= 8)
  for (const file of files) {
    const event = load(`sdk-java-v1/${file}`)
    const expected = invalid.includes(file) || isWithoutObject(event)
    assert.equal(readEnvelope(event, bodyLimits()).violation !== undefined, expected, file)
    if (invalid.includes(file)) assert.ok(readEnvelope({ data: {}, ...event }, bodyLimits()).violation, file)
  }
})
