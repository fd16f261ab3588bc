import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { registryContractSuite } from './contract-suite.ts'
import { openFileRegistry } from './file.ts'
import { RegistryUnavailable } from './registry.ts'

const freshDir = () => mkdtemp(join(tmpdir(), 'registry-'))

async function dirFor(t: TestContext): Promise<string> {
  const dir = await freshDir()
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

registryContractSuite('a folder of files', async () => {
  const dir = await freshDir()
  const registry = await openFileRegistry(dir)
  return { registry, reopen: () => openFileRegistry(dir), close: () => rm(dir, { recursive: true }) }
})

test('the folder is for its owner alone and holds one file per schema id', async t => {
  const dir = join(await dirFor(t), 'registry')
  const registry = await openFileRegistry(dir)
  await registry.register('one', { type: 'object' })
  await registry.register('__proto__', { type: 'object' })
  await registry.register('two', { type: 'string' })
  assert.equal((await stat(dir)).mode & 0o777, 0o700)
  assert.deepEqual((await readdir(dir)).sort(), ['1.json', '2.json'])
  assert.equal((await stat(join(dir, '1.json'))).mode & 0o777, 0o600)
  assert.equal(
    JSON.stringify(JSON.parse(await readFile(join(dir, '1.json'), 'utf8'))),
    '{"schema":{"type":"object"},"registrySubjects":{"one":1,"__proto__":1}}',
  )
})

test('what a crash left under a temporary name is swept at opening', async t => {
  const dir = await dirFor(t)
  await writeFile(join(dir, 'left.tmp'), '{"schema":')
  await openFileRegistry(dir)
  assert.deepEqual(await readdir(dir), [])
})

test('a damaged file stops the opening', async t => {
  const dir = await dirFor(t)
  await writeFile(join(dir, '7.json'), '{"schema":')
  await assert.rejects(
    openFileRegistry(dir),
    error => error instanceof RegistryUnavailable && error.cause instanceof Error,
  )
})

test('a lost folder is an unavailable registry, and an id is not given away before it is on disk', async t => {
  const dir = await dirFor(t)
  const registry = await openFileRegistry(dir)
  await rm(dir, { recursive: true })
  await assert.rejects(registry.ping(), RegistryUnavailable)
  await assert.rejects(
    registry.register('one', { type: 'object' }),
    error => error instanceof RegistryUnavailable && error.cause instanceof Error,
  )
  assert.equal(await registry.schemaById(1), undefined)
  assert.deepEqual(await registry.versions('one'), [])
})

test('what is no JSON value is the caller’s mistake', async t => {
  const registry = await openFileRegistry(await dirFor(t))
  await assert.rejects(registry.register('one', { minimum: Number.NaN }), TypeError)
})
