import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openFileRegistry } from '../../storage/registry/file.ts'
import { type CatalogueOptions, openCatalogue } from './catalogue.ts'
import { policyText, schemaText, writeDataset } from './contract-fixture.ts'
import { nearestSchemaVersion, schemaVersionOf } from './name-schema-version.ts'

async function opened(t: TestContext, given: Partial<CatalogueOptions> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-catalogue-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  await writeDataset(dir)
  const problems: string[] = []
  const options: CatalogueOptions = {
    schemasDir: join(dir, 'schemas'),
    policiesDir: join(dir, 'policies'),
    maxViolations: 20,
    registry: await openFileRegistry(join(dir, 'registry')),
    onActivate: async () => {},
    onProblem: ({ diagnostics }) => problems.push(...diagnostics.map(({ message }) => message)),
    ...given,
  }
  const policy = join(dir, 'policies/orders.yaml')
  const schema = join(dir, 'schemas/orders/1-0-0.json')
  return { dir, options, policy, schema, problems, catalogue: await openCatalogue(options) }
}

test('a contract is live once its schema is registered, under a wire format prefix that names the registry id', async t => {
  const { catalogue, options } = await opened(t)
  const contract = catalogue.find('orders')!
  const prefix = contract.wirePrefixes.get('1-0-0')!
  assert.equal(prefix[0], 0)
  assert.deepEqual(await options.registry.schemaById(prefix.readUInt32BE(1)), contract.versions.get('1-0-0')!.derived)
  assert.deepEqual(catalogue.all(), [contract])
})

test('a good edit replaces the contract; an edit that changes nothing does not', async t => {
  let activations = 0
  const { catalogue, policy } = await opened(t, {
    onActivate: async () => {
      activations++
    },
  })
  const before = catalogue.find('orders')
  writeFileSync(policy, policyText)
  await catalogue.reload()
  assert.equal(catalogue.find('orders'), before)
  writeFileSync(policy, policyText.replace('revenue reporting', 'accounting'))
  await catalogue.reload()
  assert.equal(catalogue.find('orders')?.policy.purpose, 'accounting')
  assert.equal(activations, 2)
})

test('a bad edit, and files that are gone, leave the last good contract live and are reported until mended', async t => {
  const { catalogue, policy, problems } = await opened(t)
  const before = catalogue.find('orders')
  writeFileSync(policy, policyText.replace('owner:', 'ovner:'))
  await catalogue.reload()
  assert.equal(catalogue.find('orders'), before)
  assert.match(problems.join(), /ovner/)
  rmSync(policy)
  await catalogue.reload()
  assert.equal(catalogue.find('orders'), before)
  assert.ok(catalogue.diagnostics().some(({ severity, dataset }) => severity === 'error' && dataset === 'orders'))
  writeFileSync(policy, policyText)
  await catalogue.reload()
  assert.deepEqual(
    catalogue.diagnostics().filter(({ severity }) => severity === 'error'),
    [],
  )
})

test('an edit of a table that its aggregates join replaces the contract; one of another table does not', async t => {
  const { catalogue, dir, policy } = await opened(t)
  mkdirSync(join(dir, 'policies/references'))
  const table = (name: string, text: string) => writeFileSync(join(dir, `policies/references/${name}.csv`), text)
  table('ids', 'id,name\n1,one\n')
  const joined = 'groupBy: [/id], join: { reference: ids, on: /id, take: [name] }'
  writeFileSync(
    policy,
    `${policyText}aggregates:\n  a: { window: { tumbling: 1h }, measures: { n: count }, ${joined} }\n`,
  )
  await catalogue.reload()
  const nameOf1 = () => catalogue.find('orders')?.references.get('ids')?.rows.get('1')?.name
  assert.equal(
    nameOf1(),
    'one',
    catalogue
      .diagnostics()
      .map(({ message }) => message)
      .join(),
  )
  table('ids', 'id,name\n1,uno\n')
  await catalogue.reload()
  assert.equal(nameOf1(), 'uno')
  const before = catalogue.find('orders')
  table('others', 'id,name\n1,one\n')
  await catalogue.reload()
  assert.equal(catalogue.find('orders'), before)
  rmSync(join(dir, 'policies/references/ids.csv'))
  await catalogue.reload()
  assert.equal(catalogue.find('orders'), before)
  assert.match(
    catalogue
      .diagnostics()
      .map(({ message }) => message)
      .join(),
    /there is no reference table `ids`/,
  )
})

test('a dataset whose files are both gone stays live, and its steward is told', async t => {
  const { catalogue, dir, options } = await opened(t)
  renameSync(join(options.schemasDir, 'orders'), join(dir, 'away'))
  rmSync(join(options.policiesDir, 'orders.yaml'))
  rmSync(join(options.schemasDir, 'lock.json'), { force: true })
  await catalogue.reload()
  assert.ok(catalogue.find('orders'))
  assert.match(
    catalogue
      .diagnostics()
      .map(({ message }) => message)
      .join(),
    /are gone/,
  )
})

test('a version that was registered with other content is refused, even where no lock file was kept', async t => {
  const { catalogue, options, schema } = await opened(t)
  rmSync(join(options.schemasDir, 'lock.json'), { force: true })
  writeFileSync(schema, readFileSync(schema, 'utf8').replace('"type": "object"', '"title": "edited", "type": "object"'))
  await catalogue.reload()
  const [error] = catalogue.diagnostics().filter(({ severity }) => severity === 'error')
  assert.match(error!.message, /1-0-0 was registered with other content/)
  assert.equal(catalogue.find('orders')?.versions.get('1-0-0')?.schemaText, schemaText)
})

test('a contract that could not be prepared is not live, and is tried again', async t => {
  let broken = true
  const told: unknown[] = []
  const { catalogue, policy } = await opened(t, {
    onActivate: async ({ policy: { purpose } }) => {
      if (broken && purpose === 'accounting') throw new Error('the log is down')
    },
    onProblem: ({ error }) => told.push(error),
  })
  writeFileSync(policy, policyText.replace('revenue reporting', 'accounting'))
  await assert.rejects(catalogue.reload(), /the log is down/)
  assert.equal(catalogue.find('orders')?.policy.purpose, 'revenue reporting')
  broken = false
  await catalogue.reload()
  assert.equal(catalogue.find('orders')?.policy.purpose, 'accounting')
})

test('a file that is still being written does not go live: two looks must find it the same', async t => {
  const { catalogue, policy } = await opened(t)
  const purpose = () => catalogue.find('orders')?.policy.purpose
  writeFileSync(policy, policyText.replace('revenue reporting', 'half'))
  await catalogue.look()
  writeFileSync(policy, policyText.replace('revenue reporting', 'the whole'))
  await catalogue.look()
  assert.equal(purpose(), 'revenue reporting')
  await catalogue.look()
  assert.equal(purpose(), 'the whole')
})

test('a directory that is gone is reported once, keeps what is live, and is read again when it is back', async t => {
  const { catalogue, dir, options, problems } = await opened(t)
  renameSync(options.policiesDir, join(dir, 'away'))
  for (let i = 0; i < 4; i++) await catalogue.look()
  assert.ok(catalogue.find('orders'))
  assert.deepEqual(
    problems,
    catalogue.diagnostics().map(({ message }) => message),
  )
  assert.match(problems.join(), /^the directory of policies cannot be read/)
  renameSync(join(dir, 'away'), options.policiesDir)
  for (let i = 0; i < 2; i++) await catalogue.look()
  assert.deepEqual(
    catalogue.diagnostics().filter(({ severity }) => severity === 'error'),
    [],
  )
})

test('a link that leads nowhere holds up nobody else', { skip: process.platform === 'win32' }, async t => {
  const { catalogue, options, policy } = await opened(t)
  symlinkSync('/nowhere', join(options.policiesDir, 'lost.yaml'))
  writeFileSync(policy, policyText.replace('revenue reporting', 'accounting'))
  await catalogue.reload()
  assert.equal(catalogue.find('orders')?.policy.purpose, 'accounting')
  assert.ok(catalogue.diagnostics().some(({ severity, dataset }) => severity === 'error' && dataset === 'lost'))
})

test('a catalogue without its directory does not open, and says which setting names it', async t => {
  await assert.rejects(opened(t, { schemasDir: '/nowhere' }), /\/nowhere.*ECLUSE_SCHEMAS_DIR/)
})

test('an edit under which events sent again are no copies any more goes live with a warning', async t => {
  const { catalogue, policy, problems } = await opened(t)
  writeFileSync(policy, policyText.replace('id: /id\n', 'id: /at\n').replace('type: customer', 'type: shopper'))
  await catalogue.reload()
  assert.equal(catalogue.find('orders')?.eventId?.pointer, '/at')
  assert.deepEqual(problems, [
    'event.id is another than before the edit: events sent again will not be recognised as copies.',
    'the first subject is another than before the edit: events sent again will not be recognised as copies.',
  ])
  assert.ok(catalogue.diagnostics().some(({ severity, message }) => severity === 'warning' && message === problems[0]))
})

test('a schema version may be named in three ways, and an unknown one is told the nearest', async t => {
  const { catalogue } = await opened(t)
  const contract = catalogue.find('orders')!
  for (const named of ['1-0-0', 'orders/1-0-0', 'https://gate.example/v1/datasets/orders/schemas/1-0-0'])
    assert.equal(schemaVersionOf(named, 'orders'), '1-0-0')
  assert.equal(schemaVersionOf('payments/1-0-0', 'orders'), 'payments/1-0-0')
  assert.match(nearestSchemaVersion(contract, '1-0-1'), /Did you mean `1-0-0`/)
})
