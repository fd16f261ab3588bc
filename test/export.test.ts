// The export of what is stored of a person, end to end: what is in the package, what is not, and that no bit of it can
// be changed unseen.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { readZip, type ZipFiles } from '../governance/audit/exact-zip.ts'
import { verifyDocument } from '../governance/audit/verify-document.ts'
import { verifyPackage } from '../governance/audit/verify-package.ts'
import type { PersonalData } from '../governance/subjects/export/personal-data.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { makeGiftsDir } from './gifts.ts'
import { customer, type Filed, fileRight, readRight, rightDone } from './rights.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const MAIN = join(import.meta.dirname, '../cli/main.ts')
/** Of a package, tried in turn; of a small one, a unit test tries all. */
const BITS = 1_000
const HOSTILE = '<script>alert("1")</script>'
const FORMULA = '=HYPERLINK("http://example.org")'

let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({
    dir: makeGiftsDir(),
    environment: {
      ECLUSE_LEASE_MS: '100',
      ECLUSE_MAINTENANCE_INTERVAL_MS: '100',
      ECLUSE_MAX_EXPORT_EVENTS: '50',
      ECLUSE_REQUEST_CLAIM_MS: '2000',
    },
  })
})
after(() => ecluse.end())

async function post(dataset: string, ...events: JsonObject[]): Promise<void> {
  const { answer } = await ecluse.post(dataset, events)
  assert.equal(answer.accepted, events.length, JSON.stringify(answer))
}

async function publicKeys(): Promise<string[]> {
  const { items } = (await (await ecluse.call('dpo', '/v1/signing-keys')).json()) as {
    items: { publicKeyPem: string }[]
  }
  return items.map(({ publicKeyPem }) => publicKeyPem)
}

const fetchPackage = (filed: Filed) => ecluse.call('dpo', `${filed.path}/package`)

interface Package {
  filed: Filed
  bytes: Buffer
  files: ZipFiles
  data: PersonalData
  text(path: string): string
}

async function exported(id: string, more: JsonObject = {}): Promise<Package> {
  const filed = await fileRight(ecluse, 'export', { ...customer(id), ...more })
  await rightDone(ecluse, filed)
  const response = await fetchPackage(filed)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/zip')
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const bytes = Buffer.from(await response.arrayBuffer())
  assert.equal(verifyDocument(bytes, await publicKeys()).type, 'ecluse/export-manifest/1')
  const files = readZip(bytes)
  const text = (path: string) => Buffer.from(files.get(path)!).toString()
  return { filed, bytes, files, data: JSON.parse(text('data.json')) as PersonalData, text }
}

/** Files of the data directory that hold one of these texts. */
function filesHold(...texts: string[]): string[] {
  return readdirSync(ecluse.dataDir, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && existsSync(join(entry.parentPath, entry.name)))
    .filter(entry => {
      const bytes = readFileSync(join(entry.parentPath, entry.name))
      return texts.some(text => bytes.includes(text))
    })
    .map(({ name }) => name)
}

/** What does not depend on when it was made, and for which request. */
function lasting({ data, text }: Package): string {
  const csv = data.datasets.map(({ dataset }) => text(`events/${dataset}.csv`))
  return JSON.stringify([data.persons, data.datasets, csv])
}

describe('the export of a person', () => {
  test('holds every event in the clear where it can be, and says why where it cannot', async () => {
    const id = randomUUID()
    const event = transactionOf(id)
    await post('transactions', event, transactionOf(id))
    await ecluse.post('transactions', { ...transactionOf(id), montant: 'not a number' })
    const { data, files } = await exported(id)
    assert.deepEqual([...files.keys()].sort(), ['data.json', 'events/transactions.csv', 'index.html', 'manifest.json'])
    assert.deepEqual(
      data.persons.map(({ type, id, restricted, aliases }) => [type, id, restricted, aliases]),
      [['customer', id, false, { count: 1, types: ['email'] }]],
    )
    const [dataset] = data.datasets
    assert.equal(dataset!.records.length, 2)
    const record = dataset!.records.find(each => each.id === event.id_transaction)!
    const user = record.event.utilisateur as JsonObject
    assert.equal(user.idUtilisateur, id)
    assert.equal(user.nom, (event.utilisateur as JsonObject).nom)
    assert.deepEqual(user.adresse, (event.utilisateur as JsonObject).adresse)
    assert.match(user.email as string, /^tok1\.person\./)
    assert.deepEqual(record.closed, [
      { pointer: '/lieu', action: 'generalise' },
      { pointer: '/utilisateur/email', action: 'pseudonymise' },
    ])
    assert.ok(Date.parse(record.keptUntil!) > Date.now())
    assert.equal(dataset!.contracts[0]!.legalBasis, 'contract')
    assert.deepEqual(dataset!.contracts[0]!.recipients, ['the finance department', 'auditors of the accounts'])
    assert.equal((dataset!.rejected[0]!.original as JsonObject).montant, 'not a number')
  })

  test('holds what the audit says of who read it, with the purpose', async () => {
    const id = randomUUID()
    const event = transactionOf(id)
    await post('transactions', event)
    await ecluse.settled()
    const path = `/v1/datasets/transactions/events/${event.id_transaction}?clear=true`
    const read = await ecluse.call('data-owner', path, { headers: { 'ecluse-purpose': 'a complaint' } })
    assert.equal(read.status, 200)
    const first = await exported(id)
    assert.deepEqual(
      first.data.accesses.map(({ kind, purpose, events }) => [kind, purpose, events]),
      [['clear-read', 'a complaint', [event.id_transaction]]],
    )
    const second = await exported(id)
    assert.deepEqual(
      second.data.accesses.map(({ kind }) => kind),
      ['clear-read', 'package-read'],
    )
  })

  test('holds nothing of anybody else', async () => {
    const [giver, receiver] = [randomUUID(), randomUUID()]
    const gift = { from: { id: giver, name: 'Ada' }, to: { id: receiver, name: 'Blaise', city: 'Rouen' }, note: 'book' }
    await post('gifts', gift)
    // Rejected: what is in it could be anybody's but for the declared fields.
    await ecluse.post('gifts', { ...gift, note: 7, card: 'from Clémence' })
    await ecluse.post('gifts', { ...gift, from: { id: giver, name: { of: 'Blaise' } } })
    const own = await exported(giver)
    const all = (files: ZipFiles) => [...files.values()].map(bytes => Buffer.from(bytes).toString()).join()
    for (const foreign of [receiver, 'Blaise', 'Rouen', 'Clémence'])
      assert.ok(!all(own.files).includes(foreign), `the giver’s package holds ${foreign}`)
    assert.ok(!all(own.files).includes('enc1.'))
    assert.deepEqual(own.data.datasets[0]!.records[0]!.event, { from: { id: giver, name: 'Ada' }, note: 'book' })
    assert.deepEqual(
      own.data.datasets[0]!.rejected.map(({ original }) => original),
      [
        { from: { id: giver, name: 'Ada' }, note: 7 },
        { from: { id: giver }, note: 'book' },
      ],
    )
    const other = await exported(receiver)
    for (const foreign of [giver, 'Ada', 'book', own.data.datasets[0]!.records[0]!.id!])
      assert.ok(!all(other.files).includes(foreign), `the receiver’s package holds ${foreign}`)
    const [mention] = other.data.datasets[0]!.records
    assert.deepEqual(mention!.event, { to: { id: receiver, name: 'Blaise', city: 'Rouen' } })
    assert.deepEqual([mention!.kind, mention!.id], ['mention', null])
  })

  test('shows hostile values as text, and is written in the person’s language', async () => {
    const id = randomUUID()
    await post(
      'gifts',
      { from: { id, name: HOSTILE }, note: FORMULA },
      { from: { id, name: '-5+3' }, note: 'a,"b"\nc' },
    )
    const { text } = await exported(id, { language: 'fr' })
    const html = text('index.html')
    assert.match(html, /<html lang="fr">/)
    assert.match(html, /Ce qui est enregistré à votre sujet/)
    assert.ok(!html.includes('<script'))
    assert.ok(html.includes('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;'))
    assert.match(html, /default-src 'none'; style-src 'sha256-/)
    const csv = text('events/gifts.csv')
    assert.ok(csv.includes(`"'=HYPERLINK(""http://example.org"")"`))
    assert.ok(csv.includes(`'-5+3`))
    assert.ok(csv.includes('"a,""b""\nc"\r\n'))
    const english = await exported(id)
    assert.match(english.text('index.html'), /<html lang="en">[\s\S]*What is stored about you/)
  })

  test('is the same after others were erased', async () => {
    const [id, other] = [randomUUID(), randomUUID()]
    await post('transactions', transactionOf(id), transactionOf(other))
    await post('gifts', { from: { id, name: 'Ada' }, to: { id: other, name: 'Blaise' }, note: 'book' })
    const one = await exported(id)
    await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(other)))
    const two = await exported(id)
    assert.equal(lasting(two), lasting(one))
  })

  test('of who is erased, or was never there, gives nothing; an erasure takes earlier packages along', async () => {
    const [id, name] = [randomUUID(), `Ada ${randomUUID()}`]
    await post('gifts', { from: { id, name }, note: 'book' })
    const { filed } = await exported(id)
    const lakeFiles = () => readdirSync(join(ecluse.dataDir, 'lake/exports'), { recursive: true }).map(String)
    assert.ok(lakeFiles().some(name => name.startsWith(filed.id)))
    assert.deepEqual(filesHold(name), [], 'nothing rests in the clear')
    await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(id)))
    const response = await fetchPackage(filed)
    assert.equal(response.status, 410)
    assert.equal(((await response.json()) as JsonObject).type, 'urn:ecluse:problem:package-gone')
    assert.ok(!lakeFiles().some(name => name.startsWith(`${filed.id}/`)))
    for (const [asked, expected] of [
      [id, { persons: 0, erased: 1, unknown: 0, records: 0, packageUntil: null }],
      [randomUUID(), { persons: 0, erased: 0, unknown: 1, records: 0, packageUntil: null }],
    ] as const) {
      const again = await fileRight(ecluse, 'export', customer(asked))
      assert.deepEqual((await rightDone(ecluse, again)).outcome, expected)
      assert.equal((await fetchPackage(again)).status, 404)
    }
  })

  test('fails with a clear sentence where it is more than one package holds', async () => {
    const id = randomUUID()
    await post('gifts', ...Array.from({ length: 51 }, () => ({ from: { id } })))
    const filed = await fileRight(ecluse, 'export', customer(id))
    const failed = await eventually('the export fails', async () => {
      const request = await readRight(ecluse, filed)
      return request.state === 'failed' && request
    })
    assert.match(failed.because as string, /50 records.*ECLUSE_MAX_EXPORT_EVENTS/)
    assert.equal((await fetchPackage(filed)).status, 409)
  })

  test('no bit of the package can be changed unseen', async () => {
    const id = randomUUID()
    await post('gifts', { from: { id, name: 'Ada' } })
    const { bytes } = await exported(id)
    const keys = await publicKeys()
    const first = randomInt(bytes.length * 8)
    console.log(`from bit ${first} of ${bytes.length * 8}`)
    for (let i = 0; i < BITS; i++) {
      const bit = (first + i * 8_191) % (bytes.length * 8)
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      assert.throws(() => verifyDocument(changed, keys), `bit ${bit}`)
    }
  })

  test('verifies offline with `ecluse verify`', async () => {
    const id = randomUUID()
    await post('gifts', { from: { id, name: 'Ada' } })
    const { bytes } = await exported(id)
    const [zip, pem] = [join(ecluse.dir, 'package.zip'), join(ecluse.dir, 'signing.pem')]
    writeFileSync(zip, bytes)
    writeFileSync(pem, (await publicKeys()).join('\n'))
    const run = () => promisify(execFile)(process.execPath, [MAIN, 'verify', zip, '--key', pem], { cwd: ecluse.dir })
    assert.match((await run()).stdout, /^Valid ecluse\/export-manifest\/1: 3 files, signed by key [0-9a-f]{16}/)
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(zip, bytes)
    await assert.rejects(run(), { code: 1 })
  })

  test('goes on after the process was killed in its midst', async () => {
    const id = randomUUID()
    await post('gifts', ...Array.from({ length: 20 }, (_, i) => ({ from: { id, name: `Ada ${i}` } })))
    const filed = await fileRight(ecluse, 'export', customer(id))
    await eventually('it has begun', async () => ((await readRight(ecluse, filed)).stages as []).length > 0)
    await ecluse.end('SIGKILL')
    ecluse = await ecluse.restart()
    const done = await rightDone(ecluse, filed)
    assert.deepEqual([(done.outcome as JsonObject).persons, (done.outcome as JsonObject).records], [1, 20])
    const response = await fetchPackage(filed)
    assert.equal(response.status, 200)
    verifyPackage(Buffer.from(await response.arrayBuffer()), await publicKeys())
  })
})
