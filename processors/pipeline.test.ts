import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { AUDIT_TOPIC } from '../governance/audit/record.ts'
import type { Catalogue } from '../governance/contract/catalogue.ts'
import { openContractFinder } from '../governance/contract/find-contract.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { makeLogger } from '../runtime/logger.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'
import { type EventRecord, writeEventRecord } from '../storage/event-record.ts'
import { openEventTables } from '../storage/event-rows.ts'
import { type QuarantineRecord, writeQuarantineRecord } from '../storage/quarantine-record.ts'
import { collections, type StoredAnomaly, type StoredEvent } from '../storage/stored-shapes.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import { samplePerson } from '../storage/vault/contract-suite.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import { eventually } from '../test/eventually.ts'
import { archiveEvents } from './archive-events.ts'
import { openIncarnations } from './incarnations.ts'
import { openConservation } from './ledger/open-conservation.ts'
import { ARCHIVE_GROUP, type PipelineDeps, startPipeline } from './pipeline.ts'
import { openQuality } from './quality/open-quality.ts'
import { readRecords } from './read-records.ts'
import { openRetentions } from './retentions.ts'
import { aggregationOver } from './windows/aggregation-fixture.ts'

const TOPIC = 'ecluse.orders'
const QUARANTINE_TOPIC = 'ecluse.orders.quarantine'
const LEDGER_TOPIC = 'ecluse.orders.ledger'
const DAY_MS = 86_400_000
const retentionMs = { log: DAY_MS, events: DAY_MS, quarantine: DAY_MS, lake: DAY_MS }
const contract = { dataset: 'orders', retentionMs }
const catalogue = {
  all: () => [contract],
  find: () => contract,
} as unknown as Catalogue

/** A pipeline over real embedded stores. */
async function opened(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-pipeline-'))
  const log = openSqliteEventLog(join(dir, 'log.sqlite'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  const vault = openSqliteVault(join(dir, 'vault.sqlite'))
  const tables = await openSqliteTables(join(dir, 'tables.sqlite'))
  for (const topic of [TOPIC, QUARANTINE_TOPIC, LEDGER_TOPIC, AUDIT_TOPIC])
    await log.ensureTopic(topic, { partitions: 1, retentionMs: null })
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  const counts: Record<string, number> = {}
  const logger = makeLogger('json', 'silent')
  const ring = await openKeyRing(vault, Buffer.alloc(32, 1), Date.now)
  const incarnations = openIncarnations(vault)
  const retentions = openRetentions({ vault, documents, catalogue, logger, now: Date.now })
  const conservation = openConservation({
    ...{ documents, log, catalogue, retentions, logger },
    ...{ group: ARCHIVE_GROUP, now: Date.now },
  })
  const deps: PipelineDeps = {
    conservation,
    quality: openQuality({ documents, catalogue: { find: () => undefined } }),
    aggregation: aggregationOver({ tables, documents, catalogue, ring }),
    catalogue,
    contracts: openContractFinder(documents, { find: () => undefined }),
    retentions,
    log,
    documents,
    vault,
    tables: openEventTables(tables),
    incarnations,
    ring,
    logger,
    auditRetentionMs: DAY_MS,
    batchSize: 3,
    now: Date.now,
    count: (_dataset, effect, records) => {
      counts[effect] = (counts[effect] ?? 0) + records
    },
  }
  const pipeline = await startPipeline(deps)
  t.after(async () => {
    await pipeline.stop()
    for (const store of [log, documents, vault, tables]) await store.close()
    rmSync(dir, { recursive: true })
  })
  const append = (...records: EventRecord[]) =>
    log.append(records.map(given => ({ topic: TOPIC, record: writeEventRecord(given, Buffer.alloc(5)) })))
  const settled = () => eventually('everything is handled', async () => (await pipeline.lag()) === 0)
  return { log, documents, vault, tables, deps, counts, append, settled, pipeline }
}

function record(changes: Partial<EventRecord> = {}): EventRecord {
  const now = new Date().toISOString()
  return {
    dataset: 'orders',
    id: randomUUID(),
    source: 'urn:ecluse:orders',
    type: 'orders',
    time: now,
    timeAmbiguous: false,
    receivedAt: now,
    subject: 'p1.aaaaaaaaaaaaaaaaaaaaaa',
    others: [],
    schema: '1-0-0',
    policy: '0123456789abcdef',
    content: 'same',
    held: false,
    traceparent: '00-0-0-01',
    event: { amount: 1 },
    ...changes,
  }
}

test('the first copy of an event is effective; others of its content are duplicates, of other content conflicts', async t => {
  const { documents, counts, append, settled } = await opened(t)
  const first = record()
  const [position] = await append(first, first, record())
  await append(first, { ...first, content: 'other', event: { amount: 2 } })
  await settled()
  const stored = (await documents.get('events', `orders/${first.id}`))!
  const body = stored.body as unknown as StoredEvent
  assert.deepEqual([body.position, body.event], [position, { amount: 1 }])
  assert.equal(stored.expiresAtMs, Date.parse(first.receivedAt) + DAY_MS)
  assert.deepEqual(counts, {
    effective: 2,
    held: 0,
    duplicate: 2,
    conflict: 1,
    erased: 0,
    unreadable: 0,
    'late for a window': 0,
  })
  const [conflict] = await documents.find('anomalies', { where: { eventDocument: `orders/${first.id}` }, limit: 10 })
  const anomaly = conflict!.body as unknown as StoredAnomaly
  assert.deepEqual([anomaly.kind, anomaly.copy], ['conflict', { amount: 2 }])
})

test('a log that is read again from the start has no second effect', async t => {
  const { log, documents, append, settled, counts } = await opened(t)
  await append(...Array.from({ length: 10 }, () => record()))
  await settled()
  const before = await documents.find('events', { limit: 100 })
  const again: number[] = []

  const consumer = await log.consume({
    group: 'again',
    topics: [TOPIC],
    batchSize: 4,
    handle: async batch => {
      const { effective } = await archiveEvents(documents, readRecords(batch).events, DAY_MS)
      again.push(effective.length)
    },
    onError: error => assert.fail(error),
  })
  await eventually('the log is read again', async () => (await log.lag('again', [TOPIC])) === 0)
  await consumer.stop()
  assert.equal(
    again.reduce((sum, n) => sum + n),
    10,
    'the first copies are the same ones',
  )
  assert.deepEqual(await documents.find('events', { limit: 100 }), before)
  assert.equal(counts.effective, 10)
})

test('a record that cannot be read is passed over, told with its position, and holds up nothing', async t => {
  const { log, documents, counts, append, settled } = await opened(t)
  const broken = {
    key: null,
    value: Buffer.from('\0\0\0\0\x01{"secret":'),
    headers: writeEventRecord(record(), Buffer.alloc(5)).headers,
  }
  await log.append([{ topic: TOPIC, record: broken }])
  const good = record()
  await append(record({ receivedAt: 'secret' }), record({ id: '\ud800' }), good)
  await settled()
  assert.ok(await documents.get('events', `orders/${good.id}`))
  assert.equal(counts.unreadable, 3)
  const anomalies = await documents.find('anomalies', { where: { dataset: 'orders' }, limit: 10 })
  assert.equal(anomalies.length, 3)
  assert.doesNotMatch(JSON.stringify(anomalies), /secret/)
})

test('events and rejected originals of an erased person are passed over', async t => {
  const { log, documents, vault, counts, append, settled } = await opened(t)
  const person = samplePerson()
  await vault.insertPersonsIfAbsent([person])
  await vault.erasePerson(person.lookup, person.pseudonym)
  const theirs = record({ subject: person.pseudonym })
  const nobodys = record({ subject: null })
  await append(theirs, nobodys)
  const other = samplePerson()
  const quarantined = (...[by, ...also]: QuarantineRecord['sealedBy'][]): QuarantineRecord => ({
    id: randomUUID(),
    dataset: 'orders',
    receivedAt: new Date().toISOString(),
    expiresAtMs: Date.now() + DAY_MS,
    schema: '1-0-0',
    policy: '0123456789abcdef',
    errors: [{ pointer: '/amount', keyword: 'type', detail: 'd', fix: 'f' }],
    sealedBy: by!,
    ...(also.length > 0 && { alsoSealedBy: also }),
    sealed: 'AAAA',
  })
  const [theirKey, othersKey, day] = [
    { by: 'person', pseudonym: person.pseudonym },
    { by: 'person', pseudonym: other.pseudonym },
    { by: 'day', key: 'k' },
  ] as const
  const entries = [quarantined(theirKey), quarantined(day, othersKey), quarantined(othersKey, day, theirKey)]
  await log.append([
    ...entries.map(entry => ({ topic: QUARANTINE_TOPIC, record: writeQuarantineRecord(entry) })),
    ...[
      'none',
      '{"id":"x","errors":[]}',
      JSON.stringify({ ...entries[1]!, errors: [null] }),
      JSON.stringify({ ...entries[1]!, alsoSealedBy: [{ by: 'person' }] }),
    ].map(text => ({
      topic: QUARANTINE_TOPIC,
      record: { key: null, value: Buffer.from(text), headers: {} },
    })),
  ])
  await settled()
  assert.equal(await documents.get('events', `orders/${theirs.id}`), undefined)
  assert.ok(await documents.get('events', `orders/${nobodys.id}`))
  for (const { id } of [entries[0]!, entries[2]!]) assert.equal(await documents.get('quarantine', id), undefined)
  assert.equal((await documents.get('quarantine', entries[1]!.id))?.body.cause, '/amount type')
  assert.deepEqual([counts.erased, counts.quarantined, counts.unreadable], [1, 1, 4])
  // Whoever goes is found by it, for as long as the log may hold its copy.
  const [mention, ...more] = await documents.find('mentions', { limit: 10 })
  const { id: document, receivedAt } = entries[1]!
  const subject = other.pseudonym
  assert.deepEqual(
    [mention!.body, more.length],
    [{ subject, dataset: 'orders', keptFrom: receivedAt, collection: 'quarantine', document }, 0],
  )
  assert.equal(mention!.expiresAtMs, Date.parse(receivedAt) + DAY_MS + DAY_MS / 10)
})

test('a restricted person’s event is archived and counted as held, not as effective', async t => {
  const { documents, counts, append, settled } = await opened(t)
  const held = record({ held: true })
  await append(held)
  await settled()
  assert.equal((await documents.get('events', `orders/${held.id}`))?.body.held, 1)
  assert.deepEqual([counts.effective, counts.held], [0, 1])
})

test('a topic whose batches cannot be handled is named until they can', async t => {
  const { vault, append, settled, pipeline } = await opened(t)
  assert.deepEqual(pipeline.failing(), [])
  const { findErasedPseudonyms } = vault
  vault.findErasedPseudonyms = () => Promise.reject(new Error('no vault'))
  await append(record())
  await eventually('the topic is named', () => pipeline.failing().includes(TOPIC))
  vault.findErasedPseudonyms = findErasedPseudonyms
  await settled()
  assert.deepEqual(pipeline.failing(), [])
})

test('effective events fill the tables by time and by person, newest first, and copies, held ones and nobody’s have no row there', async t => {
  const { tables, append, settled } = await opened(t)
  const times = ['2026-11-20T10:00:00.000Z', '2026-11-20T12:00:00.000Z', '2026-11-21T09:00:00.000Z']
  const events = times.map((time, i) => record({ id: `e${i}`, time }))
  await append(...events, events[0]!, record({ held: true, time: times[0]! }))
  const nobodys = record({ id: 'nobodys', subject: null, time: times[2]! })
  await append(nobodys)
  await settled()
  const ids = async (table: string, partition: Record<string, string>) =>
    (await tables.read(table, { partition: { dataset: 'orders', ...partition }, limit: 100 })).map(({ id }) => id)
  assert.deepEqual(await ids('latest_events', { day: '2026-11-20' }), ['e1', 'e0'])
  assert.deepEqual(await ids('latest_events', { day: '2026-11-21' }), ['e2', 'nobodys'])
  assert.deepEqual(await ids('events_by_subject', { subject: events[0]!.subject! }), ['e2', 'e1', 'e0'])
  const [row] = await tables.read('latest_events', { partition: { dataset: 'orders', day: '2026-11-21' }, limit: 1 })
  assert.deepEqual(JSON.parse(row!.event as string), { amount: 1 })
})
