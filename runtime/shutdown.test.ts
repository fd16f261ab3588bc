import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { eventually } from '../test/eventually.ts'
import { makeLogger } from './logger.ts'
import { makeShutdown } from './shutdown.ts'

const silent = () => makeLogger('json', 'silent')

test('what was started last stops first, each step once and after the one before it', async () => {
  const shutdown = makeShutdown(silent())
  const done: string[] = []
  for (const name of ['stores', 'processors', 'gateway']) {
    shutdown.onStop(name, async () => {
      await new Promise(resolve => setImmediate(resolve))
      done.push(name)
    })
  }
  await Promise.all([shutdown.stop(), shutdown.stop()])
  await shutdown.stop()
  assert.deepEqual(done, ['gateway', 'processors', 'stores'])
})

test('a step that fails does not keep the others from running', async () => {
  const shutdown = makeShutdown(silent())
  const done: string[] = []
  shutdown.onStop('first', () => void done.push('first'))
  shutdown.onStop('rejects', () => Promise.reject(new Error('no')))
  shutdown.onStop('throws', () => {
    throw new Error('no')
  })
  await shutdown.stop()
  assert.deepEqual(done, ['first'])
})

/** A process that waits to be asked, says so, and then ends by itself or hangs. */
function waiting(afterwards: 'ends' | 'hangs', limitMs: number) {
  const source = `
    import { untilAskedToStop } from './shutdown.ts'
    const timer = setInterval(() => {}, 1000)
    const asked = untilAskedToStop(${limitMs})
    console.log('waits')
    await asked
    console.log('asked')
    if (${afterwards === 'ends'}) clearInterval(timer)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  const said = (word: string) => eventually(`the process ${word}`, () => output.includes(word))
  return { child, said, exited: once(child, 'exit') }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`a process that is asked by ${signal} finishes its work and ends with 0`, async () => {
    const { child, said, exited } = waiting('ends', 30_000)
    await said('waits')
    child.kill(signal)
    assert.deepEqual(await exited, [0, null])
  })
}

test('a second signal ends a process that hangs, and so does the time limit', async () => {
  const twice = waiting('hangs', 600_000)
  await twice.said('waits')
  twice.child.kill('SIGTERM')
  await twice.said('asked')
  // The same wish told twice within a second is one.
  await eventually('it ends', () => twice.child.exitCode !== null || (twice.child.kill('SIGTERM') && false))
  assert.deepEqual(await twice.exited, [1, null])
  const late = waiting('hangs', 50)
  await late.said('waits')
  late.child.kill('SIGTERM')
  assert.deepEqual(await late.exited, [1, null])
})
