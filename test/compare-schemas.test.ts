// What the page of a dataset says of two schema versions.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

interface Rule {
  keyword: string
  before?: unknown
  after?: unknown
}
interface Difference {
  pointer: string
  change: 'added' | 'removed' | 'changed'
  rules: Rule[]
}
const { compareSchemas, ruleText } = (await import(
  new URL('../dashboard/kit/compare-schemas.js', import.meta.url).href
)) as {
  compareSchemas: (before: object, after: object) => Difference[]
  ruleText: (rule: Rule) => string
}

const told = (before: object, after: object) =>
  compareSchemas(before, after).map(
    ({ pointer, change, rules }) => `${pointer} ${change}: ${rules.map(rule => `${rule.keyword} ${ruleText(rule)}`)}`,
  )

test('fields that came, went, or are held to something else are named by pointer', () => {
  const before = {
    type: 'object',
    required: ['amount'],
    properties: {
      amount: { type: 'number', minimum: 0, description: 'The amount.' },
      'a/b': { type: 'string' },
      means: { type: 'string', enum: ['card', 'cash'] },
      lines: { type: 'array', items: { type: 'object', properties: { sku: { type: 'string' } } } },
    },
  }
  const after = {
    type: 'object',
    required: ['means'],
    properties: {
      amount: { type: 'number', minimum: -1000, description: 'What was paid.' },
      means: { type: 'string', enum: ['card', 'cheque'] },
      lines: { type: 'array', items: { type: 'object', properties: { sku: { type: 'string', maxLength: 9 } } } },
      place: { type: 'string' },
    },
  }
  assert.deepEqual(
    told(before, after),
    [
      '/amount changed: minimum 0 → -1000,required true → false',
      '/a~1b removed: type "string" → –,required false → –',
      '/lines/*/sku changed: maxLength 9',
      '/means changed: enum + "cheque", − "cash",required false → true',
      '/place added: type "string",required false',
    ].sort(),
  )
  assert.deepEqual(compareSchemas(before, before), [])
})

test('references are followed, and those that never end are not', () => {
  const schema = (maxLength: number) => ({
    properties: { head: { $ref: '#/$defs/node' } },
    $defs: { node: { properties: { name: { type: 'string', maxLength }, next: { $ref: '#/$defs/node' } } } },
  })
  assert.deepEqual(told(schema(5), schema(6)), ['/head/name changed: maxLength 5 → 6'])
  const doubling = {
    properties: { a: { $ref: '#/$defs/d0' } },
    $defs: Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [
        `d${i}`,
        { properties: { x: { $ref: `#/$defs/d${i + 1}` }, y: { $ref: `#/$defs/d${i + 1}` } } },
      ]),
    ),
  }
  assert.ok(compareSchemas({}, doubling).length <= 5_000)
})

test('the project’s own schemas differ from themselves in nothing', () => {
  for (const name of ['transactions', 'user-profiles']) {
    const schema = JSON.parse(
      readFileSync(join(import.meta.dirname, `../schemas/${name}/1-0-0.json`), 'utf8'),
    ) as object
    assert.deepEqual(compareSchemas(schema, schema), [])
    assert.ok(compareSchemas({}, schema).length > 5)
  }
})
