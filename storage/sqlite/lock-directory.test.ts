import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockDirectory } from './lock-directory.ts'

test('a directory belongs to one process at a time, and is free once that ends, even by kill -9', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'lock-'))
  t.after(() => rm(dir, { recursive: true }))
  const source = `import { lockDirectory } from './lock-directory.ts'
    globalThis.unlock = lockDirectory(process.argv[1])
    console.log('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source, dir], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.throws(() => lockDirectory(dir), /is in use by another Écluse process: stop that one first/)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const unlock = lockDirectory(dir)
  assert.throws(() => lockDirectory(dir), /in use/)
  unlock()
  lockDirectory(dir)()
})

test('a directory that cannot be written is told as that', () => {
  assert.throws(() => lockDirectory('/nonexistent/folder'), /unable to open/)
})
