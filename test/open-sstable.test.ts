import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLz4Block } from './open-sstable.ts'

test('a block of LZ4 opens to its literals and matches, also to those that overlap themselves', () => {
  // 3 literals, then 9 bytes from 3 back; at last 5 literals.
  const block = Buffer.from([0x35, ...Buffer.from('abc'), 3, 0, 0x50, ...Buffer.from('12345')])
  assert.equal(openLz4Block(block, 17).toString(), 'abcabcabcabc12345')
})

test('long runs go on in further bytes', () => {
  const literals = Buffer.alloc(300, 'x')
  const block = Buffer.concat([Buffer.from([0xf0, 255, 30]), literals])
  assert.deepEqual(openLz4Block(block, 300), literals)
})

test('what is no block of LZ4 is refused', () => {
  assert.throws(() => openLz4Block(Buffer.from([0x10, 1]), 9), RangeError)
  assert.throws(() => openLz4Block(Buffer.from([0x14, 1, 200, 0, 0x10, 1]), 10), RangeError)
})
