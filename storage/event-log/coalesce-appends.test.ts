import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppendRefused, type CoalesceOptions, coalesceAppends } from './coalesce-appends.ts'
import type { LogRecord, Position } from './event-log.ts'

const record = (value: string): LogRecord => ({ key: null, value: Buffer.from(value), headers: {} })
const bounds = { maxRecords: 3, maxBytes: 10_000, queueBytes: 100_000, sendMs: 60_000 }

/** A log whose sends are answered by hand. */
function heldLog(options: Partial<CoalesceOptions> = {}) {
  const sends: { topic: string; values: string[]; answer: () => void; fail: (error: Error) => void }[] = []
  let next = 0
  const append = coalesceAppends({
    ...bounds,
    ...options,
    send: (topic, records) => {
      const { promise, resolve, reject } = Promise.withResolvers<Position[]>()
      const positions = records.map(() => ({ incarnation: 'i', partition: 0, offset: next++ }))
      sends.push({
        topic,
        values: records.map(({ value }) => value.toString()),
        answer: () => resolve(positions),
        fail: reject,
      })
      return promise
    },
  })
  return { append, sends }
}

const turn = () => new Promise(resolve => setImmediate(resolve))
const refused = (error: unknown) => error instanceof AppendRefused

test('while one send is on its way the next gathers what waits, in order, and each caller gets its own positions', async () => {
  const { append, sends } = heldLog()
  const first = append('t', [record('a')])
  await turn()
  const others = [append('t', [record('b'), record('c')]), append('t', [record('d')]), append('t', [record('e')])]
  await turn()
  assert.deepEqual(
    sends.map(({ values }) => values),
    [['a']],
  )
  sends[0]!.answer()
  assert.deepEqual(await first, [{ incarnation: 'i', partition: 0, offset: 0 }])
  await turn()
  assert.deepEqual(sends[1]!.values, ['b', 'c', 'd'])
  sends[1]!.answer()
  await turn()
  assert.deepEqual(sends[2]!.values, ['e'])
  sends[2]!.answer()
  const offsets = (await Promise.all(others)).map(positions => positions.map(({ offset }) => offset))
  assert.deepEqual(offsets, [[1, 2], [3], [4]])
})

test('a topic that fails or waits holds up no other one', async () => {
  const { append, sends } = heldLog()
  const failing = append('bad', [record('a')])
  const fine = append('good', [record('b')])
  await turn()
  assert.deepEqual(sends.map(({ topic }) => topic).sort(), ['bad', 'good'])
  sends.find(({ topic }) => topic === 'good')!.answer()
  await fine
  sends.find(({ topic }) => topic === 'bad')!.fail(new Error('down'))
  await assert.rejects(failing, /down/)
  const again = append('bad', [record('c')])
  await turn()
  sends.at(-1)!.answer()
  await again
})

test('what does not fit the queue is refused, and room comes back with each answer', async () => {
  const { append, sends } = heldLog({ queueBytes: 1_000 })
  const first = append('t', [record('x'.repeat(600))])
  await assert.rejects(append('t', [record('y'.repeat(600))]), refused)
  await turn()
  sends[0]!.answer()
  await first
  const again = append('t', [record('y'.repeat(600))])
  await turn()
  sends[1]!.answer()
  await again
})

test('one append larger than every bound is sent by itself', async () => {
  const { append, sends } = heldLog({ queueBytes: 10, maxBytes: 10 })
  const large = append(
    't',
    ['a', 'b', 'c', 'd', 'e'].map(value => record(value)),
  )
  await turn()
  assert.equal(sends[0]!.values.length, 5)
  sends[0]!.answer()
  assert.equal((await large).length, 5)
})

test('a send that is not answered fails all that wait for it, and its topic is refused until it ends', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { append, sends } = heldLog({ sendMs: 1_000 })
  const [first, second] = [append('t', [record('a')]), append('t', [record('b'.repeat(200))])]
  await turn()
  const waiting = append('t', [record('c')])
  t.mock.timers.tick(1_000)
  for (const each of [first, second, waiting]) await assert.rejects(each, refused)
  await assert.rejects(append('t', [record('d')]), refused)
  sends[0]!.answer()
  await turn()
  const healed = append('t', [record('e')])
  await turn()
  sends[1]!.answer()
  assert.equal((await healed).length, 1)
})
