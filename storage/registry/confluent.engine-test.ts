import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { makeCertificates } from '../../test/engines/certificates.ts'
import { engineAccess, nobodyAccess } from '../../test/engines/environment.ts'
import { openConfluentRegistry } from './confluent.ts'
import { confluentClient } from './confluent-client.ts'
import { registryContractSuite } from './contract-suite.ts'
import type { Registry } from './registry.ts'

registryContractSuite('a Confluent-compatible server', async () => {
  let registry = await openConfluentRegistry(engineAccess('registry'))
  return {
    registry,
    reopen: async () => {
      await registry.close()
      registry = await openConfluentRegistry(engineAccess('registry'))
      return registry
    },
    close: () => registry.close(),
  }
})

async function openFor(t: TestContext): Promise<Registry> {
  const registry = await openConfluentRegistry(engineAccess('registry'))
  t.after(() => registry.close())
  return registry
}

const freshName = () => `suite-${randomUUID()}`
const DRAFT_2020_12 = 'https://json-schema.org/draft/2020-12/schema'

test('a schema that names its dialect comes back with it, one that does not without', async t => {
  const registry = await openFor(t)
  for (const schema of [{ $schema: DRAFT_2020_12, title: randomUUID() }, { title: randomUUID() }]) {
    const registrySubject = freshName()
    const id = await registry.register(registrySubject, schema)
    const other = await openFor(t)
    assert.deepEqual(await other.schemaById(id), schema)
    assert.deepEqual(await other.versions(registrySubject), [{ id, version: 1, schema }])
  }
})

test('processes that start at once and register the same schema all get its one id', async t => {
  const registrySubject = freshName()
  const schema = { $schema: DRAFT_2020_12, title: registrySubject }
  const registries = await Promise.all(Array.from({ length: 6 }, () => openFor(t)))
  const ids = await Promise.all(registries.map(registry => registry.register(registrySubject, schema)))
  assert.equal(new Set(ids).size, 1)
})

test('two versions with one $id are registered like any others', async t => {
  const registry = await openFor(t)
  const registrySubject = freshName()
  const $id = `https://example.org/${randomUUID()}`
  const one = await registry.register(registrySubject, { $schema: DRAFT_2020_12, $id, minLength: 1 })
  const two = await registry.register(registrySubject, { $schema: DRAFT_2020_12, $id, minLength: 2 })
  assert.notEqual(one, two)
})

test('a server whose own check cannot read draft 2020-12 takes a second version all the same', async t => {
  const registry = await openFor(t)
  const { api, close } = confluentClient(engineAccess('registry'))
  t.after(close)
  const registrySubject = freshName()
  const version = (minLength: number) => ({ $schema: DRAFT_2020_12, type: 'string', title: registrySubject, minLength })
  await registry.register(registrySubject, version(2))
  // As the owner of the registry subject would set it.
  await api.Subject.updateConfig({ subject: registrySubject, body: { compatibility: 'BACKWARD' } })
  await registry.register(registrySubject, version(1))
  assert.equal((await registry.versions(registrySubject)).length, 2)
})

test('a wrong password and a missing right name the user and what to mend, without the password', async t => {
  const access = engineAccess('registry')
  if (access.username === undefined) return t.skip('this server asks nobody who they are')
  for (const [wrong, explanation] of [
    [{ ...access, password: 'wrong-0815' }, /refuses user .*ECLUSE_REGISTRY_PASSWORD/],
    [nobodyAccess('registry'), /user .* lacks a right/],
  ] as const) {
    const registry = await openConfluentRegistry(wrong)
    t.after(() => registry.close())
    const error: Error = await registry.register(freshName(), {}).then(
      () => assert.fail('it worked'),
      error => error,
    )
    assert.match(error.message, explanation)
    assert.ok(!inspect(error, { depth: 12, showHidden: true }).includes(wrong.password!))
  }
})

test('a certificate that our authority did not sign is refused, one that it did is taken', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'registry-'))
  t.after(() => rm(dir, { recursive: true }))
  const { ca, otherCa, server } = await makeCertificates(dir)
  const listener = createServer(server, (_, response) => response.end('[]'))
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  t.after(() => listener.close())
  const url = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`
  const trusting = await openConfluentRegistry({ url, ca })
  t.after(() => trusting.close())
  await trusting.ping()
  for (const wrong of [{ url }, { url, ca: otherCa }]) {
    const registry = await openConfluentRegistry(wrong)
    t.after(() => registry.close())
    await assert.rejects(registry.ping(), /certificate.*ECLUSE_REGISTRY_CA/)
  }
})
