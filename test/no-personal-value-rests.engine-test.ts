import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { accessOf } from '../cli/open-stores.ts'
import { quarantineTopicOf, registrySubjectOf, topicOf } from '../governance/contract/topic-of.ts'
import { dumpBucket, dumpDatabase, dumpKeyspace, dumpRegistry, dumpTopics, tablesOf } from './dump-servers.ts'
import { engineAccess, engineDataDir } from './engines/environment.ts'
import { eventually } from './eventually.ts'
import { sampleProfiles, sampleTransactions } from './fixtures.ts'
import { openSstable } from './open-sstable.ts'
import { personalValues, spoil } from './personal-values.ts'
import { plantInDatabase, plantInKeyspace, plantInLake, plantInRegistry, plantInTopics } from './plant-canaries.ts'
import { type RealInstallation, saidBeside, startInstallation } from './real-installation.ts'
import { realSamples } from './real-samples.ts'
import { sampleDataDir } from './sample-data.ts'
import { searchBytes } from './search-bytes.ts'

const AUDIT_TOPIC = 'ecluse.audit.entries'
const FLUSH_EACH_MS = 500
const FLUSHED_MS = 60_000

const dump = mkdtempSync(join(tmpdir(), 'ecluse-dump-'))
const canary = `canari-Éphémère-${randomUUID()}`
let ecluse: RealInstallation
let topics: string[]
let values: string[]

before(async () => {
  // One gateway compresses what it appends, the other does not.
  const eventLog = engineAccess('event-log').url
  const compressed = `${eventLog}${eventLog.includes('?') ? '&' : '?'}compression=gzip`
  ecluse = await startInstallation({ gateways: [{}, { ECLUSE_EVENT_LOG: compressed }] })
  topics = [ecluse.transactions, ecluse.profiles].flatMap(each => [topicOf(each), quarantineTopicOf(each)])
  await postSamples()
  const members = [...ecluse.gateways, ...ecluse.processors]
  const metrics = await Promise.all(members.map(async ({ current }) => (await fetch(`${current.url}/metrics`)).text()))
  // Killed, not stopped: what a crash leaves behind is searched too.
  await Promise.all(members.map(member => member.end('SIGKILL')))
  dumpProcesses(metrics)
  await plant()
})
after(async () => {
  await ecluse?.stop()
  rmSync(dump, { recursive: true, force: true })
})

/** Good ones, which are archived, and spoilt ones, whose originals rest in the quarantine; half through each gateway. */
async function postSamples(): Promise<void> {
  const dir = sampleDataDir()
  const real = dir ? realSamples(dir) : undefined
  const samples = [
    { dataset: ecluse.transactions, events: [...sampleTransactions, ...(real?.transactions ?? [])] },
    { dataset: ecluse.profiles, events: [...sampleProfiles, ...(real?.['user-profiles'] ?? [])] },
  ]
  const contracts = await ecluse.contracts()
  values = personalValues(samples.map(({ dataset, events }) => ({ contract: contracts.get(dataset)!, events }))).values
  assert.ok(values.length > 50)
  for (const { dataset, events } of samples)
    for (const gateway of [0, 1]) {
      const half = events.filter((_, i) => i % 2 === gateway)
      const sent = await ecluse.post(dataset, half, gateway)
      assert.equal(sent.answer.accepted, half.length, saidBeside(sent))
      assert.equal((await ecluse.post(dataset, half.map(spoil), gateway)).answer.rejected, half.length)
    }
  await ecluse.settled()
  for (const { dataset } of samples) assert.ok((await ecluse.processed(dataset, 'quarantined')) > 0)
}

/** What they wrote to their logs, their metrics, and what lies in their data directories. */
function dumpProcesses(metrics: string[]): void {
  mkdirSync(join(dump, 'processes'))
  writeFileSync(join(dump, 'processes', 'output'), ecluse.output())
  writeFileSync(join(dump, 'processes', 'metrics'), metrics.join('\n'))
  writeFileSync(join(dump, 'processes', 'planted'), Buffer.from(canary).toString('base64'))
  for (const { name } of [...ecluse.gateways, ...ecluse.processors]) {
    const data = join(ecluse.dir, name)
    if (existsSync(data)) cpSync(data, join(dump, 'processes', name), { recursive: true })
  }
}

async function plant(): Promise<void> {
  const { config, keyspace } = ecluse
  await plantInTopics(accessOf(config, 'eventLog'), topics, canary)
  for (const port of ['vault', 'documents'] as const) await plantInDatabase(accessOf(config, port), canary)
  await plantInKeyspace(keyspace.admin, keyspace.keyspace, canary)
  // Nothing else is in the lake before there is something that writes there: then the same search covers it.
  await plantInLake(accessOf(config, 'lake'), canary)
  await plantInRegistry(accessOf(config, 'registry'), registrySubjectOf(`planted-${ecluse.run}`), canary)
}

/** Searches a part of the dump: the canary stands in these files (`file form`), and no personal value in any. */
async function search(place: string, planted: (string | RegExp)[]): Promise<void> {
  const found = await searchBytes({ dir: join(dump, place), values: [...values, canary] })
  const isCanary = ({ valueIndex }: { valueIndex: number }) => valueIndex === values.length
  assert.deepEqual(
    found
      .filter(finding => !isCanary(finding))
      .map(({ file, form, valueIndex }) => `${file} ${form} value ${valueIndex}`),
    [],
  )
  const canaries = found.filter(isCanary).map(({ file, form }) => `${file} ${form}`)
  for (const expected of planted) {
    const isThere = canaries.some(each =>
      typeof expected === 'string' ? each.startsWith(`${expected} `) : expected.test(each),
    )
    assert.ok(isThere, `the canary planted in ${expected} was not found`)
  }
}

const filesOf = (place: string) => readdirSync(join(dump, place))

describe('no personal value of the samples rests, and a canary planted there is found,', () => {
  test('in the records of Kafka topics', async () => {
    const records = await dumpTopics(
      accessOf(ecluse.config, 'eventLog'),
      [...topics, AUDIT_TOPIC],
      join(dump, 'records'),
    )
    assert.ok(records > 2 * sampleTransactions.length)
    await search('records', topics)
  })

  test('in the segment files of those topics, compressed batches opened', async t => {
    const dir = engineDataDir('event-log')
    if (!dir) return t.skip('this broker was given by the environment: its files cannot be read')
    for (const broker of readdirSync(dir).filter(name => name.startsWith('data-')))
      for (const partition of readdirSync(join(dir, broker)).filter(isOurs))
        for (const segment of readdirSync(join(dir, broker, partition)).filter(name => name.endsWith('.log')))
          cpSync(join(dir, broker, partition, segment), join(dump, 'segments', broker, partition, segment))
    const plain = topics.map(topic => new RegExp(`/${topic}-\\d+/\\S+ utf8$`))
    const compressed = topics.map(topic => new RegExp(`/${topic}-\\d+/\\S+ gzip>utf8$`))
    await search('segments', [...plain, ...compressed])
  })

  for (const port of ['vault', 'documents'] as const)
    test(`in the MongoDB collections of the ${port}`, async () => {
      const documents = await dumpDatabase(accessOf(ecluse.config, port), join(dump, port))
      assert.ok(documents > 50)
      await search(
        port,
        filesOf(port).filter(name => name !== 'collections'),
      )
    })

  test('in the rows of Cassandra tables', async () => {
    const { admin, keyspace } = ecluse.keyspace
    const rows = await dumpKeyspace(admin, keyspace, join(dump, 'rows'))
    assert.ok(rows > 2 * sampleTransactions.length)
    await search('rows', await tablesOf(admin, keyspace))
  })

  test('in the flushed files of those tables, opened, and in the commit log', async t => {
    const dir = engineDataDir('tables')
    if (!dir) return t.skip('this node was given by the environment: its files cannot be read')
    const { admin, keyspace } = ecluse.keyspace
    const tables = await tablesOf(admin, keyspace)
    const copyCommitLog = (into: string) =>
      cpSync(join(dir, 'commitlog'), join(dump, 'files', into), { recursive: true })
    // The node empties its commit log whenever a table is dropped, as other tests do: then the canary is planted again.
    await eventually('the canary is in a copy of the commit log', async () => {
      await plantInKeyspace(admin, keyspace, canary)
      const copy = join(dump, 'files', 'commitlog')
      rmSync(copy, { recursive: true, force: true })
      copyCommitLog('commitlog')
      return readdirSync(copy).some(name => readFileSync(join(copy, name)).includes(canary))
    })
    // Done by the node itself, without its management port.
    for (const table of tables)
      await admin.execute(`ALTER TABLE ${keyspace}."${table}" WITH memtable_flush_period_in_ms = ${FLUSH_EACH_MS}`)
    for (const table of tables)
      await eventually(`table ${table} is flushed`, () => openFlushed(join(dir, 'data', keyspace), table), FLUSHED_MS)
    copyCommitLog('commitlog-afterwards')
    await search('files', [...tables.map(table => new RegExp(`^${table}/opened-`)), /^commitlog\//])
  })

  test('in the objects of the lake', async () => {
    assert.ok((await dumpBucket(accessOf(ecluse.config, 'lake'), join(dump, 'lake'))) >= 2)
    await search('lake', [/ utf8$/, / zstd>utf8$/])
  })

  test('in the registry subjects', async () => {
    const { config, run } = ecluse
    assert.equal(await dumpRegistry(accessOf(config, 'registry'), run, join(dump, 'registry')), 3)
    await search('registry', [registrySubjectOf(`planted-${run}`)])
  })

  test('in what the processes logged, measured and kept', async () => {
    await search('processes', ['planted'])
  })
})

const isOurs = (partition: string) => topics.some(topic => partition.startsWith(`${topic}-`))

/** Copies the table's files once the canary, which was written last, is among them; its data opened besides. */
async function openFlushed(keyspaceDir: string, table: string): Promise<boolean> {
  const dir = readdirSync(keyspaceDir).find(name => name.startsWith(`${table}-`))
  const into = join(dump, 'files', table)
  if (!dir || !existsSync(join(keyspaceDir, dir))) return false
  const data = readdirSync(join(keyspaceDir, dir)).filter(name => name.endsWith('-Data.db'))
  if (data.length === 0) return false
  const opening = data.map(name => openSstable(join(keyspaceDir, dir, name)))
  // One that is being written has no end yet.
  const opened = await Promise.all(opening).catch(() => undefined)
  if (!opened?.some(bytes => bytes.includes(canary))) return false
  try {
    cpSync(join(keyspaceDir, dir), into, { recursive: true })
  } catch (error) {
    // Compacted meanwhile: looked at again.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
  for (const [i, bytes] of opened.entries()) writeFileSync(join(into, `opened-${data[i]}`), bytes)
  return true
}
