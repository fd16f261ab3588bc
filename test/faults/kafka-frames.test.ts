import assert from 'node:assert/strict'
import { test } from 'node:test'
import { losingProduceAnswers, splitFrames } from './kafka-frames.ts'

const PRODUCE = 0
const FETCH = 1

function framed(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

function request(apiKey: number, correlation: number): Buffer {
  const body = Buffer.alloc(12)
  body.writeInt16BE(apiKey, 0)
  body.writeInt32BE(correlation, 4)
  return framed(body)
}

function answer(correlation: number): Buffer {
  const body = Buffer.alloc(9)
  body.writeInt32BE(correlation, 0)
  return framed(body)
}

test('frames come out whole, however the stream was cut', () => {
  const [first, second] = [answer(1), answer(2)]
  const stream = Buffer.concat([first, second])
  for (let cut = 0; cut <= stream.length; cut++) {
    const split = splitFrames()
    const frames = [...split(stream.subarray(0, cut)), ...split(stream.subarray(cut))]
    assert.deepEqual(frames.map(String), [first, second].map(String))
  }
})

test('only the answer to a produce request is lost, and only when asked to', () => {
  let toLose = 1
  const inspector = losingProduceAnswers(() => toLose-- > 0)()
  const sent = Buffer.concat([request(FETCH, 1), request(PRODUCE, 2), request(PRODUCE, 3)])
  assert.deepEqual(inspector.fromClient(sent), [sent])
  const passed = inspector.fromServer(Buffer.concat([answer(1), answer(2), answer(3)]))
  assert.deepEqual(passed, [answer(1), answer(3)])
})
