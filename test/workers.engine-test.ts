import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { engineSettings } from './engines/environment.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { makeDir, spawnEcluse } from './spawn-ecluse.ts'

/** Processes whose parent this is. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('workers share one port; one that is killed is started again; asked to stop, all end in order', async t => {
  const dir = makeDir()
  const ecluse = await spawnEcluse({
    dir,
    verb: 'gateway',
    args: ['--workers', '2'],
    environment: {
      ...engineSettings(),
      ECLUSE_KEK: randomBytes(32).toString('base64'),
      ECLUSE_VAULT: 'sqlite:',
      ECLUSE_DATA_DIR: join(dir, 'data'),
    },
  })
  t.after(() => ecluse.end('SIGKILL'))
  const addresses = () => new Set([...ecluse.output().matchAll(/"address":"([^"]+)"/g)].map(([, address]) => address))
  const started = () => [...ecluse.output().matchAll(/"address":/g)].length
  await eventually('both listen', () => started() === 2)
  assert.equal(addresses().size, 1)
  // A connection of its own for each, so that the kernel spreads them.
  const post = () =>
    ecluse.post('transactions', transaction({ id_transaction: randomBytes(8).toString('hex') }), {
      connection: 'close',
    })
  for (let i = 0; i < 10; i++) assert.equal((await post()).status, 202)

  const [first] = childrenOf(ecluse.pid)
  process.kill(first!, 'SIGKILL')
  await eventually('a third one listens', () => started() === 3)
  assert.equal((await post()).status, 202)

  const workers = childrenOf(ecluse.pid)
  assert.equal(workers.length, 2)
  assert.equal(await ecluse.end(), 0)
  await eventually('no worker is left', () => !workers.some(isAlive))
})

test('workers end with the process that started them', async t => {
  const ecluse = await spawnEcluse({
    verb: 'gateway',
    args: ['--workers', '2'],
    environment: { ...engineSettings(), ECLUSE_KEK: randomBytes(32).toString('base64'), ECLUSE_VAULT: 'sqlite:' },
  })
  t.after(() => ecluse.end('SIGKILL'))
  await eventually('there are two workers', () => childrenOf(ecluse.pid).length === 2)
  const workers = childrenOf(ecluse.pid)
  await ecluse.end('SIGKILL')
  await eventually('no worker is left', () => !workers.some(isAlive))
})
