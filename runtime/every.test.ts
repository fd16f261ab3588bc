import assert from 'node:assert/strict'
import { test } from 'node:test'
import { every } from './every.ts'
import type { Logger } from './logger.ts'

test('turns that are slower than the interval do not pile up, and stopping waits for the one at work alone', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const failures: string[] = []
  const logger = { error: (_: object, message: string) => failures.push(message) } as unknown as Logger
  const turns: PromiseWithResolvers<void>[] = []
  const stop = every(
    10,
    () => {
      turns.push(Promise.withResolvers<void>())
      return turns.at(-1)!.promise
    },
    logger,
  )
  t.mock.timers.tick(100)
  assert.equal(turns.length, 1)
  turns[0]!.reject(new Error('down'))
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(failures.length, 1)
  t.mock.timers.tick(100)
  assert.equal(turns.length, 2)
  const stopped = stop()
  t.mock.timers.tick(100)
  turns[1]!.resolve()
  await stopped
  assert.equal(turns.length, 2)
})
