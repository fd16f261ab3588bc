import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inBatches } from './in-batches.ts'

test('who asks while a turn is at work is served by the next, with all who wait', async () => {
  const turns: number[][] = []
  let release = () => {}
  const ask = inBatches(async (asked: number[]) => {
    turns.push([...asked])
    await new Promise<void>(resolve => {
      release = resolve
    })
    return asked.length
  })
  const first = ask(1)
  await new Promise(resolve => setImmediate(resolve))
  const others = [ask(2), ask(3)]
  release()
  assert.equal(await first, 1)
  await new Promise(resolve => setImmediate(resolve))
  release()
  assert.deepEqual(await Promise.all(others), [2, 2])
  assert.deepEqual(turns, [[1], [2, 3]])
})

test('a turn that fails fails for those it served, and the next one goes on', async () => {
  let fails = true
  const ask = inBatches(async (asked: number[]) => {
    if (fails) throw new Error('no')
    return asked
  })
  await assert.rejects(ask(1), /no/)
  fails = false
  assert.deepEqual(await ask(2), [2])
})
