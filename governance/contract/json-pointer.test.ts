import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareSpecificity, formatPointer, matchesPattern, parsePointer } from './json-pointer.ts'

const tokens = (pointer: string) => parsePointer(pointer)!

test('a pointer leads there and back, whatever the names', () => {
  fc.assert(fc.property(fc.array(fc.string()), names => assert.deepEqual(parsePointer(formatPointer(names)), names)))
})

test('what is no pointer is none', () => {
  for (const text of ['a', '/~2', '/a~', 'a/b']) assert.equal(parsePointer(text), undefined)
})

test('* is one token, ** one or more', () => {
  const matches = (pattern: string, pointer: string) => matchesPattern(tokens(pattern), tokens(pointer))
  assert.ok(matches('/a/*', '/a/b'))
  assert.ok(!matches('/a/*', '/a'))
  assert.ok(!matches('/a/*', '/a/b/c'))
  assert.ok(matches('/a/**', '/a/b/c'))
  assert.ok(!matches('/a/**', '/a'))
  assert.ok(matches('/**/c', '/a/b/c'))
  assert.ok(!matches('/**/c', '/c'))
  assert.ok(matches('/list/*/id', '/list/*/id'))
})

test('a name beats *, * beats **, and the longer of two beginnings wins', () => {
  const order = ['/a/b/c', '/a/b', '/a/b/**', '/a/*/c', '/a/*', '/a/**', '/*/b', '/**/c', '/**']
  const sorted = order.toSorted((a, b) => compareSpecificity(tokens(b), tokens(a)))
  assert.deepEqual(sorted, ['/a/b/c', '/a/b/**', '/a/b', '/a/*/c', '/a/*', '/a/**', '/*/b', '/**/c', '/**'])
  assert.equal(compareSpecificity(tokens('/**/x'), tokens('/**/y')), 0)
})
