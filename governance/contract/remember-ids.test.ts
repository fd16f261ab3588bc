import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openFileRegistry } from '../../storage/registry/file.ts'
import { type Registry, RegistryUnavailable } from '../../storage/registry/registry.ts'
import { openSqliteVault } from '../../storage/vault/sqlite.ts'
import { rememberIds } from './remember-ids.ts'

/** A real registry and a real vault; the registry can be taken away. */
async function opened(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'remember-'))
  const [registry, vault] = [await openFileRegistry(join(dir, 'registry')), openSqliteVault(join(dir, 'vault.sqlite'))]
  t.after(async () => {
    await vault.close()
    await rm(dir, { recursive: true })
  })
  const isDown = () => Promise.reject(new RegistryUnavailable('down'))
  const down: Registry = { ...registry, register: isDown, versions: isDown }
  return { registry: rememberIds(registry, vault), whileDown: rememberIds(down, vault) }
}

const schema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } }

test('an id that the registry gave is known without it, whatever the order of members', async t => {
  const { registry, whileDown } = await opened(t)
  const id = await registry.register('ecluse.a-value', schema)
  const { properties, ...rest } = schema
  assert.equal(await whileDown.register('ecluse.a-value', { properties, ...rest }), id)
  assert.deepEqual(await whileDown.versions('ecluse.a-value'), [])
})

test('a schema that was never registered, or for another registry subject, waits for the registry', async t => {
  const { registry, whileDown } = await opened(t)
  await registry.register('ecluse.a-value', schema)
  await assert.rejects(whileDown.register('ecluse.b-value', schema), RegistryUnavailable)
  await assert.rejects(whileDown.register('ecluse.a-value', { ...schema, title: 'new' }), RegistryUnavailable)
})
