import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { lakeContractSuite } from './contract-suite.ts'
import { openFileLake } from './file.ts'
import { type Lake, LakeUnavailable } from './lake.ts'

const freshDir = () => mkdtemp(join(tmpdir(), 'lake-'))

lakeContractSuite('a folder', async () => {
  const dir = await freshDir()
  let lake = await openFileLake(dir)
  return {
    lake,
    reopen: async () => {
      await lake.close()
      lake = await openFileLake(dir)
      return lake
    },
    close: async () => {
      await lake.close()
      await rm(dir, { recursive: true })
    },
  }
})

async function openFor(t: TestContext): Promise<{ lake: Lake; dir: string }> {
  const dir = await freshDir()
  const lake = await openFileLake(dir)
  t.after(async () => {
    await lake.close()
    await rm(dir, { recursive: true, force: true })
  })
  return { lake, dir }
}

test('folders and files are for their owner alone, and no temporary file is left', async t => {
  const { lake, dir } = await openFor(t)
  const etag = (await lake.putIfAbsent('a/b/c', Buffer.from('x')))!
  await lake.putIfAbsent('a/b/c', Buffer.from('y'))
  await lake.putIfMatch('a/b/c', Buffer.from('z'), etag)
  await lake.putIfMatch('a/b/c', Buffer.from('z'), etag)
  for (const folder of ['', 'a', 'a/b', '~temporary']) assert.equal((await stat(join(dir, folder))).mode & 0o777, 0o700)
  assert.equal((await stat(join(dir, 'a/b/c'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(join(dir, '~temporary')), [])
  assert.deepEqual(await lake.list('', { limit: 10 }), ['a/b/c'])
})

test('what a crash left is swept at opening, what is being written is not', async t => {
  const { dir } = await openFor(t)
  const longAgo = new Date(Date.now() - 7_200_000)
  for (const name of ['old.tmp', 'new.tmp']) await writeFile(join(dir, '~temporary', name), 'x')
  await utimes(join(dir, '~temporary', 'old.tmp'), longAgo, longAgo)
  await (await openFileLake(dir)).close()
  assert.deepEqual(await readdir(join(dir, '~temporary')), ['new.tmp'])
})

test('a path below a file, or a folder’s own, is the caller’s mistake', async t => {
  const { lake } = await openFor(t)
  await lake.putIfAbsent('a/b', Buffer.from('x'))
  await assert.rejects(lake.putIfAbsent('a/b/c', Buffer.from('x')), RangeError)
  await assert.rejects(lake.putIfAbsent('a', Buffer.from('x')), RangeError)
  assert.equal(await lake.get('a/b/c'), undefined)
  await lake.delete('a')
  await lake.delete('a/b/c')
  assert.deepEqual(await lake.list('', { limit: 10 }), ['a/b'])
})

test('two processes swap one file without losing an update, and never both make it', async t => {
  const { lake, dir } = await openFor(t)
  const swapper = `
    import { openFileLake } from ${JSON.stringify(new URL('file.ts', import.meta.url).href)}
    const lake = await openFileLake(process.argv[1])
    if (await lake.putIfAbsent('made', Buffer.from('0'))) process.stdout.write('made\\n')
    for (let i = 0; i < 25; ) {
      const { body, etag } = await lake.get('made')
      if (await lake.putIfMatch('made', Buffer.from(String(Number(body) + 1)), etag)) i += 1
    }
    await lake.close()`
  const outputs = await Promise.all(
    [1, 2].map(async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', swapper, dir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const output: Buffer[] = []
      child.stdout.on('data', chunk => output.push(chunk))
      const [code] = await once(child, 'close')
      assert.equal(code, 0)
      return Buffer.concat(output).toString()
    }),
  )
  assert.equal(outputs.join(''), 'made\n')
  assert.equal((await lake.get('made'))?.body.toString(), '50')
})

test('a lake that cannot be opened or was lost is unavailable, with the cause', async t => {
  const withCause = (error: unknown) => error instanceof LakeUnavailable && error.cause instanceof Error
  const { lake, dir } = await openFor(t)
  await writeFile(join(dir, 'file'), 'x')
  await assert.rejects(openFileLake(join(dir, 'file')), withCause)
  await rm(dir, { recursive: true })
  await assert.rejects(lake.ping(), withCause)
  await assert.rejects(lake.putIfAbsent('a', Buffer.from('x')), withCause)
  await assert.rejects(lake.list('', { limit: 1 }), withCause)
})
