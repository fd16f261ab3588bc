import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideKind } from './content-type.ts'
import { RequestRefused } from './request-refused.ts'

function fixFor(headers: Record<string, string>): string {
  try {
    decideKind(headers)
  } catch (error) {
    assert.ok(error instanceof RequestRefused)
    assert.equal(error.status, 415)
    return error.fix
  }
  assert.fail('nothing was refused')
}

test('each content type says how the events stand in the body', () => {
  assert.equal(decideKind({ 'content-type': 'application/json' }), 'json')
  assert.equal(decideKind({ 'content-type': 'Application/JSON ; Charset="UTF-8"' }), 'json')
  for (const type of ['application/x-ndjson', 'application/ndjson', 'application/jsonl']) {
    assert.equal(decideKind({ 'content-type': type }), 'ndjson')
  }
  assert.equal(decideKind({ 'content-type': 'application/cloudevents+json; charset=utf-8' }), 'cloudevent')
  assert.equal(decideKind({ 'content-type': 'application/cloudevents-batch+json' }), 'cloudevent-batch')
})

test('ce- headers make a JSON body a binary CloudEvent; an envelope stays what it is', () => {
  assert.equal(decideKind({ 'content-type': 'application/json', 'ce-specversion': '1.0' }), 'cloudevent-binary')
  assert.equal(decideKind({ 'content-type': 'application/cloudevents+json', 'ce-specversion': '1.0' }), 'cloudevent')
  assert.match(fixFor({ 'content-type': 'application/x-ndjson', 'ce-specversion': '1.0' }), /one JSON event/)
})

test('another content type is refused with the nearest one that is taken', () => {
  const cases: [string, RegExp][] = [
    ['text/json', /application\/json/],
    ['text/plain', /application\/json/],
    ['application/vnd.acme+json', /application\/json/],
    ['constructor', /application\/json/],
    ['application/json-lines', /application\/x-ndjson/],
    ['application/cloudevents', /application\/cloudevents\+json/],
    ['application/cloudevents-batch+avro', /application\/cloudevents-batch\+json/],
    ['application/x-www-form-urlencoded', /-H 'content-type: application\/json'/],
    ['multipart/form-data; boundary=x', /-H 'content-type: application\/json'/],
  ]
  for (const [type, fix] of cases) assert.match(fixFor({ 'content-type': type }), fix)
  assert.match(fixFor({}), /application\/json/)
})

test('a charset other than UTF-8 is refused', () => {
  assert.match(fixFor({ 'content-type': 'application/json; charset=iso-8859-1' }), /UTF-8/)
})
