import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { v7 as uuidV7 } from 'uuid'
import { canonicalText } from '../governance/audit/exact-text.ts'
import { readZip } from '../governance/audit/exact-zip.ts'
import { addLeaf, type Frontier, leafHash, rootOf } from '../governance/audit/merkle-tree.ts'
import { AUDIT_TOPIC, openAudit } from '../governance/audit/record.ts'
import { verifyDocument } from '../governance/audit/verify-document.ts'
import type { PersonalData } from '../governance/subjects/export/personal-data.ts'
import { findPersons } from '../governance/subjects/find-persons.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { seededRandom } from '../sources/simulate/seeded-random.ts'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'
import type { JsonObject } from '../storage/json.ts'
import type { PersonEntry } from '../storage/vault/vault.ts'
import { eraseLiving } from './erase-living.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { openDocumentsForReading } from './read-documents.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'
import { startEcluse } from './start-ecluse.ts'

const MAIN = join(import.meta.dirname, '../cli/main.ts')
const HEADS = { ECLUSE_AUDIT_HEAD_MS: '100' }

interface Entry {
  index: number
  entry: JsonObject & { kind: string }
  private?: JsonObject
}

function run({ dir, url, keys }: EcluseProcess, args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: dir,
    env: { ECLUSE_URL: url, ECLUSE_API_KEY: keys.auditor! },
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { status, stdout, stderr }
}

/** Keeps an answer as a file, exactly as it came. */
async function keep(ecluse: EcluseProcess, path: string, name: string): Promise<Buffer> {
  const response = await ecluse.call('auditor', path)
  assert.equal(response.status, 200, path)
  const bytes = Buffer.from(await response.arrayBuffer())
  writeFileSync(join(ecluse.dir, name), bytes)
  return bytes
}

async function keepKey(ecluse: EcluseProcess): Promise<string> {
  const { items } = (await (await ecluse.call('analyst', '/v1/signing-keys')).json()) as {
    items: { publicKeyPem: string }[]
  }
  const pem = items[0]!.publicKeyPem
  writeFileSync(join(ecluse.dir, 'signing.pem'), pem)
  return pem
}

/** Size of the newest signed tree, once all there is was signed. */
async function signedSize(ecluse: EcluseProcess): Promise<number> {
  await ecluse.settled()
  return await eventually('the whole tree is signed', async () => {
    const { items } = (await (await ecluse.call('auditor', '/v1/audit/entries?limit=1')).json()) as { items: Entry[] }
    const head = await ecluse.call('auditor', '/v1/audit/head')
    if (head.status !== 200) return undefined
    const { payload } = (await head.json()) as { payload: { treeSize: number } }
    return payload.treeSize === items[0]!.index + 1 && payload.treeSize
  })
}

function flip(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[bit >> 3]! ^= 1 << (bit & 7)
  return changed
}

test('what was recorded is shown to be unchanged, offline, against a head that was kept elsewhere', async t => {
  let ecluse = await spawnEcluse({ environment: HEADS })
  t.after(() => ecluse.end())
  const pem = await keepKey(ecluse)
  const before = await signedSize(ecluse)
  await keep(ecluse, '/v1/audit/head', 'kept-head.json')

  // Recorded at the latest when the gateway stops; contracts that go live again are recorded too.
  await fetch(`${ecluse.url}/v1/datasets`, { headers: { authorization: `Bearer ${ecluse.keys.auditor}x` } })
  assert.equal(await ecluse.end(), 0)
  ecluse = await ecluse.restart()
  const size = await signedSize(ecluse)
  assert.ok(size > before)
  const { items } = (await (await ecluse.call('dpo', '/v1/audit/entries?kind=login-failures')).json()) as {
    items: Entry[]
  }
  assert.deepEqual((items[0]!.entry.details as JsonObject).reasons, { malformed: 1 })

  assert.equal(run(ecluse, ['audit', 'export', 'audit.ndjson']).status, 0)
  const verify = ['audit', 'verify', 'audit.ndjson', '--key', 'signing.pem', '--since', 'kept-head.json']
  const verified = run(ecluse, [...verify, '--json'])
  assert.equal(verified.status, 0, verified.stderr)
  const { valid, treeSize, continues } = JSON.parse(verified.stdout)
  assert.deepEqual([valid, treeSize, continues], [true, size, [before]])

  const proof = await keep(ecluse, `/v1/audit/entries/${before}/proof`, 'proof.json')
  await keep(ecluse, `/v1/audit/entries/0/proof?treeSize=${before}`, 'older-proof.json')
  await keep(ecluse, `/v1/audit/consistency?from=${before}`, 'consistency.json')
  await keep(ecluse, `/v1/audit/heads/${before}`, 'head.json')
  assert.deepEqual(readFileSync(join(ecluse.dir, 'head.json')), readFileSync(join(ecluse.dir, 'kept-head.json')))
  for (const file of ['proof.json', 'older-proof.json', 'consistency.json', 'head.json']) {
    const { status, stdout } = run(ecluse, ['verify', file, '--key', 'signing.pem'])
    assert.equal(status, 0, file)
    assert.match(stdout, /^Valid ecluse\/audit-/)
  }

  for (let bit = 0; bit < proof.length * 8; bit++)
    assert.throws(() => verifyDocument(flip(proof, bit), [pem]), `${bit}`)
  writeFileSync(join(ecluse.dir, 'proof.json'), flip(proof, 4_321))
  const refused = run(ecluse, ['verify', 'proof.json', '--key', 'signing.pem'])
  assert.deepEqual([refused.status, refused.stderr.startsWith('NOT VALID: proof.json: ')], [1, true])
  writeFileSync(join(ecluse.dir, 'bad-head.json'), flip(readFileSync(join(ecluse.dir, 'kept-head.json')), 999))
  const badHead = run(ecluse, [...verify, '--since', 'bad-head.json'])
  assert.deepEqual([badHead.status, badHead.stderr.startsWith('NOT VALID: bad-head.json: ')], [1, true])
  const exported = readFileSync(join(ecluse.dir, 'audit.ndjson'))
  const bit = randomInt(exported.length * 8)
  t.diagnostic(`bit ${bit}`)
  writeFileSync(join(ecluse.dir, 'audit.ndjson'), flip(exported, bit))
  const broken = run(ecluse, [...verify, '--json'])
  assert.deepEqual([broken.status, JSON.parse(broken.stdout).valid], [1, false])
})

test('only who may read the audit is answered, and what is not there is said so', async t => {
  const ecluse = await startEcluse(HEADS)
  t.after(() => ecluse.stop())
  const paths = ['entries', 'head', 'heads/1', 'entries/0/proof', 'consistency?from=1', 'export']
  for (const path of paths) {
    assert.equal((await ecluse.call('analyst', `/v1/audit/${path}`)).status, 403, path)
    assert.equal((await fetch(`${ecluse.address}/v1/audit/${path}`)).status, 401, path)
  }
  await eventually('a head is signed', async () => (await ecluse.call('auditor', '/v1/audit/head')).status === 200)
  const status = async (path: string) => (await ecluse.call('auditor', `/v1/audit/${path}`)).status
  assert.equal(await status('heads/999'), 404)
  assert.equal(await status('entries/999/proof'), 404)
  assert.equal(await status('entries/0/proof?treeSize=999'), 404)
  assert.equal(await status('entries?limit=0'), 400)
  assert.equal(await status('entries?from=2026-12-31T23:59:60Z'), 400)
  assert.equal(await status('entries?kind=approval&dataset=none&to=2026-01-01T00:00:00Z'), 200)
})

test('what is personal in the audit is shown for one living person, and that is recorded; erasure leaves the tree valid', async t => {
  const ecluse = await startEcluse({ ...HEADS, ECLUSE_LEASE_MS: '100' })
  t.after(() => ecluse.stop())
  const purpose = 'a complaint about a payment'
  await ecluse.accept('transactions', transactionOf(randomUUID()))
  const { vault, log } = ecluse.stores
  const [{ pseudonym: subject, lookup }] = (await vault.listPersons({ limit: 1 })) as [PersonEntry]
  const kek = Buffer.from(readFileSync(join(ecluse.dir, 'data/dev-kek'), 'utf8'), 'base64')
  const person = (await findPersons(vault, await openKeyRing(vault, kek, Date.now), [subject])).get(subject)!
  await openAudit(log, Date.now).record({ kind: 'reidentified', actor: 'cli', about: { person, sealed: { purpose } } })

  const about = async (role = 'auditor') => {
    const answer = await ecluse.call(role, `/v1/audit/entries?subject=${subject}`)
    return ((await answer.json()) as { items: Entry[] }).items
  }
  const read = await eventually('the entry is in the tree', async () => {
    const found = await about()
    return found.length > 0 && found.at(-1)
  })
  assert.equal(read.entry.kind, 'reidentified')
  assert.deepEqual(read.private, { purpose })
  assert.ok(!JSON.stringify(read.entry).includes(purpose))
  const reading = await eventually('reading it is recorded', async () =>
    (await about()).find(({ entry }) => entry.kind === 'clear-read'),
  )
  assert.deepEqual(reading.entry.details, { entries: 1, of: 'audit' })
  assert.deepEqual(reading.private, { entries: [read.entry.id] })
  const all = (await (await ecluse.call('auditor', '/v1/audit/entries')).json()) as { items: Entry[] }
  assert.ok(!JSON.stringify(all).includes(purpose) && !JSON.stringify(all).includes(subject))

  await vault.updatePerson(lookup, { state: 'restricted' })
  assert.deepEqual(await about(), [])
  assert.ok(await eraseLiving(vault, lookup))
  assert.deepEqual(await about(), [])
  const proof = await eventually('the entry is signed', async () => {
    const answer = await ecluse.call('auditor', `/v1/audit/entries/${read.index}/proof`)
    return answer.status === 200 && (await answer.text())
  })
  const keys = (await (await ecluse.call('dpo', '/v1/signing-keys')).json()) as { items: { publicKeyPem: string }[] }
  assert.equal(verifyDocument(Buffer.from(proof), [keys.items[0]!.publicKeyPem]).type, 'ecluse/audit-proof/1')
})

test('a forged entry about a person hides no other one, neither here nor in their export', async t => {
  const ecluse = await startEcluse({ ...HEADS, ECLUSE_LEASE_MS: '100' })
  t.after(() => ecluse.stop())
  const { subject, person: id } = await ecluse.newcomer()
  const { log } = ecluse.stores
  const person = (await ecluse.known(subject))!
  const sealed = { purpose: 'a complaint about a payment', events: [] }
  await openAudit(log, Date.now).record({ kind: 'clear-read', actor: 'jwt:1', about: { person, sealed } })
  // By whoever can append to the log, and has seen the person's token there.
  const forged = { id: uuidV7(), at: new Date().toISOString(), kind: 'clear-read', actor: 'nobody' }
  const text = canonicalText({ ...forged, person: person.keys.auditTag, sealed: `enc1.${'A'.repeat(60)}` })
  await log.append([{ topic: AUDIT_TOPIC, record: { key: null, value: Buffer.from(text), headers: {} } }])

  const items = await eventually('both are in the tree', async () => {
    const { body } = await ecluse.answer('auditor', `/v1/audit/entries?subject=${subject}&kind=clear-read`)
    const found = (body.items as unknown as (Entry & { note: string | null })[]).filter(
      ({ entry }) => entry.actor !== ecluse.keys.auditor!.slice(4, 20),
    )
    return found.length === 2 && found
  })
  assert.deepEqual([items[0]!.entry.id, items[0]!.private], [forged.id, undefined])
  assert.match(items[0]!.note!, /does not open/)
  assert.deepEqual([items[1]!.private, items[1]!.note], [sealed, null])

  const asked = { subject: { type: 'customer', id }, reason: 'asked' }
  const { location } = await ecluse.answer('dpo', '/v1/export-requests', { body: asked })
  await eventually('it is exported', async () => (await ecluse.answer('dpo', location!)).body.state === 'done', 120_000)
  const files = readZip(Buffer.from(await (await ecluse.call('dpo', `${location}/package`)).arrayBuffer()))
  const { accesses } = JSON.parse(Buffer.from(files.get('data.json')!).toString()) as PersonalData
  const opened = (actor: string) =>
    accesses.filter(each => each.actor === actor).map(each => [each.purpose, each.opened])
  assert.deepEqual([opened('jwt:1'), opened('nobody')], [[[sealed.purpose, true]], [[null, false]]])
  assert.match(Buffer.from(files.get('index.html')!).toString(), /cannot be opened/)
})

test('after kill -9 while the tree is built it is the tree of the log, entry by entry', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const ROUNDS = 3
  const ENTRIES = 4_000
  let ecluse = await spawnEcluse({ environment: { ...HEADS, ECLUSE_PROCESSOR_BATCH: '2' } })
  t.after(() => ecluse.end('SIGKILL'))
  await signedSize(ecluse)
  await ecluse.end()
  await appendEntries(ecluse, ENTRIES)

  let size = 0
  for (let round = 0; round < ROUNDS; round++) {
    ecluse = await ecluse.restart()
    const until = size + 1 + Math.floor(random() * 150)
    size = await eventually('the tree has grown', () => sizeOf(ecluse) >= until && sizeOf(ecluse))
    assert.equal(await ecluse.end('SIGKILL'), 'SIGKILL')
  }
  assert.ok(size < ENTRIES, 'it was killed in the middle')

  ecluse = await ecluse.restart({ ECLUSE_PROCESSOR_BATCH: '500' })
  const signed = await signedSize(ecluse)
  await keepKey(ecluse)
  assert.equal(run(ecluse, ['audit', 'export', 'audit.ndjson']).status, 0)
  const verified = run(ecluse, ['audit', 'verify', 'audit.ndjson', '--key', 'signing.pem', '--json'])
  await ecluse.end()
  const frontier: Frontier = { size: 0, hashes: [] }
  for (const value of await readLog(t, ecluse)) addLeaf(frontier, leafHash(value))
  assert.equal(frontier.size, signed)
  assert.equal(JSON.parse(verified.stdout).rootHash, rootOf(frontier.hashes).toString('hex'))
})

const logPath = ({ dataDir }: EcluseProcess) => join(dataDir, 'event-log.sqlite')

async function appendEntries(ecluse: EcluseProcess, count: number): Promise<void> {
  const log = openSqliteEventLog(logPath(ecluse))
  const events = Array.from({ length: count }, (_, number) => ({
    kind: 'approval' as const,
    actor: 'cli',
    details: { number },
  }))
  await openAudit(log, Date.now).record(...events)
  await log.close()
}

function sizeOf({ dataDir }: EcluseProcess): number {
  const documents = openDocumentsForReading(dataDir)
  try {
    return (documents.find('audit_nodes', 'tree')?.size as number | undefined) ?? 0
  } finally {
    documents.close()
  }
}

/** All records of the audit's topic, in order. */
async function readLog(t: TestContext, ecluse: EcluseProcess): Promise<Buffer[]> {
  const log = openSqliteEventLog(logPath(ecluse))
  t.after(() => log.close())
  const values: Buffer[] = []
  const consumer = await log.consume({
    group: 'test',
    topics: [AUDIT_TOPIC],
    batchSize: 1_000,
    handle: async ({ records }) => void values.push(...records.map(({ value }) => value)),
    onError: error => assert.fail(error),
  })
  await eventually('the log is read', async () => (await log.lag('test', [AUDIT_TOPIC])) === 0)
  await consumer.stop()
  return values
}
