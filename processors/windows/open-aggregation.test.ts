import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Aggregate } from '../../governance/contract/aggregate.ts'
import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { compileAggregate, type GroupState, OTHER_GROUPS } from '../../governance/measures/compile-aggregate.ts'
import { openKeyRing } from '../../governance/subjects/key-ring.ts'
import { AGGREGATES_TABLE, type AggregateRow, aggregateKey } from '../../storage/aggregate-rows.ts'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import { asBody, collections, type StoredEvent } from '../../storage/stored-shapes.ts'
import { openSqliteTables } from '../../storage/tables/sqlite.ts'
import type { Tables } from '../../storage/tables/tables.ts'
import { openSqliteVault } from '../../storage/vault/sqlite.ts'
import { aggregationOver } from './aggregation-fixture.ts'
import { SESSIONS, TUMBLING } from './naive-fixture.ts'
import { noteDays } from './note-days.ts'
import { toWindowEvent } from './recompute-day.ts'

const DAY = '2026-11-21'
const DAY_MS = 86_400_000
const START_MS = Date.parse(`${DAY}T12:00:00Z`)
const part = { dataset: 'orders', incarnation: 'i', partition: 0 }
const person = (letter: string) => `p1.${letter.repeat(22)}`

async function opened(t: TestContext, aggregates: Aggregate[] = [TUMBLING]) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-aggregation-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  const tables = await openSqliteTables(join(dir, 'tables.sqlite'))
  const vault = openSqliteVault(join(dir, 'vault.sqlite'))
  t.after(async () => {
    for (const store of [documents, tables, vault]) await store.close()
    rmSync(dir, { recursive: true })
  })
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  let nowMs = START_MS + DAY_MS
  const now = () => nowMs
  const ring = await openKeyRing(vault, Buffer.alloc(32, 1), now)
  const live = { aggregates: aggregates as Aggregate[] | undefined }
  const catalogue = {
    find: () => live.aggregates && { aggregates: live.aggregates, retentionMs: { events: 400 * DAY_MS } },
  } as unknown as Pick<Catalogue, 'find'>
  let end = 0
  const log = {
    ends: async () => [{ topic: 'ecluse.orders', ...part, offset: end }],
    hasPassed: async () => true,
  }
  const open = (more: { tables?: Tables; maxGroups?: number } = {}) =>
    aggregationOver({ documents, tables, log, catalogue, ring, now, ...more })

  /** Archives an event. */
  async function archive(offset: number, subject: string, event = {}, timeMs = START_MS): Promise<StoredEvent> {
    const [time, receivedAt] = [new Date(timeMs), new Date(nowMs)].map(each => each.toISOString()) as [string, string]
    const stored = {
      ...{ id: `e${offset}`, dataset: 'orders', time, receivedAt, subject, others: [], held: 0, rectifiedBy: null },
      ...{ position: { incarnation: 'i', partition: 0, offset }, watermark: null },
      event: { kind: 'a', city: 'x', amount: 1, who: subject, ...event },
    } as unknown as StoredEvent
    const document = { id: `orders/e${offset}`, version: 0, expiresAtMs: null, body: asBody(stored) }
    await documents.insertFirst('events', [document])
    end = Math.max(end, offset + 1)
    return stored
  }
  const rowsOf = async (aggregate = TUMBLING) => {
    const key = aggregateKey(aggregate.name, compileAggregate(aggregate).identity)
    const partition = { dataset: 'orders', aggregate: key, day: DAY }
    return (await tables.read(AGGREGATES_TABLE, { partition, limit: 1_000 })) as unknown as AggregateRow[]
  }
  const shown = async () =>
    (await rowsOf()).map(({ group, state }) => {
      const { events, towns } = compileAggregate(TUMBLING).show(JSON.parse(state) as GroupState)
      return [group, events, towns]
    })
  /** As an erasure does it. */
  async function recompute(): Promise<{ dataset: string; day: string }[]> {
    const { noted } = open()
    await noteDays(documents, [{ dataset: 'orders', time: DAY }], 'p')
    const begun = await noted.begin([{ lookup: '', pseudonym: 'p' }])
    const left = await noted.compute(begun)
    await noted.end([{ lookup: '', pseudonym: 'p' }], begun)
    return left
  }
  const wait = (ms: number) => {
    nowMs += ms
  }
  return { documents, tables, vault, dir, live, open, archive, rowsOf, shown, recompute, wait, now }
}

const add = (
  aggregation: ReturnType<typeof aggregationOver>,
  from: number,
  events: StoredEvent[],
  next = from + events.length,
) => aggregation.add(part, { from, next }, null, events.map(toWindowEvent))

/** A write of rows, after some others, waits until it is let through, or fails. */
function heldUp(tables: Tables, others: number) {
  let left = others
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: gate, resolve: go, reject: fail } = Promise.withResolvers<void>()
  const upsert: Tables['upsert'] = async (...args) => {
    if (left-- > 0) return tables.upsert(...args)
    arrive()
    await gate
    return tables.upsert(...args)
  }
  return { tables: { ...tables, upsert, ensureTable: tables.ensureTable } as Tables, arrived, go, fail }
}

test('a batch that was begun before a recomputation, and is done after, is in it', async t => {
  const { open, archive, shown, documents, tables } = await opened(t)
  await add(open(), 0, [await archive(0, person('a'))])
  const events = [await archive(1, person('b'))]
  const slow = heldUp(tables, 0)
  const adding = add(open({ tables: slow.tables }), 1, events)
  await slow.arrived
  await noteDays(documents, [{ dataset: 'orders', time: DAY }], 'p')
  await open().noted.begin([{ lookup: '', pseudonym: 'p' }])
  // Another one who has the partition comes to the day, and dies.
  const dying = heldUp(tables, 1)
  const died = add(open({ tables: dying.tables }), 1, events)
  await dying.arrived
  dying.fail(new Error('killed'))
  await assert.rejects(died, /killed/)
  slow.go()
  await adding
  const [third] = [await archive(2, person('c'))]
  await add(open(), 2, [third!])
  assert.deepEqual(await shown(), [['["a"]', 3, 1]])
})

test('which groups are counted apart does not change when a write came half-way', async t => {
  const { open, archive, shown, tables } = await opened(t)
  const events = [await archive(0, person('a'), { kind: 'a' }), await archive(1, person('b'), { kind: 'b' })]
  let writes = 0
  // Of each write the row of other groups stands, and others do not: unless it comes after them.
  const upsert: Tables['upsert'] = async (name, upserts) => {
    await tables.upsert(
      name,
      upserts.filter(({ row }) => row.group === OTHER_GROUPS),
    )
    if (writes++ === 0) throw new Error('half-way')
  }
  await assert.rejects(add(open({ tables: { ...tables, upsert }, maxGroups: 1 }), 0, events), /half-way/)
  await add(open({ maxGroups: 1 }), 0, events)
  assert.deepEqual(await shown(), [
    [OTHER_GROUPS, 1, 1],
    ['["a"]', 1, 1],
  ])
})

test('a day may be computed anew more often than write versions of the log have epochs', async t => {
  const { open, archive, shown, recompute } = await opened(t)
  await add(open(), 0, [await archive(0, person('a'))])
  for (let time = 0; time < 520; time++) await recompute()
  await add(open(), 1, [await archive(1, person('b'))])
  assert.deepEqual(await shown(), [['["a"]', 2, 1]])
})

test('once a day’s key is destroyed, events count that come, and what hashes count stays as it was', async t => {
  const { open, archive, shown, wait, vault, now } = await opened(t)
  await add(open(), 0, [await archive(0, person('a'))])
  wait(30 * DAY_MS)
  assert.ok((await vault.deleteEndedKeys(now())).length > 0)
  await add(open(), 1, [await archive(1, person('b'), { city: 'y' })])
  assert.deepEqual(await shown(), [['["a"]', 2, 1]])
})

test('while events of a day come, its key stays', async t => {
  const { open, archive, shown, wait, vault, now } = await opened(t)
  const aggregation = open()
  for (let day = 0; day < 10; day++) {
    await add(aggregation, day, [await archive(day, person('a'), { city: `city ${day}` })])
    wait(DAY_MS / 2)
    await vault.deleteEndedKeys(now())
  }
  assert.deepEqual(await shown(), [['["a"]', 10, 10]])
})

test('windows whose events the archive may hold no more stay as they are, and that is told', async t => {
  const { open, archive, shown, recompute, wait, documents } = await opened(t)
  await add(open(), 0, [await archive(0, person('a'))])
  wait(200 * DAY_MS)
  await add(open(), 1, [await archive(1, person('b'))])
  wait(200 * DAY_MS)
  await documents.delete('events', ['orders/e0'])
  assert.deepEqual(await recompute(), [{ dataset: 'orders', day: DAY }])
  assert.deepEqual(await shown(), [['["a"]', 2, 1]])
  await add(open(), 2, [await archive(2, person('c'))])
  assert.deepEqual(await shown(), [['["a"]', 3, 1]])
})

test('rows that no policy names any more go with a recomputation of their day', async t => {
  const { open, archive, rowsOf, recompute, live, documents } = await opened(t)
  await add(open(), 0, [await archive(0, person('a'))])
  live.aggregates = [{ ...TUMBLING, k: 7 }]
  await recompute()
  assert.equal((await rowsOf()).length, 0)
  live.aggregates = [TUMBLING]
  await add(open(), 1, [await archive(1, person('b'))])
  assert.equal((await rowsOf()).length, 1)
  live.aggregates = undefined
  await documents.delete('events', ['orders/e0', 'orders/e1'])
  await recompute()
  assert.equal((await rowsOf()).length, 0)
})

test('of an erased person’s sessions nothing is left in the tables’ file', async t => {
  const { open, archive, rowsOf, documents, dir, tables } = await opened(t, [SESSIONS])
  const [gone, other] = [person('g'), person('o')]
  await add(open(), 0, [await archive(0, gone), await archive(1, other)])
  assert.equal((await rowsOf(SESSIONS)).length, 2)
  await noteDays(documents, [{ dataset: 'orders', time: DAY }], gone)
  await documents.delete('events', ['orders/e0'])
  const { noted } = open()
  const persons = [{ lookup: '', pseudonym: gone }]
  const begun = await noted.begin(persons)
  await noted.compute(begun)
  await noted.end(persons, begun)
  await tables.ping()
  assert.equal((await rowsOf(SESSIONS)).length, 1)
  for (const file of ['tables.sqlite', 'tables.sqlite-wal'])
    assert.ok(!readFileSync(join(dir, file)).includes('g'.repeat(22)), file)
})
