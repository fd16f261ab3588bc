import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLoosely, readOriginal, wasRejectedForHeaders } from './read-original.ts'

const limits = { depth: 32, stringLength: 1_000 }
const attributes = { id: 'e1', source: '/shop', type: 'sold', time: '2026-01-31T10:30:00Z', dataschema: 'sales/1-0-0' }
const original = (body: string, changes: object = {}) => ({
  contentType: 'application/json',
  id: 'made',
  attributes: undefined,
  body: Buffer.from(body),
  ...changes,
})

test('an original is read as its request was: JSON, NDJSON, and CloudEvents in all modes', () => {
  for (const contentType of ['application/json; charset=utf-8', 'application/x-ndjson']) {
    const { incoming, request } = readOriginal(original('{"a":1}', { contentType }), limits, undefined)
    assert.deepEqual([incoming.value, incoming.attributes], [{ a: 1 }, undefined])
    assert.deepEqual([request.schemaVersion, request.makeId(7)], [undefined, 'made'])
  }
  const binary = readOriginal(original('{"a":1}', { attributes }), limits, undefined).incoming
  assert.deepEqual([binary.value, binary.attributes], [{ a: 1 }, attributes])
  const envelope = JSON.stringify({ specversion: '1.0', ...attributes, data: { a: 1 } })
  for (const contentType of ['application/cloudevents+json', 'Application/CloudEvents-Batch+JSON; charset=utf-8']) {
    const { incoming } = readOriginal(original(envelope, { contentType, attributes }), limits, undefined)
    assert.deepEqual([incoming.value, incoming.attributes], [{ a: 1 }, attributes])
  }
})

test('what cannot be read stays a violation, as strictly as at the gateway', () => {
  for (const [body, keyword] of [
    ['{"a":1,"a":2}', 'duplicate'],
    ['{', 'json'],
  ] as const) {
    const { incoming } = readOriginal(original(body), limits, undefined)
    assert.deepEqual([incoming.value, incoming.violation?.keyword], [undefined, keyword])
  }
})

test('a named schema version counts: the request’s, the event’s, and, over both, the one asked for', () => {
  const named = original('{"a":1}', { schemaVersion: '1-0-0', attributes })
  const asItCame = readOriginal(named, limits, undefined)
  assert.equal(asItCame.request.schemaVersion, '1-0-0')
  assert.equal(asItCame.incoming.attributes?.dataschema, 'sales/1-0-0')
  const forced = readOriginal(named, limits, '2-0-0')
  assert.equal(forced.request.schemaVersion, '2-0-0')
  assert.equal(forced.incoming.attributes?.dataschema, undefined)
  assert.equal(forced.incoming.attributes?.id, 'e1')
})

test('ce- headers that could not be read are not in an original; an envelope that could not be is', () => {
  const errors = [{ keyword: 'cloudevents' }]
  assert.equal(wasRejectedForHeaders(original('{}'), errors), true)
  assert.equal(wasRejectedForHeaders(original('{}', { contentType: 'application/cloudevents+json' }), errors), false)
  assert.equal(wasRejectedForHeaders(original('{}'), [{ keyword: 'type' }]), false)
})

test('loosely, whatever is a JSON object is read, in an envelope too', () => {
  assert.deepEqual(readLoosely(original('{"a":1,"a":2}')), { a: 2 })
  assert.deepEqual(readLoosely(original('{"a":9007199254740993}')), { a: 9007199254740992 })
  const contentType = 'Application/CloudEvents+JSON'
  assert.deepEqual(readLoosely(original('{"data":{"a":1}}', { contentType })), { a: 1 })
  for (const body of ['{', '[{"a":1}]', '1', 'null']) assert.equal(readLoosely(original(body)), undefined)
  assert.equal(readLoosely(original('{"a":1}', { contentType })), undefined)
})
