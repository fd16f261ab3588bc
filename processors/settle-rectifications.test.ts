import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import { type EventRecord, readEventRecord, writeEventRecord } from '../storage/event-record.ts'
import { openEventTables } from '../storage/event-rows.ts'
import { collections, type StoredEvent } from '../storage/stored-shapes.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import { archiveEvents, toStoredEvent } from './archive-events.ts'
import { changeEvent } from './change-event.ts'
import { fillTables } from './fill-tables.ts'
import { openIncarnations } from './incarnations.ts'
import { settleRectifications } from './settle-rectifications.ts'
import { findNotes } from './windows/note-days.ts'

const TIME = '2026-04-17T10:30:00.000Z'
const SUBJECT = 'p1.aaaaaaaaaaaaaaaaaaaaaa'

async function opened(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-rectify-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  const vault = openSqliteVault(join(dir, 'vault.sqlite'))
  const tables = await openSqliteTables(join(dir, 'tables.sqlite'))
  t.after(async () => {
    for (const store of [documents, vault, tables]) await store.close()
    rmSync(dir, { recursive: true })
  })
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  const eventTables = openEventTables(tables)
  const deps = { documents, tables: eventTables, incarnations: openIncarnations(vault), now: Date.now }

  /** As the pipeline does it with a batch of one record. */
  async function arrive(record: EventRecord, offset: number): Promise<void> {
    const position = { incarnation: 'i1', partition: offset, offset }
    const { effective } = await archiveEvents(documents, [{ record, position }], undefined)
    await settleRectifications(deps, 'orders', effective, undefined)
    await fillTables(deps, 'orders', effective.map(toStoredEvent), undefined)
  }
  const find = async (id: string) => (await documents.get('events', `orders/${id}`))!.body as unknown as StoredEvent
  const rows = async () => {
    const partition = { dataset: 'orders', subject: SUBJECT }
    return (await eventTables.read('events_by_subject', { partition, limit: 10 })).map(row => row.event_id)
  }
  return { documents, deps, arrive, find, rows }
}

const record = (changes: Partial<EventRecord> = {}): EventRecord => ({
  dataset: 'orders',
  id: 'e1',
  source: 'urn:ecluse:orders',
  type: 'orders',
  time: TIME,
  timeAmbiguous: false,
  receivedAt: TIME,
  subject: SUBJECT,
  others: [],
  schema: '1-0-0',
  policy: 'p',
  content: 'c',
  held: false,
  traceparent: '00-0-0-01',
  event: { amount: 1 },
  ...changes,
})
const correction = record({ id: 'e1~r1', content: 'd', rectification: { event: 'e1', at: TIME }, event: { amount: 2 } })

test('a correction is read as it was written', () => {
  assert.deepEqual(readEventRecord(writeEventRecord(correction, Buffer.alloc(5))), correction)
})

for (const [name, order] of [
  ['after the event', [record(), correction]],
  ['before the event', [correction, record()]],
  ['with each of them twice', [record(), correction, record(), correction]],
] as const)
  test(`a correction that comes ${name}: one mark, one row, one day to compute anew`, async t => {
    const { documents, arrive, find, rows } = await opened(t)
    for (const [i, each] of order.entries()) await arrive(each, i)
    assert.equal((await find('e1')).rectifiedBy, 'e1~r1')
    assert.deepEqual([(await find('e1~r1')).rectifies, (await find('e1~r1')).rectifiedBy], ['e1', null])
    assert.deepEqual((await find('e1')).event, { amount: 1 })
    assert.deepEqual(await rows(), ['e1~r1'])
    assert.deepEqual(await documents.find('rectifications', { limit: 10 }), [])
    const days = await findNotes(documents)
    assert.ok(days.length > 0)
    assert.ok(days.every(({ dataset, day }) => dataset === 'orders' && day === '2026-04-17'))
  })

test('rows of a corrected event do not come back when the archive fills the tables again', async t => {
  const { deps, arrive, find, rows } = await opened(t)
  await arrive(record(), 0)
  await arrive(correction, 1)
  const retention = { epoch: 3, events: 10 ** 12, quarantine: 10 ** 12 }
  await fillTables(deps, 'orders', [await find('e1'), await find('e1~r1')], retention)
  await fillTables(deps, 'orders', [{ ...(await find('e1')), event: {} }], retention)
  assert.deepEqual(await rows(), ['e1~r1'])
})

test('changes of one event at once all come to stand', async t => {
  const { documents, arrive, find } = await opened(t)
  await arrive(record(), 0)
  await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      changeEvent(documents, 'orders/e1', event => ({ ...event, event: { ...event.event, [`m${i}`]: i } })),
    ),
  )
  assert.equal(Object.keys((await find('e1')).event).length, 9)
  assert.equal(await changeEvent(documents, 'orders/none', event => event), undefined)
})
