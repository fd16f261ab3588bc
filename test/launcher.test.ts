import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from './eventually.ts'
import { makeDir } from './spawn-ecluse.ts'

const LAUNCHER = join(import.meta.dirname, '../bin/ecluse.js')

function launch(dir: string): { child: ChildProcess; output: () => string; ended: Promise<number | string> } {
  const child = spawn(process.execPath, [LAUNCHER, 'serve'], {
    cwd: dir,
    env: { ECLUSE_PORT: '0', ECLUSE_LOG_FORMAT: 'json' },
    // A group of its own, as a shell gives it, so that one signal can reach launcher and gateway at once.
    detached: true,
  })
  process.on('exit', () => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // gone already
    }
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += chunk
    })
  }
  const ended = new Promise<number | string>(resolve => child.on('exit', (code, signal) => resolve(signal ?? code!)))
  return { child, output: () => output, ended }
}

const listening = (output: () => string) => eventually('the gateway listens', () => output().includes('"address"'))

test('Ctrl-C, which reaches launcher and gateway both, is one wish to stop: the gateway ends in order', async () => {
  const { child, output, ended } = launch(makeDir())
  await listening(output)
  process.kill(-child.pid!, 'SIGINT')
  assert.equal(await ended, 0, output())
  assert.match(output(), /finishing what was accepted/)
})

test('SIGTERM to the launcher stops the gateway, and its exit code is handed on', async () => {
  const { child, output, ended } = launch(makeDir())
  await listening(output)
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
  assert.equal(spawnSync(process.execPath, [LAUNCHER, 'nonsense']).status, 2)
})

test('a launcher that is killed leaves no gateway behind: the next one can start', async () => {
  const dir = makeDir()
  const first = launch(dir)
  await listening(first.output)
  first.child.kill('SIGKILL')
  await first.ended
  await eventually('the next one listens', async () => {
    const next = launch(dir)
    const outcome = await Promise.race([listening(next.output), next.ended])
    if (outcome !== true) return false
    next.child.kill('SIGTERM')
    return (await next.ended) === 0
  })
})
