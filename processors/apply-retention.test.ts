// Retention in processes of their own, with policies of their own, over the same stores: whose holds, and what follows.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Catalogue } from '../governance/contract/catalogue.ts'
import { openContractFinder } from '../governance/contract/find-contract.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { makeLogger } from '../runtime/logger.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import type { EventLog } from '../storage/event-log/event-log.ts'
import { writeEventRecord } from '../storage/event-record.ts'
import { openEventTables } from '../storage/event-rows.ts'
import { asBody, collections } from '../storage/stored-shapes.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import { applyRetention } from './apply-retention.ts'
import { MAX_EPOCHS, openIncarnations } from './incarnations.ts'
import { openConservation } from './ledger/open-conservation.ts'
import { ARCHIVE_GROUP, processEvents } from './pipeline.ts'
import { openQuality } from './quality/open-quality.ts'
import { openRetentions } from './retentions.ts'
import { aggregationOver } from './windows/aggregation-fixture.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const SUBJECT = 'p1.aaaaaaaaaaaaaaaaaaaaaa'

/** Stores that processes share, and their one clock. */
async function opened(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-retention-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  const vault = openSqliteVault(join(dir, 'vault.sqlite'))
  const tables = await openSqliteTables(join(dir, 'tables.sqlite'))
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  const ring = await openKeyRing(vault, Buffer.alloc(32, 1), Date.now)
  t.after(async () => {
    for (const store of [documents, vault, tables]) await store.close()
    rmSync(dir, { recursive: true })
  })
  let passedMs = 0
  let offset = 0
  const now = () => Date.now() + passedMs
  const pass = (ms: number) => {
    passedMs += ms
  }

  /** A process whose policy keeps events for so many days, until it takes up an edit. */
  function processWith(days: number) {
    let contract = contractOf(days)
    const errors: string[] = []
    const logger = Object.assign(makeLogger('json', 'silent'), {
      error: (_: object, message: string) => errors.push(message),
    })
    const catalogue = { all: () => [contract], find: () => contract } as unknown as Catalogue
    const deps = {
      catalogue,
      documents,
      vault,
      tables: openEventTables(tables),
      incarnations: openIncarnations(vault),
      contracts: openContractFinder(documents, { find: () => undefined }),
      ring,
      logger,
      log: undefined as unknown as EventLog,
      auditRetentionMs: DAY_MS,
      batchSize: 3,
      now,
      count: () => {},
    }
    const retentions = openRetentions(deps)
    const conservation = openConservation({ ...deps, retentions, group: ARCHIVE_GROUP })
    const quality = openQuality({ documents, catalogue: { find: () => undefined } })
    const all = { ...deps, retentions, conservation, quality, aggregation: aggregationOver({ ...deps, tables }) }
    return {
      errors,
      edit: (newDays: number) => {
        contract = contractOf(newDays)
      },
      refresh: () => applyRetention(all, contract),
      /** Archives an event that was received so many days ago. */
      archive: (id: string, ageDays = 0) =>
        processEvents(all, 'orders', batchOf(id, now() - ageDays * DAY_MS, offset++)),
    }
  }

  /** Days from reception to the end, by event. */
  const documentDays = async () => {
    const found = await documents.find('events', { limit: 100 })
    return Object.fromEntries(
      found.map(({ expiresAtMs, body }) => [
        body.id,
        Math.round((expiresAtMs! - Date.parse(body.receivedAt as string)) / DAY_MS),
      ]),
    )
  }
  /** Ids of the rows that are left in the tables in so many days. */
  const rowsLeft = async (inDays: number) => {
    await tables.expire(now() + inDays * DAY_MS)
    const rows = await tables.read('events_by_subject', {
      partition: { dataset: 'orders', subject: SUBJECT },
      limit: 100,
    })
    return rows.map(({ id }) => id).sort()
  }
  const epoch = async () => (await documents.get('retentions', 'orders'))?.body.epoch
  return { documents, tables, vault, pass, processWith, documentDays, rowsLeft, epoch }
}

function contractOf(days: number) {
  return {
    dataset: 'orders',
    retentionMs: { log: DAY_MS, events: days * DAY_MS, quarantine: DAY_MS, lake: DAY_MS },
  }
}

function batchOf(id: string, receivedMs: number, offset: number) {
  const at = new Date(receivedMs).toISOString()
  const record = writeEventRecord(
    {
      dataset: 'orders',
      id,
      source: 'urn:ecluse:orders',
      type: 'orders',
      time: at,
      timeAmbiguous: false,
      receivedAt: at,
      subject: SUBJECT,
      others: [],
      schema: '1-0-0',
      policy: '0123456789abcdef',
      content: 'same',
      held: false,
      traceparent: '00-0-0-01',
      event: { amount: 1 },
    },
    Buffer.alloc(5),
  )
  const place = { topic: 'ecluse.orders', partition: 0 }
  return { ...place, incarnation: 'i', records: [{ ...record, ...place, offset, timestampMs: receivedMs }] }
}

/** A maintenance turn of each, every minute. */
async function turns(pass: (ms: number) => void, minutes: number, ...processes: { refresh(): Promise<void> }[]) {
  for (let minute = 0; minute < minutes; minute++) {
    pass(MINUTE_MS)
    for (const { refresh } of processes) await refresh()
  }
}

test('documents and rows follow a retention that an edit changes; what is over its new end is gone from both', async t => {
  const { documents, processWith, documentDays, rowsLeft } = await opened(t)
  const one = processWith(400)
  await one.refresh()
  await one.archive('old', 30)
  await one.archive('new')
  assert.deepEqual(await rowsLeft(0), ['new', 'old'])
  one.edit(10)
  await one.refresh()
  assert.deepEqual(await rowsLeft(0), ['new'], 'not for the 370 days it had left')
  assert.deepEqual(await documentDays(), { old: 10, new: 10 })
  await documents.expire(Date.now())
  assert.deepEqual(await documentDays(), { new: 10 })
  one.edit(20)
  await one.refresh()
  assert.deepEqual(await rowsLeft(15), ['new'], 'a longer one is followed too')
  assert.deepEqual(await rowsLeft(21), [])
})

test('where a further person is named is kept as long as what names them: of a rejected event, as its copy in the log', async t => {
  const { documents, processWith } = await opened(t)
  const keptFrom = new Date().toISOString()
  const mentions = (['events', 'anomalies', 'quarantine'] as const).map(collection => ({
    id: collection,
    version: 0,
    expiresAtMs: null,
    body: asBody({ subject: SUBJECT, dataset: 'orders', keptFrom, collection, document: 'd' }),
  }))
  await documents.insertFirst('mentions', mentions)
  await processWith(400).refresh()
  const found = await documents.getAll(
    'mentions',
    mentions.map(({ id }) => id),
  )
  assert.deepEqual(
    found.map(mention => (mention!.expiresAtMs! - Date.parse(keptFrom)) / DAY_MS),
    [400, 400, 1.1],
  )
})

test('a processor that still has the old policy archives under the one in force, and never takes it back', async t => {
  const { pass, processWith, documentDays, rowsLeft, epoch } = await opened(t)
  const [old, next] = [processWith(400), processWith(400)]
  await old.refresh()
  await next.refresh()
  next.edit(10)
  await next.refresh()
  await old.archive('after')
  await turns(pass, 60, old, next)
  assert.deepEqual(await documentDays(), { after: 10 })
  assert.deepEqual(await rowsLeft(11), [])
  assert.equal(await epoch(), 1, 'no ping-pong')
})

test('an event that was being archived while the retention changed follows it a minute later', async t => {
  const { documents, pass, processWith, documentDays } = await opened(t)
  const one = processWith(400)
  await one.archive('between')
  const [stored] = await documents.find('events', { limit: 1 })
  one.edit(10)
  await one.refresh()
  await documents.delete('events', [stored!.id])
  await documents.insertFirst('events', [stored!])
  assert.deepEqual(await documentDays(), { between: 400 })
  await turns(pass, 1, one)
  assert.deepEqual(await documentDays(), { between: 10 })
})

test('an edit that is taken back by another is followed each time, by whoever runs', async t => {
  const { processWith, documentDays, epoch } = await opened(t)
  const [one, two] = [processWith(400), processWith(400)]
  await one.archive('e')
  for (const days of [10, 400, 10, 400]) {
    for (const process of [one, two]) {
      process.edit(days)
      await process.refresh()
    }
    await one.refresh()
    assert.deepEqual(await documentDays(), { e: days })
  }
  assert.equal(await epoch(), 4, 'one epoch for each edit')
})

test('started anew with another policy, processors change the retention once the last with the old one is gone', async t => {
  const { pass, processWith, documentDays, epoch } = await opened(t)
  const old = processWith(400)
  await old.archive('e')
  await old.refresh()
  const next = processWith(10)
  await turns(pass, 20, old, next)
  assert.deepEqual(await documentDays(), { e: 400 }, 'the roll-out is not over')
  await turns(pass, 10, next)
  assert.deepEqual(await documentDays(), { e: 10 })
  const restarted = processWith(400)
  await turns(pass, 20, restarted, next)
  assert.deepEqual(await documentDays(), { e: 10 }, 'a straggler changes nothing')
  await turns(pass, 10, restarted)
  assert.deepEqual(await documentDays(), { e: 400 }, 'unless it was a way back')
  assert.equal(await epoch(), 2)
})

test('two processors that edit at once agree on one retention', async t => {
  const { pass, processWith, documentDays, epoch } = await opened(t)
  const [one, two] = [processWith(400), processWith(400)]
  await one.archive('e')
  await one.refresh()
  await two.refresh()
  one.edit(10)
  two.edit(20)
  await Promise.all([one.refresh(), two.refresh()])
  await turns(pass, 5, one, two)
  const settled = await documentDays()
  await turns(pass, 30, one, two)
  assert.deepEqual(await documentDays(), settled)
  assert.ok(Number(await epoch()) <= 2)
})

test('a retention that was changed too often stays, and that is told, not thrown', async t => {
  const { vault, pass, processWith, documentDays } = await opened(t)
  const taken: string[] = []
  vault.findSetting = async name => {
    taken.push(name)
    return JSON.stringify({ events: 30 * DAY_MS, quarantine: DAY_MS })
  }
  const one = processWith(30)
  await one.refresh()
  await one.archive('e')
  one.edit(10)
  await one.refresh()
  await turns(pass, 3, one)
  assert.deepEqual(await documentDays(), { e: 30 })
  assert.equal(one.errors.length, 1)
  assert.equal(taken.at(-1), `retention/orders/${MAX_EPOCHS - 1}`)
})

test('rows of a retention longer than the tables can hold stay as long as they can', async t => {
  const { processWith, documentDays, rowsLeft } = await opened(t)
  const one = processWith(10_000)
  const id = randomUUID()
  await one.archive(id)
  assert.deepEqual(await documentDays(), { [id]: 10_000 })
  assert.deepEqual(await rowsLeft(7_299), [id])
  assert.deepEqual(await rowsLeft(7_301), [])
})
