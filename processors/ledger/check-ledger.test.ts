import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { linesOf } from '../../governance/ledger/ledger-line.ts'
import { mismatchId, readHour } from '../../governance/ledger/read-ledger.ts'
import type { StoredDocument } from '../../storage/documents/documents.ts'
import { receptionOf, type StoredAnomaly } from '../../storage/stored-shapes.ts'
import { temporaryDocuments } from '../documents-fixture.ts'
import { hourOf } from '../hourly-rows.ts'
import { openLedgerCheck } from './check-ledger.ts'
import { openLedgerRows } from './ledger-rows.ts'
import { noteRemovals } from './note-removals.ts'

const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-11-21T12:00:30Z')

async function opened(t: TestContext) {
  const documents = await temporaryDocuments(t)
  const rows = openLedgerRows(documents)
  const clock = { nowMs: NOON_MS, eventsMs: DAY_MS, hasPassed: true }
  let offset = 0
  const silent = { error: () => {}, info: () => {} }
  const { check } = openLedgerCheck({
    ...{ documents, logger: silent, group: 'g' },
    now: () => clock.nowMs,
    log: { ends: async () => [], hasPassed: async () => clock.hasPassed },
    catalogue: { all: () => [{ dataset: 'orders' }] as never },
    retentions: { inForce: async () => ({ epoch: 0, events: clock.eventsMs, quarantine: DAY_MS }) },
    keptMs: async () => undefined,
  })
  const turn = (meanwhile?: () => Promise<void>) =>
    check(async hasPassed => {
      await meanwhile?.()
      return hasPassed()
    })
  const count = (side: 'gateways' | 'processors', counts: Record<string, number>, minute = '2026-11-21T12:00') => {
    const range = { from: offset, next: offset + 1 }
    const counted = [{ offset: offset++, minute, counts }]
    return rows.add({ dataset: 'orders', side, incarnation: side, partition: 0 }, range, counted, undefined)
  }
  return {
    documents,
    clock,
    turn,
    accept: (events: number, minute?: string) => count('gateways', { received: events, accepted: events }, minute),
    handle: (what: string, events: number, minute?: string) => count('processors', { [what]: events }, minute),
    archive: async (ids: string[], minute = '2026-11-21T12:00'): Promise<StoredDocument[]> =>
      documents.insertFirst(
        'events',
        ids.map((id, at) => ({
          ...{ id, version: 0, expiresAtMs: null },
          body: {
            ...{ dataset: 'orders', receivedAt: `${minute}:00.000Z`, receivedIn: receptionOf('orders', minute) },
            position: { incarnation: 'i', partition: 0, offset: at },
          },
        })),
      ),
    line: async (minute = '2026-11-21T12:00') => {
      const ended = (await documents.get('ledger_checks', 'orders'))?.body.endedBeforeMs as number
      const lines = linesOf(await readHour(documents, 'orders', hourOf(minute)), ended)
      return lines.find(({ window }) => window.start.startsWith(minute))!
    },
    anomalies: async () =>
      (await documents.find('anomalies', { limit: 100 })).map(({ body }) => body as unknown as StoredAnomaly),
  }
}

test('what is lost between two stores is told at the second look, and resolved should it come after all', async t => {
  const { accept, handle, archive, turn, anomalies } = await opened(t)
  await accept(3)
  await handle('effective', 2)
  await archive(['a', 'b'])
  await turn()
  assert.deepEqual(await anomalies(), [])
  await turn()
  const [lost, ...others] = await anomalies()
  assert.deepEqual([lost!.kind, lost!.severity, lost!.state, others.length], ['ledger-mismatch', 'critical', 'open', 0])
  assert.match(lost!.detail, /3 events were accepted, and 2 came to the processors\.$/)
  await turn()
  assert.deepEqual(await anomalies(), [lost])
  await handle('effective', 1)
  await archive(['c'])
  await turn()
  assert.deepEqual(
    (await anomalies()).map(({ state }) => state),
    ['resolved'],
  )
})

test('however many were told before, one that balances again is resolved', async t => {
  const { documents, accept, handle, archive, turn } = await opened(t)
  const dayMs = Date.parse('2026-11-01T00:00:00Z')
  const told = Array.from({ length: 1_200 }, (_, i) => {
    const start = new Date(dayMs + i * 60_000).toISOString()
    const state = i < 1_000 ? 'resolved' : i < 1_099 ? 'open' : 'acknowledged'
    const body = { dataset: 'orders', kind: 'ledger-mismatch', state, evidence: {} }
    return { id: mismatchId('orders', start), version: 0, expiresAtMs: null, body }
  })
  for (let at = 0; at < told.length; at += 400) await documents.insertFirst('anomalies', told.slice(at, at + 400))
  await accept(1)
  for (let i = 0; i < 2; i++) await turn()
  await handle('effective', 1)
  await archive(['a'])
  const lost = mismatchId('orders', '2026-11-21T12:00:00.000Z')
  assert.equal((await documents.get('anomalies', lost))!.body.state, 'open')
  for (let i = 0; i < 3; i++) await turn()
  assert.equal((await documents.get('anomalies', lost))!.body.state, 'resolved')
})

test('nothing is told while processors have not passed what there is, nor of what gateways count meanwhile', async t => {
  const { accept, handle, archive, turn, anomalies, clock } = await opened(t)
  await accept(3)
  clock.hasPassed = false
  for (let i = 0; i < 3; i++) await turn()
  clock.hasPassed = true
  await handle('effective', 3)
  await archive(['a', 'b', 'c'])
  for (let i = 0; i < 3; i++) await turn(() => accept(1))
  // The last of these three is still on its way.
  await handle('effective', 2)
  await archive(['d', 'e'])
  await turn(() => accept(1))
  assert.deepEqual(await anomalies(), [])
})

test('a batch that is archived and not counted yet is no news, as long as it is not the same one twice', async t => {
  const { accept, handle, archive, turn, anomalies } = await opened(t)
  await accept(2)
  await archive(['a'])
  await handle('effective', 0)
  for (const next of ['b', 'c']) {
    await turn()
    await handle('effective', 1)
    await archive([next])
  }
  assert.deepEqual(await anomalies(), [])
})

test('an erased person’s events are missing for a reason, from the moment they are gone', async t => {
  const { accept, handle, archive, turn, anomalies, documents, line } = await opened(t)
  await accept(3)
  await handle('effective', 2)
  await handle('held', 1)
  const [first] = await archive(['a', 'b', 'c'])
  await noteRemovals(documents, [first!])
  // The erasure was interrupted here.
  for (let i = 0; i < 3; i++) await turn()
  assert.equal((await line()).archive.erased, 0)
  await noteRemovals(documents, [first!])
  await documents.delete('events', ['a'])
  for (let i = 0; i < 3; i++) await turn()
  assert.deepEqual([(await line()).archive.events, (await line()).archive.erased], [2, 1])
  assert.deepEqual(await anomalies(), [])
})

test('retention ends what it ends, also where a longer one follows; what goes before its end is a loss', async t => {
  const { accept, handle, archive, turn, anomalies, documents, clock, line } = await opened(t)
  await accept(2)
  await handle('effective', 2)
  await archive(['a', 'b'])
  await turn()
  clock.nowMs += 2 * DAY_MS
  await documents.delete('events', ['a', 'b'])
  for (let i = 0; i < 2; i++) await turn()
  assert.deepEqual([(await line()).archive.expired, (await line()).archive.events], [2, 0])
  clock.eventsMs = 400 * DAY_MS
  for (let i = 0; i < 2; i++) await turn()
  assert.deepEqual(await anomalies(), [])

  const later = '2026-11-23T12:00'
  await accept(1, later)
  await handle('effective', 1, later)
  for (let i = 0; i < 2; i++) await turn()
  assert.match((await anomalies())[0]!.detail, /the archive should hold 1 events, and holds 0\.$/)
})

test('hours long gone by are compared in turn', async t => {
  const { accept, handle, turn, anomalies } = await opened(t)
  const hours = ['2026-11-21T02:10', '2026-11-21T03:10', '2026-11-21T04:10']
  for (const minute of hours) {
    await accept(2, minute)
    await handle('effective', 1, minute)
  }
  for (let i = 0; i < hours.length + 1; i++) await turn()
  assert.equal((await anomalies()).length, hours.length)
})
