import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { check } from './contract-fixture.ts'
import { lockSchemas } from './lock.ts'

test('locking adds new versions, in order, and never changes one that is locked', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ecluse-lock-'))
  try {
    for (const [path, text] of Object.entries({
      'b/1-0-0.json': '{}',
      'a/1-0-0.json': '1',
      'a/note.txt': '',
      'Bad/1-0-0.json': '',
    })) {
      await mkdir(join(dir, path, '..'), { recursive: true })
      await writeFile(join(dir, path), text)
    }
    assert.deepEqual(await lockSchemas(dir), ['a/1-0-0', 'b/1-0-0'])
    const locked = await readFile(join(dir, 'lock.json'), 'utf8')
    assert.deepEqual(Object.keys(JSON.parse(locked)), ['a/1-0-0', 'b/1-0-0'])
    assert.match(locked, /"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"/)
    await writeFile(join(dir, 'a/1-0-0.json'), '2')
    assert.deepEqual(await lockSchemas(dir), [])
    await writeFile(join(dir, 'a/1-0-1.json'), '3')
    assert.deepEqual(await lockSchemas(dir), ['a/1-0-1'])
    const again = JSON.parse(await readFile(join(dir, 'lock.json'), 'utf8'))
    assert.equal(again['a/1-0-0'], JSON.parse(locked)['a/1-0-0'])
    assert.deepEqual((await readdir(dir)).sort(), ['Bad', 'a', 'b', 'lock.json'])
    await writeFile(join(dir, 'lock.json'), '{')
    await assert.rejects(lockSchemas(dir), /left as it is/)
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('a version that is not locked is a warning, and how to lock it is said', async () => {
  assert.deepEqual((await check({}, { lock: false })).said, [
    'schemas/orders/1-0-0.json:1:1: warning: version 1-0-0 is not locked yet. Fix: Run `ecluse check --lock`.',
  ])
})
