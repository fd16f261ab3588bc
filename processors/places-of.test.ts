import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placesOf } from './places-of.ts'

test('places are told as patterns, each once, without values; null is no value', () => {
  const event = { a: 1, b: { 'c/d': 'x', e: null }, list: [{ f: 1 }, { f: 2, g: false }], empty: [], 'm~': '' }
  assert.deepEqual(placesOf(event), ['/a', '/b/c~1d', '/list/*/f', '/list/*/g', '/m~0'])
})
