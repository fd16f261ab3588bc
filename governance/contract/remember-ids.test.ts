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
  return { real: registry, vault, down, registry: rememberIds(registry, vault), whileDown: rememberIds(down, vault) }
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

test('a registry that is silent is asked once, and left alone for half a minute', async t => {
  const { real, vault, down, registry } = await opened(t)
  const id = await registry.register('ecluse.a-value', schema)
  let [nowMs, asked] = [0, 0]
  let answering: Registry = down
  const counted = <T>(work: () => T): T => {
    asked++
    return work()
  }
  const slow: Registry = {
    ...real,
    versions: subject => counted(() => answering.versions(subject)),
    register: (...given) => counted(() => answering.register(...given)),
  }
  const starting = rememberIds(slow, vault, { clock: () => nowMs })
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(await starting.versions('ecluse.a-value'), [])
    assert.equal(await starting.register('ecluse.a-value', schema), id)
  }
  assert.equal(asked, 1)
  await starting.versions('ecluse.new-value')
  await assert.rejects(starting.register('ecluse.new-value', schema), RegistryUnavailable)
  assert.equal(asked, 1)

  // It is back: what could not be compared with what is registered is not registered, until it is seen.
  answering = real
  nowMs = 29_999
  assert.deepEqual(await starting.versions('ecluse.a-value'), [])
  nowMs = 30_000
  await assert.rejects(starting.register('ecluse.a-value', { ...schema, title: 'changed' }), RegistryUnavailable)
  assert.equal((await starting.versions('ecluse.a-value')).length, 1)
  await starting.register('ecluse.a-value', { ...schema, title: 'next' })
  assert.equal((await starting.versions('ecluse.a-value')).length, 2)
})

test('a registry that was made anew and gives other ids is believed, and told of', async t => {
  const { real, vault, whileDown } = await opened(t)
  const changes: unknown[] = []
  const giving = (id: number) =>
    rememberIds({ ...real, register: async () => id }, vault, { onChange: change => changes.push(change) })
  for (const id of [7, 7, 12, 12]) assert.equal(await giving(id).register('ecluse.a-value', schema), id)
  assert.deepEqual(changes, [{ registrySubject: 'ecluse.a-value', before: 7, now: 12 }])
  assert.equal(await whileDown.register('ecluse.a-value', schema), 12)
})
