import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatherBytes } from './gather-bytes.ts'

test('pieces come back as one, in order, and the next ones begin anew', () => {
  for (const expectedBytes of [undefined, 2, 6]) {
    const gathered = gatherBytes(expectedBytes)
    for (const text of ['a', '', 'bc', 'def']) gathered.add(Buffer.from(text))
    assert.equal(gathered.sizeBytes, 6)
    assert.equal(String(gathered.take()), 'abcdef')
    assert.equal(gathered.sizeBytes, 0)
    gathered.add(Buffer.from('x'))
    gathered.add(Buffer.from('y'))
    assert.equal(String(gathered.take()), 'xy')
    assert.equal(gathered.take().length, 0)
  }
})

test('a single piece is not copied, and no piece is written into', () => {
  const gathered = gatherBytes()
  const piece = Buffer.from('abcdef').subarray(0, 3)
  gathered.add(piece)
  assert.equal(gathered.take().buffer, piece.buffer)
  gathered.add(piece)
  gathered.add(Buffer.from('xyz'))
  assert.equal(String(gathered.take()), 'abcxyz')
  assert.equal(String(Buffer.from(piece.buffer, piece.byteOffset, 6)), 'abcdef')
})

test('a megabyte in pieces of one byte takes little more than a megabyte', () => {
  const gathered = gatherBytes()
  for (let i = 0; i < 1_048_576; i++) gathered.add(Buffer.from('x'))
  const bytes = gathered.take()
  assert.equal(bytes.length, 1_048_576)
  assert.ok(bytes.buffer.byteLength <= 2 * 1_048_576)
})
