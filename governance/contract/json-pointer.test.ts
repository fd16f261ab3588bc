import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareSpecificity, formatPointer, matchesPattern, mostSpecific, parsePointer } from './json-pointer.ts'

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

test('more names win, then the pattern that the other one includes; patterns that merely overlap are a tie', () => {
  const compare = (a: string, b: string) => Math.sign(compareSpecificity(tokens(a), tokens(b)))
  for (const [more, less] of [
    ['/a/b', '/a/*'],
    ['/a/b', '/*/b'],
    ['/a/b/**', '/a/**'],
    ['/a/*', '/a/**'],
    ['/a/*/c', '/a/**'],
    ['/*/b', '/**/b'],
    ['/a/*/**', '/a/**'],
    ['/*', '/**'],
  ] as const) {
    assert.deepEqual([compare(more, less), compare(less, more)], [1, -1], `${more} ${less}`)
  }
  for (const [one, other] of [
    ['/*/b', '/a/*'],
    ['/a/**', '/*/b'],
    ['/a/**', '/**/b'],
    ['/**/x', '/**/y'],
  ] as const) {
    assert.deepEqual([compare(one, other), compare(other, one)], [0, 0], `${one} ${other}`)
  }
})

test('a tie between two rules is settled by a third one for the place', () => {
  const rules = ['/*/b', '/a/*', '/a/b', '/**'].map(pattern => ({ pattern, tokens: tokens(pattern) }))
  const winners = (...chosen: typeof rules) => mostSpecific(chosen, ['a', 'b']).map(({ pattern }) => pattern)
  assert.deepEqual(winners(rules[0]!, rules[1]!, rules[3]!), ['/*/b', '/a/*'])
  assert.deepEqual(winners(...rules), ['/a/b'])
})
