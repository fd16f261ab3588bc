// What the pages make of anomalies, without a browser: floods put together, the way to the quarantine, what copies differ in.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonObject, JsonValue } from '../storage/json.ts'

interface Row {
  id: string
  kind: string
  severity: string
  state: string
  detectedAt: string
}

const { foldFloods, rejectedAs, isPromise, differencesOf } = (await import(
  new URL('../dashboard/kit/anomalies.js', import.meta.url).href
)) as {
  foldFloods: (rows: Row[]) => (Row & { flood?: Row[] })[]
  rejectedAs: (anomaly: JsonObject) => { dataset: string; cause?: string } | undefined
  isPromise: (metric: string) => boolean
  differencesOf: (first: JsonObject, copy: JsonObject) => [string, JsonValue, JsonValue][]
}

/** So many of one kind, the newest first, a second between them. */
function rows(kind: string, count: number, newest: string, state = 'open'): Row[] {
  return Array.from({ length: count }, (_, i) => {
    const detectedAt = new Date(Date.parse(newest) - i * 1_000).toISOString()
    return { id: `${kind} ${state} ${detectedAt}`, kind, severity: 'medium', state, detectedAt }
  })
}

describe('a flood', () => {
  test('of one kind, hour and state is one line, at the place of its newest; few of a kind stay as they are', () => {
    const flood = rows('conflict', 300, '2026-11-21T12:50:00.000Z')
    const few = rows('missing', 4, '2026-11-21T12:51:00.000Z')
    const known = rows('conflict', 6, '2026-11-21T12:40:00.000Z', 'acknowledged')
    const between = rows('silence', 1, '2026-11-21T12:48:00.000Z')
    const newestFirst = [...flood, ...few, ...known, ...between].sort((a, b) => (a.detectedAt < b.detectedAt ? 1 : -1))
    const lines = foldFloods(newestFirst)
    assert.deepEqual(
      lines.map(({ kind, state, flood }) => [kind, state, flood?.length]),
      [
        ...few.map(() => ['missing', 'open', undefined]),
        ['conflict', 'open', 300],
        ['silence', 'open', undefined],
        ['conflict', 'acknowledged', 6],
      ],
    )
    assert.deepEqual(lines[4]!.flood, flood)
  })

  test('that goes on over an hour’s end is two lines', () => {
    const lines = foldFloods(rows('conflict', 20, '2026-11-21T13:00:09.000Z'))
    assert.deepEqual(
      lines.map(({ flood }) => flood!.length),
      [10, 10],
    )
  })
})

test('what rejects events leads to the quarantine, by its cause where that is known exactly', () => {
  const dataset = 'sales'
  const of = (kind: string, more: JsonObject = {}) => rejectedAs({ dataset, kind, ...more })
  const caused = (pointer: string, about: string) => ({ pointer, evidence: { metric: 'causes', about } })
  assert.deepEqual(of('schema-drift', caused('/amount', 'type')), { dataset, cause: '/amount type' })
  assert.deepEqual(of('missing', caused('/amount', 'required')), { dataset, cause: '/amount required' })
  assert.deepEqual(of('schema-drift', caused('', 'additionalProperties')), {
    dataset,
    cause: '(event) additionalProperties',
  })
  // Items of an array have a cause each; who may not read the numbers is not told the keyword.
  assert.deepEqual(of('schema-drift', caused('/items/*/price', 'type')), { dataset })
  assert.deepEqual(of('schema-drift', { pointer: '/amount' }), { dataset })
  assert.deepEqual(of('unusual-rejections', { evidence: { metric: 'rejections' } }), { dataset })
  assert.equal(of('missing', { pointer: '/amount', evidence: { metric: 'missing' } }), undefined)
  assert.equal(of('conflict'), undefined)
})

test('bounds of Écluse’s own are not said to be the policy’s', () => {
  assert.deepEqual(['causes', 'ahead', 'suspects', 'spread'].filter(isPromise), [])
  assert.ok(['volume', 'rejections', 'duplicates', 'late', 'missing', 'broken'].every(isPromise))
})

test('copies differ in the values that are not alike, and of sealed ones nothing is said', () => {
  const first = { amount: 10, shop: { name: 'enc1.a', town: 'Paris' }, tags: ['x'], note: 'enc1.b' }
  const copy = { amount: 7.25, shop: { name: 'enc1.c', town: 'Paris' }, tags: ['x', 'y'] }
  assert.deepEqual(differencesOf(first, copy), [
    ['/amount', 10, 7.25],
    ['/note', 'enc1.b', undefined],
    ['/tags/1', undefined, 'y'],
  ])
})
