// What `ecluse check` says of a dataset whose raw schema is in the registry.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { openConfluentRegistry } from '../../storage/registry/confluent.ts'
import { policyText, schemaText } from './contract-fixture.ts'
import { loadContracts, lockSchemas } from './load.ts'
import {
  addition,
  broken,
  first,
  model,
  policyOf,
  type RegistryWorld,
  registryWorld,
  revision,
  SUBJECT,
} from './registry-fixture.ts'

const policy = (version: number | string, registrySubject?: string) => ({
  'policies/orders.yaml': policyOf(version, registrySubject),
})
const withoutLock = (said: string[]) => said.filter(line => !line.includes('is not locked yet'))

test('registry versions are schema versions, each named by how far it is from the one before', async t => {
  const world = await registryWorld(t, policy('latest'), [
    first,
    addition,
    { ...addition, title: 'x' },
    revision,
    model,
  ])
  const { contracts, said } = await world.check()
  assert.deepEqual(withoutLock(said), [])
  const { versions, newest } = contracts.get('orders')!
  assert.deepEqual([...versions.keys()], ['1-0-0', '1-0-1', '1-0-2', '1-1-0', '2-0-0'])
  assert.equal(newest, '2-0-0')
  assert.deepEqual(versions.get('1-0-1')!.schema, addition)
})

test('a pinned version is the last one that is taken', async t => {
  const world = await registryWorld(t, policy(2), [first, addition, broken])
  const { contracts, said } = await world.check()
  assert.deepEqual(withoutLock(said), [])
  assert.deepEqual([...contracts.get('orders')!.versions.keys()], ['1-0-0', '1-0-1'])
})

const promises: [promise: string, files: Record<string, string | undefined>, schemas: object[], said: string[]][] = [
  [
    'a schema in the registry and in files at once is refused',
    { ...policy(1), 'schemas/orders/1-0-0.json': schemaText },
    [first],
    [
      'policies/orders.yaml:8:1: error: the schema is in the registry and in files at once. Fix: Take `schema:` out of the policy, or take the folder schemas/orders away.',
    ],
  ],
  [
    'what Écluse itself registered is nobody’s raw schema',
    policy(1, 'ecluse.payments-value'),
    [first],
    [
      'policies/orders.yaml:8:21: error: `ecluse.payments-value` holds the schemas of what Écluse stores, not of what producers send. Fix: Name the registry subject of the raw schema.',
    ],
  ],
  [
    'a version that is neither a number nor latest is refused',
    policy('lastest'),
    [first],
    [
      'policies/orders.yaml:8:48: error: `version` is not written as it should be. Fix: The registry version up to which schemas are taken: a number; or latest, to follow the registry.',
    ],
  ],
  [
    'version 0 is refused',
    policy(0),
    [first],
    [
      'policies/orders.yaml:8:48: error: `version`: the number must be at least 1. Fix: The registry version up to which schemas are taken: a number; or latest, to follow the registry.',
    ],
  ],
  [
    'a reference without version is refused',
    { 'policies/orders.yaml': policyOf(1).replace(', version: 1', '') },
    [first],
    [
      'policies/orders.yaml:8:9: error: `version` is missing. Fix: Add `version:`. The registry version up to which schemas are taken: a number; or latest, to follow the registry.',
    ],
  ],
  [
    'a registry subject that is not there is told with the one that was meant',
    policy('latest', 'orders-raw'),
    [first],
    [
      'policies/orders.yaml:8:1: error: the registry has no registry subject `orders-raw`. Fix: Did you mean `orders-raw-value`? Register the schema there, or mend the name.',
    ],
  ],
  [
    'a version that is not there is told with those that are',
    policy(7),
    [first, addition],
    [
      'policies/orders.yaml:8:1: error: registry subject `orders-raw-value` has no version 7. Fix: It has `1`, `2`: name one of them, or latest.',
    ],
  ],
  [
    'a mistake in a schema is told where the policy names it, with the registry version and JSON Pointer',
    policy('latest'),
    [first, broken],
    [
      'policies/orders.yaml:8:1: error: registry version 2 of orders-raw-value, at /properties/note/type: `strin` is no JSON type. Fix: Did you mean `string`? Types are `null`, `boolean`, `integer`, `number`, `string`, `array`, `object`.',
    ],
  ],
  [
    'a reference out of the schema is refused, as in files',
    policy('latest'),
    [{ ...first, properties: { ...first.properties, at: { $ref: 'https://example.org/at.json' } } }],
    [
      'policies/orders.yaml:8:1: error: registry version 1 of orders-raw-value, at /properties/at/$ref: `$ref` leads to no schema of this file. Fix: Refer to a schema of this file: "#/$defs/…".',
    ],
  ],
  [
    'another draft is refused, as in files',
    policy('latest'),
    [{ ...first, $schema: 'http://json-schema.org/draft-07/schema#' }],
    [
      'policies/orders.yaml:8:1: error: registry version 1 of orders-raw-value, at /$schema: only draft 2020-12 is understood. Fix: Write "$schema": "https://json-schema.org/draft/2020-12/schema".',
    ],
  ],
  [
    'a schema that is too large is refused, as in files',
    policy('latest'),
    [{ ...first, description: '#'.repeat(300 * 1024) }],
    [
      'policies/orders.yaml:8:1: error: registry version 1 of orders-raw-value: the file is larger than 256 KiB. Fix: Make it smaller.',
    ],
  ],
  [
    'a policy that does not fit the schema is told where it does not',
    { 'policies/orders.yaml': policyOf(1).replace('/amount:', '/amuont:') },
    [first],
    [
      'policies/orders.yaml:15:3: error: `/amuont` matches nothing in the schema. Fix: Did you mean `/amount`? Name a property the schema declares.',
    ],
  ],
]

for (const [promise, files, schemas, expected] of promises) {
  test(promise, async t => {
    const { contracts, said } = await (await registryWorld(t, files, schemas)).check()
    assert.deepEqual(withoutLock(said), expected)
    assert.equal(contracts.has('orders'), false)
  })
}

test('where no registry can be asked, the policy is checked by itself', async t => {
  const mistaken = { 'policies/orders.yaml': policyOf(1).replace('owner: shop@example.org\n', '') }
  const world = await registryWorld(t, { ...policy(1), 'schemas/lock.json': `{"orders/1-0-0": "${'0'.repeat(64)}"}` })
  world.answerWith('down')
  assert.deepEqual((await world.check()).said, [
    'policies/orders.yaml:8:1: warning: the registry cannot be asked for `orders-raw-value`; the policy was checked by itself: registry: https://registry.example: nobody answers. Fix: Run the check where the registry can be reached.',
  ])
  const { diagnostics } = await loadContracts(world.options)
  assert.deepEqual(
    diagnostics.map(({ severity, message }) => [severity, message]),
    [['warning', 'the schema is in the registry, which was not asked: the policy was checked by itself.']],
  )
  const other = await registryWorld(t, mistaken)
  other.answerWith('down')
  assert.match((await other.check()).said.join('\n'), /orders.yaml:1:1: error: `owner` is missing/)
})

test('versions of the registry are locked as files are, and another content is refused from then on', async t => {
  const world = await registryWorld(t, policy('latest'), [first, addition])
  const { contracts, said } = await world.check()
  assert.deepEqual(said, [
    'policies/orders.yaml:8:1: warning: registry version 1 of orders-raw-value: version 1-0-0 is not locked yet. Fix: Run `ecluse check --lock`.',
    'policies/orders.yaml:8:1: warning: registry version 2 of orders-raw-value: version 1-0-1 is not locked yet. Fix: Run `ecluse check --lock`.',
  ])
  const hashes = [...contracts.get('orders')!.versions].map(([version, { schemaSha256 }]): [string, string] => [
    `orders/${version}`,
    schemaSha256,
  ])
  assert.deepEqual(await lockSchemas(world.options.schemasDir, () => true, hashes), ['orders/1-0-0', 'orders/1-0-1'])
  assert.deepEqual((await world.check()).said, [])
  const another = await world.anotherRegistry()
  await another.register(SUBJECT, { ...first, title: 'made anew' })
  world.answerWith(another)
  assert.match((await world.check()).said.join('\n'), /orders-raw-value: version 1-0-0 was changed after it was locked/)
})

/** A server that speaks Confluent's API and holds one version of another kind. */
async function avroServer(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    const schema = { subject: SUBJECT, version: 1, id: 1, schema: '"string"' }
    response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
    response.end(JSON.stringify(request.url!.endsWith('/versions') ? [1] : schema))
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a registry subject of another kind than JSON Schema is refused, and the kind is named', async t => {
  const world: RegistryWorld = await registryWorld(t, policy('latest'))
  const registry = await openConfluentRegistry({ url: await avroServer(t) })
  t.after(() => registry.close())
  world.answerWith(registry)
  assert.deepEqual((await world.check()).said, [
    'policies/orders.yaml:8:1: error: registry subject `orders-raw-value` holds AVRO, not JSON Schema. Fix: Name a registry subject that holds JSON Schemas of draft 2020-12 alone.',
  ])
})

test('the word schema elsewhere in a policy means nothing', async t => {
  const said = policyText.replace('purpose: revenue reporting', 'purpose: "the schema: of things"')
  const world = await registryWorld(t, { 'policies/orders.yaml': said, 'schemas/orders/1-0-0.json': schemaText })
  assert.ok((await world.check()).contracts.has('orders'))
  assert.equal(world.asked(), 0)
})
