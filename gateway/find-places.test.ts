import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { eventRow, openEventTables } from '../storage/event-rows.ts'
import { openFileLake } from '../storage/lake/file.ts'
import { type LakeManifest, manifestPath } from '../storage/lake-manifest.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import { findPlaces } from './find-places.ts'

const DAY_MS = 86_400_000
const RECEIVED = '2026-11-21T17:08:00.000Z'
const retentionMs = { log: 10 * DAY_MS, events: 20 * DAY_MS, quarantine: DAY_MS, lake: 30 * DAY_MS }

const stored: StoredEvent = {
  ...{ id: 'e', dataset: 'orders', time: RECEIVED, timeAmbiguous: false, receivedAt: RECEIVED, subject: 's' },
  ...{ position: { incarnation: 'i', partition: 2, offset: 5 }, content: '', changes: 0, held: 0, event: {} },
  ...{ schema: '1-0-0', policy: 'p', others: [] },
  ...{ rectifies: null, rectifiedAt: null, rectifiedBy: null, reprotectedAt: null },
}

const manifest: LakeManifest = {
  type: 'ecluse/lake-manifest/1',
  dataset: 'orders',
  files: [{ path: 'events/orders/a.parquet', date: '2026-11-21', rows: 1, bytes: 1 }],
  columns: {},
  positions: [{ incarnation: 'i', partition: 2, offset: 6 }],
  held: [],
  dropped: [],
  fence: 0,
}

async function open(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-places-'))
  const store = await openSqliteTables(join(dir, 'tables.sqlite'))
  const lake = await openFileLake(join(dir, 'lake'))
  t.after(async () => {
    await store.close()
    await lake.close()
    rmSync(dir, { recursive: true })
  })
  const eventTables = openEventTables(store)
  const look = async (event = stored) => {
    const contract = { dataset: 'orders', retentionMs }
    const found = { stored: event, expiresAtMs: Date.parse(RECEIVED) + retentionMs.events }
    const places = await findPlaces({ eventTables, lake }, contract, found, RECEIVED)
    return Object.fromEntries(places.map(({ holder, ...place }) => [holder, place]))
  }
  const swap = async (changes: Partial<LakeManifest>) => {
    const path = manifestPath('orders')
    const body = Buffer.from(JSON.stringify({ ...manifest, ...changes }))
    const before = await lake.get(path)
    await (before ? lake.putIfMatch(path, body, before.etag) : lake.putIfAbsent(path, body))
  }
  return { eventTables, store, look, swap }
}

test('an event is where it was found, until the end that each store gives it', async t => {
  const { eventTables, look, swap } = await open(t)
  assert.deepEqual(await look(), {
    documents: { found: true, until: '2026-12-11T17:08:00.000Z' },
    tables: { found: false },
    lake: { found: false },
    // A segment of the log outlives its retention by a day.
    log: { until: '2026-12-02T17:08:00.000Z' },
  })
  for (const event of [stored, { ...stored, id: 'nobodys', subject: null }]) {
    const table = event.subject === null ? 'latest_events' : 'events_by_subject'
    await eventTables.upsert(table, [{ row: eventRow(event), writeVersion: 1n, ttlSeconds: null }])
    assert.deepEqual((await look(event)).tables, { found: true, until: '2026-12-11T17:08:00.000Z' })
    assert.deepEqual((await look({ ...event, id: 'other' })).tables, { found: false })
  }
  await swap({})
  assert.deepEqual((await look()).lake, { found: true, day: '2026-11-21', until: '2026-12-22T00:00:00.000Z' })
})

test('what the lake has not taken in, or waits for, or ended, is not there', async t => {
  const { look, swap } = await open(t)
  for (const changes of [
    { positions: [{ incarnation: 'i', partition: 2, offset: 5 }] },
    { positions: [{ incarnation: 'other', partition: 2, offset: 6 }] },
    { held: [{ id: 'e', position: stored.position }] },
    { files: [] },
  ]) {
    await swap(changes)
    assert.deepEqual((await look()).lake, { found: false }, JSON.stringify(changes))
  }
})

test('of a store that does not answer nothing is said', async t => {
  const { store, look } = await open(t)
  await store.close()
  assert.deepEqual((await look()).tables, {})
})
