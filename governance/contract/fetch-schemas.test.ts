// A dataset whose raw schema is in the registry, as a running Écluse treats it: what was live stays live.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Registry } from '../../storage/registry/registry.ts'
import type { Catalogue } from './catalogue.ts'
import { schemaVersionOf } from './name-schema-version.ts'
import {
  addition,
  broken,
  first,
  INTERVAL_MS,
  policyOf,
  type RegistryWorld,
  registryWorld,
  revision,
  SUBJECT,
} from './registry-fixture.ts'

const policy = (version: number | string) => ({ 'policies/orders.yaml': policyOf(version) })
const live = (catalogue: Catalogue) => [...(catalogue.find('orders')?.versions.keys() ?? [])]
const edit = ({ dir }: RegistryWorld, text: string) => writeFileSync(join(dir, 'policies/orders.yaml'), text)
const errors = (catalogue: Catalogue) =>
  catalogue.diagnostics().flatMap(({ severity, message }) => (severity === 'error' ? [message] : []))

/** The next time the registry may be asked, twice looked at. */
async function aMinuteLater(world: RegistryWorld, catalogue: Catalogue): Promise<void> {
  world.pass(INTERVAL_MS)
  await catalogue.look()
  await catalogue.look()
}

/** The registry with some of its versions deleted. */
function without(registry: Pick<Registry, 'versions'>, version: number): Pick<Registry, 'versions'> {
  return { versions: async subject => (await registry.versions(subject)).filter(each => each.version !== version) }
}

test('a schema from the registry goes live like one from a file', async t => {
  const world = await registryWorld(t, policy(1))
  const { catalogue } = await world.start()
  const contract = catalogue.find('orders')!
  const version = contract.versions.get(schemaVersionOf('orders/1-0-0', 'orders'))!
  assert.deepEqual(JSON.parse(version.schemaText), first)
  assert.equal((version.derived['x-ecluse'] as { schemaSha256: string }).schemaSha256, version.schemaSha256)
  assert.equal(contract.wirePrefixes.get('1-0-0')?.length, 5)
  assert.deepEqual(errors(catalogue), [])
})

test('latest follows the registry, which is asked once a minute and not at every look', async t => {
  const world = await registryWorld(t, policy('latest'))
  const { catalogue } = await world.start()
  assert.equal(world.asked(), 1)
  await world.register(addition)
  for (let i = 0; i < 5; i++) await catalogue.look()
  assert.equal(world.asked(), 1)
  assert.deepEqual(live(catalogue), ['1-0-0'])
  await aMinuteLater(world, catalogue)
  assert.equal(world.asked(), 2)
  assert.deepEqual(live(catalogue), ['1-0-0', '1-0-1'])
})

test('a pinned version stays the last one until the policy names another, which is then asked for at once', async t => {
  const world = await registryWorld(t, policy(1))
  const { catalogue } = await world.start()
  await world.register(addition)
  await aMinuteLater(world, catalogue)
  assert.deepEqual(live(catalogue), ['1-0-0'])
  edit(world, policyOf(2))
  await catalogue.reload()
  assert.deepEqual(live(catalogue), ['1-0-0', '1-0-1'])
})

test('a bad version of the registry changes nothing, at a look and at a start, and is told until it is mended', async t => {
  const world = await registryWorld(t, policy('latest'))
  const { catalogue, problems } = await world.start()
  await world.register(broken)
  await aMinuteLater(world, catalogue)
  const restarted = await world.start()
  for (const each of [catalogue, restarted.catalogue]) {
    await each.look()
    assert.deepEqual(live(each), ['1-0-0'])
    assert.match(errors(each).join(), /registry version 2 of orders-raw-value, at \/properties\/note\/type/)
  }
  assert.match(problems.join(), /policies\/orders\.yaml:8:1: error: registry version 2/)
  // Policies may still be edited.
  edit(world, policyOf('latest').replace('revenue reporting', 'accounting'))
  await catalogue.reload()
  assert.equal(catalogue.find('orders')?.policy.purpose, 'accounting')
  assert.match(errors(catalogue).join(), /registry version 2/)
})

test('a version that the policy does not fit changes nothing', async t => {
  const strict = policyOf('latest')
    .replace('unclassified: encrypt', 'unclassified: reject')
    .replace('fields:', 'fields:\n  /id: { level: internal, action: keep }\n  /at: { level: internal, action: keep }')
  const world = await registryWorld(t, { 'policies/orders.yaml': strict })
  const { catalogue } = await world.start()
  await world.register(revision)
  await aMinuteLater(world, catalogue)
  assert.deepEqual(live(catalogue), ['1-0-0'])
  assert.match(errors(catalogue).join(), /\/note is required by the schema, and nobody has classified it/)
})

test('a registry that was made anew with other content is refused, and what was live stays so, also after a restart', async t => {
  const world = await registryWorld(t, policy('latest'), [first, addition])
  const { catalogue, problems } = await world.start()
  const another = await world.anotherRegistry()
  for (const schema of [first, revision]) await another.register(SUBJECT, schema)
  world.answerWith(another)
  await aMinuteLater(world, catalogue)
  const restarted = await world.start()
  for (const each of [catalogue, restarted.catalogue]) {
    assert.deepEqual(live(each), ['1-0-0', '1-0-1'])
    assert.deepEqual(each.find('orders')?.versions.get('1-0-1')?.schema, addition)
    assert.match(
      errors(each).join(),
      /version 2 of registry subject `orders-raw-value` is another than .* \(then id 2, /,
    )
  }
  assert.match(problems.join(), /Restore the registry\. GET \/v1\/datasets\/orders\/schemas\/1-0-1 shows/)
})

test('a registry that lost everything is told, and what was live stays so', async t => {
  const world = await registryWorld(t, policy(1))
  await world.start()
  world.answerWith(await world.anotherRegistry())
  const { catalogue } = await world.start()
  assert.deepEqual(live(catalogue), ['1-0-0'])
  assert.match(
    errors(catalogue).join(),
    /has no registry subject `orders-raw-value` any more; what was live of it stays/,
  )
})

test('a version that is deleted in the registry stays in force under its name', async t => {
  const world = await registryWorld(t, policy('latest'), [first, addition])
  const { catalogue } = await world.start()
  const again = await world.anotherRegistry()
  for (const schema of [first, addition, revision]) await again.register(SUBJECT, schema)
  world.answerWith(without(again, 1))
  await aMinuteLater(world, catalogue)
  assert.deepEqual(live(catalogue), ['1-0-0', '1-0-1', '1-1-0'])
  assert.deepEqual(live((await world.start()).catalogue), ['1-0-0', '1-0-1', '1-1-0'])
  assert.ok(catalogue.diagnostics().some(({ message }) => /^version 1 of .* is gone; it stays in force/.test(message)))
})

test('while the registry is down, what was live stays so at a look, at an edit and at a start', async t => {
  const world = await registryWorld(t, policy('latest'), [first, addition])
  const { catalogue, problems } = await world.start()
  world.answerWith('down')
  await aMinuteLater(world, catalogue)
  edit(world, `${policyOf('latest')}# read again\n`)
  await assert.rejects(catalogue.reload(), /nobody answers/)
  assert.deepEqual(live(catalogue), ['1-0-0', '1-0-1'])
  edit(world, policyOf('latest'))
  const restarted = await world.start()
  assert.deepEqual(live(restarted.catalogue), ['1-0-0', '1-0-1'])
  assert.deepEqual(restarted.catalogue.find('orders')?.versions.get('1-0-1')?.schema, addition)
  assert.deepEqual([...problems, ...restarted.problems], [])
  const [warning] = restarted.catalogue.diagnostics()
  assert.match(warning!.message, /cannot be asked .*; what was live of it stays in force: registry: https:/)
  world.answerWith('itself')
  await aMinuteLater(world, restarted.catalogue)
  assert.deepEqual(
    restarted.catalogue.diagnostics().filter(({ message }) => message.includes('cannot be asked')),
    [],
  )
})

test('a dataset that was never live waits for the registry', async t => {
  const world = await registryWorld(t, policy('latest'))
  world.answerWith('down')
  const { catalogue, problems } = await world.start()
  assert.deepEqual(live(catalogue), [])
  assert.match(problems.join(), /orders\.yaml:8:1: error: the registry cannot be asked .*; nothing goes live of it/)
  world.answerWith('itself')
  await aMinuteLater(world, catalogue)
  assert.deepEqual(live(catalogue), ['1-0-0'])
})

test('a version that was never fetched is not replaced by an older one', async t => {
  const world = await registryWorld(t, policy(1), [first, addition])
  const { catalogue } = await world.start()
  world.answerWith('down')
  edit(world, policyOf(2).replace('revenue reporting', 'accounting'))
  await catalogue.reload()
  assert.equal(catalogue.find('orders')?.policy.purpose, 'revenue reporting')
  assert.match(errors(catalogue).join(), /nothing goes live of it/)
})

test('processes that share a vault agree, even when the registry told them otherwise', async t => {
  const world = await registryWorld(t, policy('latest'), [])
  const one = await world.start()
  const two = await world.start()
  await world.register(first, addition)
  const again = await world.anotherRegistry()
  for (const schema of [first, addition]) await again.register(SUBJECT, schema)
  // Both are asked before either goes live.
  world.pass(INTERVAL_MS)
  await one.catalogue.look()
  world.answerWith(without(again, 1))
  await two.catalogue.look()
  await one.catalogue.look()
  assert.deepEqual(live(one.catalogue), ['1-0-0', '1-0-1'])
  await two.catalogue.look()
  assert.deepEqual(live(two.catalogue), [])
  assert.match(errors(two.catalogue).join(), /1-0-0 was registered with other content/)
  await aMinuteLater(world, two.catalogue)
  assert.deepEqual(live(two.catalogue), ['1-0-0', '1-0-1'])
})

test('versions do not move to another registry subject with other content', async t => {
  const world = await registryWorld(t, policy('latest'))
  await world.start()
  const another = await world.anotherRegistry()
  await another.register('moved-raw-value', { ...first, title: 'other' })
  edit(world, policyOf('latest', 'moved-raw-value'))
  world.answerWith(another)
  const { catalogue } = await world.start()
  assert.match(errors(catalogue).join(), /registry version 1 of moved-raw-value: schema version 1-0-0 was registered/)
})
