// Loading schemas and policies from their directories: what is refused, and what it is called.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { check, policyText, schemaText, schemaWith, writeDataset } from './contract-fixture.ts'
import { formatDiagnostic } from './diagnostic.ts'
import { loadContracts, lockSchemas } from './load.ts'

async function written(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'ecluse-load-'))
  t.after(() => rm(dir, { recursive: true }))
  await writeDataset(dir)
  return { dir, options: { schemasDir: join(dir, 'schemas'), policiesDir: join(dir, 'policies'), maxViolations: 20 } }
}

const promises: [promise: string, files: Record<string, string | Buffer | undefined>, said: string[]][] = [
  [
    'a dataset without policy, and one without schema, are refused, each with the other’s name',
    {
      'policies/orders.yaml': undefined,
      'policies/ordres.yaml': policyText.replace('dataset: orders', 'dataset: ordres'),
    },
    [
      'policies/ordres.yaml:1:10: error: the dataset ordres has no schema. Fix: Did you mean `orders`? Write schemas/ordres/1-0-0.json.',
      'schemas/orders:1:1: error: the dataset orders has no policy. Fix: Did you mean `ordres`? Write policies/orders.yaml.',
    ],
  ],
  [
    'files that are not read are a warning; hidden files and folders beside the policies are not',
    {
      'policies/notes.txt': '',
      'schemas/x.json': '{}',
      'schemas/orders/v1.json': '{}',
      'policies/access/a.yaml': '',
      'policies/.swp': '',
    },
    [
      'policies/notes.txt:1:1: warning: this file is not read. Fix: Policies stand in policies/<dataset>.yaml.',
      'schemas/orders/v1.json:1:1: warning: this file is not read. Fix: Call a schema by its version: 1-0-0.json.',
      'schemas/x.json:1:1: warning: this file is not read. Fix: Schemas stand in schemas/<dataset>/1-0-0.json.',
    ],
  ],
  [
    'a dataset’s name must be one',
    { 'schemas/Bad Name/1-0-0.json': '{}', 'policies/Order.yaml': policyText },
    [
      'policies/Order.yaml:1:1: error: `Order` cannot be the name of a dataset. Fix: Use lower-case letters, digits and hyphens, beginning with a letter, at most 63 characters.',
      'schemas/Bad Name:1:1: error: `Bad Name` cannot be the name of a dataset. Fix: Use lower-case letters, digits and hyphens, beginning with a letter, at most 63 characters.',
    ],
  ],
  [
    'a version that does more than its name says is refused, with the name it should have',
    { 'schemas/orders/1-0-1.json': schemaText.replace('"required": ["buyer"]', '"required": ["buyer", "amount"]') },
    [
      'schemas/orders/1-0-1.json:1:1: error: 1-0-1 says it is an ADDITION to 1-0-0, but it is a REVISION: `/amount` became required: producers on 1-0-0 that leave it out would be rejected. Fix: Call the file 1-1-0.json, or take the change back.',
    ],
  ],
  [
    'a removed property is a new model',
    { 'schemas/orders/1-1-0.json': schemaText.replace('"at": { "type": "string" },', '') },
    [
      'policies/orders.yaml:10:15: error: there is no `/at` in schema version 1-1-0. Fix: Did you mean `/id`? Point to a property the schema declares.',
      'schemas/orders/1-1-0.json:1:1: error: 1-1-0 says it is a REVISION to 1-0-0, but it is a MODEL: `/at` was removed: producers on 1-0-0 that send it would be rejected. Fix: Call the file 2-0-0.json, or take the change back.',
    ],
  ],
  [
    'a version that skips others is refused, with the name it should have',
    { 'schemas/orders/3-0-5.json': schemaText },
    [
      'schemas/orders/3-0-5.json:1:1: error: 3-0-5 skips versions: after 1-0-0, the next MODEL is 2-0-0. Fix: Call the file 2-0-0.json.',
    ],
  ],
  [
    'a changed file of a locked version, and one that is gone, are refused',
    {
      'schemas/lock.json': JSON.stringify({
        'orders/1-0-0': '0'.repeat(64),
        'orders/1-0-1': '0'.repeat(64),
        'gone/1-0-0': '0'.repeat(64),
      }),
    },
    [
      'schemas/lock.json:1:84: error: version 1-0-1 of orders is locked, and its file is gone. Fix: Restore the file: stored events refer to it.',
      'schemas/lock.json:1:166: error: version 1-0-0 of gone is locked, and its file is gone. Fix: Restore the file: stored events refer to it.',
      'schemas/orders/1-0-0.json:1:1: error: version 1-0-0 was changed after it was locked; a version never changes. Fix: Restore it and add the next version as a new file.',
    ],
  ],
  [
    'a lock that is no lock is refused',
    { 'schemas/lock.json': '{"orders/1-0-0": "x"}' },
    [
      'schemas/lock.json:1:18: error: `orders/1-0-0` is not written as it should be. Fix: It must match ^[0-9a-f]{64}$.',
    ],
  ],
  [
    'aliases that multiply are refused',
    {
      'policies/orders.yaml':
        'a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n',
    },
    [
      'policies/orders.yaml:1:1: error: the file cannot be read: Excessive alias count indicates a resource exhaustion attack. Fix: Simplify it.',
    ],
  ],
  [
    'nesting without end is refused',
    {
      'policies/orders.yaml': `a: ${'['.repeat(20_000)}`,
      'schemas/orders/1-0-0.json': `${'['.repeat(200)}${']'.repeat(200)}`,
    },
    [
      'policies/orders.yaml:1:1: error: the file cannot be read: it is nested too deeply. Fix: Simplify it.',
      'schemas/orders/1-0-0.json:1:1: error: the file cannot be read: it is nested more than 100 levels deep. Fix: Simplify it.',
    ],
  ],
  [
    'a file that is too large is refused',
    { 'policies/orders.yaml': '#'.repeat(300 * 1024) },
    ['policies/orders.yaml:1:1: error: the file is larger than 256 KiB. Fix: Make it smaller.'],
  ],
  [
    'a file that is not UTF-8 is refused',
    { 'policies/orders.yaml': Buffer.from([0x61, 0xff]) },
    ['policies/orders.yaml:1:1: error: the file is not UTF-8. Fix: Save it in the encoding UTF-8.'],
  ],
  [
    'broken YAML is refused where it breaks',
    { 'policies/orders.yaml': 'dataset: orders\nowner: [a\n' },
    [
      'policies/orders.yaml:3:1: error: flow sequence in block collection must be sufficiently indented and end with a ]. Fix: Mend the YAML syntax here.',
    ],
  ],
  [
    'an alias in a policy stands for what it names',
    {
      'policies/orders.yaml': policyText
        .replace('/amount: {', '/amount: &kept {')
        .replace('unclassified', '  /at: *kept\nunclassified'),
    },
    [],
  ],
]

for (const [promise, files, said] of promises) {
  test(promise, async () => {
    assert.deepEqual((await check(files)).said, said)
  })
}

test('a dataset with an error is left out, and the others are not', async () => {
  const { contracts } = await check({
    'policies/broken.yaml': 'dataset: [',
    'schemas/broken/1-0-0.json': '{}',
  })
  assert.deepEqual([...contracts.keys()], ['orders'])
})

test('a directory that cannot be read is one sentence with the setting that names it, and nothing is said of its files', async () => {
  const loaded = await loadContracts({ schemasDir: '/nowhere', policiesDir: import.meta.filename, maxViolations: 1 })
  assert.equal(loaded.isComplete, false)
  assert.deepEqual(loaded.diagnostics.map(formatDiagnostic), [
    '/nowhere:1:1: error: the directory of schemas cannot be read: there is nothing at this path, or a link that leads nowhere. Fix: Put it there, or set ECLUSE_SCHEMAS_DIR to where the schemas are.',
    `${import.meta.filename}:1:1: error: the directory of policies cannot be read: it is no directory. Fix: Put it there, or set ECLUSE_POLICIES_DIR to where the policies are.`,
  ])
})

test('a name that cannot be read is an error of that dataset alone', {
  skip: process.platform === 'win32',
}, async t => {
  const { dir, options } = await written(t)
  await symlink('/nowhere', join(options.policiesDir, 'lost.yaml'))
  await symlink('/nowhere', join(options.schemasDir, 'lost'))
  execFileSync('mkfifo', [join(options.policiesDir, 'pipe.yaml')])
  await mkdir(join(options.policiesDir, 'folder.yaml'))
  const { contracts, diagnostics } = await loadContracts(options)
  assert.deepEqual([...contracts.keys()], ['orders'])
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error').map(d => formatDiagnostic(d).replaceAll(`${dir}/`, '')),
    [
      'policies/lost.yaml:1:1: error: this cannot be read: there is nothing at this path, or a link that leads nowhere. Fix: Put a readable file there, or take the name away.',
      'policies/pipe.yaml:1:1: error: this cannot be read: it is no file. Fix: Put a readable file there, or take the name away.',
      'schemas/lost:1:1: error: this cannot be read: there is nothing at this path, or a link that leads nowhere. Fix: Put a readable file there, or take the name away.',
    ],
  )
})

test('links are followed, to files and to directories', { skip: process.platform === 'win32' }, async t => {
  const { dir, options } = await written(t)
  for (const path of ['schemas/orders', 'policies/orders.yaml']) {
    await rename(join(dir, path), join(dir, basename(path)))
    await symlink(join(dir, basename(path)), join(dir, path))
  }
  assert.deepEqual([...(await loadContracts(options)).contracts.keys()], ['orders'])
})

test('a dataset whose files are unchanged is not compiled again', async t => {
  const { options } = await written(t)
  const compiled = new Map()
  const load = async () => (await loadContracts({ ...options, compiled })).contracts.get('orders')
  const first = await load()
  assert.equal(await load(), first)
  await lockSchemas(options.schemasDir)
  const locked = await load()
  assert.notEqual(locked, first)
  await writeFile(join(options.policiesDir, 'orders.yaml'), policyText.replace('revenue', 'cost'))
  assert.equal((await load())?.policy.purpose, 'cost reporting')
})

test('a contract says all that ingestion needs', async () => {
  const event = { id: 'o-1', buyer: { number: 'c-1' } }
  const example = schemaText.replace('"type": "object",', `"type": "object", "examples": [${JSON.stringify(event)}],`)
  const newer = schemaWith('"note": { "type": "string" }', example)
  const additions = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  const { contracts, said } = await check({
    'schemas/orders/1-0-0.json': example,
    ...Object.fromEntries(additions.map(n => [`schemas/orders/1-0-${n}.json`, newer])),
    'policies/orders.yaml': policyText
      .replace('id: /id\n', 'id: { at: /id, personal: true }\n  source: urn:shop\n  type: order\n')
      .replace('aliases: [', 'sentinels: [unknown, 0], aliases: ['),
  })
  assert.deepEqual(said, [])
  const contract = contracts.get('orders')!
  assert.equal(contract.newest, '1-0-10')
  assert.deepEqual([...contract.versions.keys()], ['1-0-0', ...additions.map(n => `1-0-${n}`)])
  assert.deepEqual(contract.eventId, { pointer: '/id', personal: true })
  assert.deepEqual(contract.eventTime, { pointer: '/at', zone: 'Europe/Paris' })
  assert.deepEqual([contract.ceSource, contract.ceType], ['urn:shop', 'order'])
  assert.deepEqual(contract.sample, event)
  assert.equal(contract.retentionMs.log, 7 * 86_400_000)
  assert.deepEqual(contract.subjects, [
    {
      name: 'buyer',
      type: 'customer',
      pointer: '/buyer/number',
      aliases: [{ type: 'email', pointer: '/buyer/email' }],
      sentinels: new Set(['unknown', '0']),
    },
  ])
  const version = contract.versions.get('1-0-10')!
  assert.deepEqual(version.coverage, { declared: 6, classified: 4, protected: 5 })
  assert.deepEqual(version.validate(event), [])
})

test('a policy that says nothing of source and type gets the dataset’s', async () => {
  const contract = (await check()).contracts.get('orders')!
  assert.deepEqual([contract.ceSource, contract.ceType], ['urn:ecluse:orders', 'orders'])
})
