import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { judgeAnomaly } from '../../governance/anomalies/judge-anomaly.ts'
import { noPromises } from '../../governance/contract/quality.ts'
import { seededRandom } from '../../sources/simulate/seeded-random.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import { type AnomalyState, asBody, type CountsByMinute, type StoredAnomaly } from '../../storage/stored-shapes.ts'
import { temporaryDocuments } from '../documents-fixture.ts'
import { openAnomalyWatch } from './watch-datasets.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const NOON_MS = Date.parse('2026-11-21T12:00:00Z')

/** What came in in each minute of some hours, as gateways counted it. */
async function receive(documents: Documents, fromMs: number, beforeMs: number, volumeAt: (ms: number) => number) {
  const rows = []
  for (let hourMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS; hourMs < beforeMs; hourMs += HOUR_MS) {
    const minutes: CountsByMinute = {}
    for (let minute = 0; minute < 60; minute++) {
      const [atMs, received] = [hourMs + minute * MINUTE_MS, volumeAt(hourMs + minute * MINUTE_MS)]
      if (atMs >= fromMs && atMs < beforeMs && received > 0)
        minutes[String(minute).padStart(2, '0')] = { received, accepted: received }
    }
    const hour = new Date(hourMs).toISOString()
    const row = { dataset: 'orders', hour, side: 'gateways' as const, part: 'a/0', offset: beforeMs, minutes }
    const id = `orders/${hour}/${beforeMs}`
    rows.push({ id, version: beforeMs, expiresAtMs: null, body: asBody(row) })
  }
  await documents.upsertNewer('ledger', rows)
}

async function opened(t: TestContext, quality = noPromises, days = 5) {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const documents = await temporaryDocuments(t)
  const usual = () => 95 + Math.floor(random() * 11)
  await receive(documents, NOON_MS - days * DAY_MS, NOON_MS, usual)
  const clock = { nowMs: NOON_MS + 45_000, hasPassed: true }
  const contract = { dataset: 'orders', versions: new Map(), quality }
  const watch = () => {
    const { turn } = openAnomalyWatch({
      documents,
      logger: {
        warn: () => {},
        info: () => {},
        error: ({ err }: { err: unknown }) => assert.fail(String(err)),
      } as never,
      now: () => clock.nowMs,
      log: { ends: async () => [], hasPassed: async () => clock.hasPassed },
      catalogue: { all: () => [contract] as never },
      retentions: { inForce: async () => undefined },
      groups: { events: 'e', quarantine: 'q', ledger: 'l' },
    })
    return () => turn(hasPassed => hasPassed())
  }
  return {
    documents,
    clock,
    usual,
    watch,
    /** So much a minute comes in for some minutes, and the clock goes on. */
    pass: async (minutes: number, volumeAt: () => number = usual) => {
      const fromMs = Math.floor(clock.nowMs / MINUTE_MS) * MINUTE_MS
      await receive(documents, fromMs, fromMs + minutes * MINUTE_MS, volumeAt)
      clock.nowMs += minutes * MINUTE_MS
    },
    anomalies: async () =>
      (await documents.find('anomalies', { limit: 100 })).map(({ body }) => body as unknown as StoredAnomaly),
    judge: (id: string, state: AnomalyState) =>
      judgeAnomaly(documents, id, { state, comment: 'it was said so', by: 'somebody', atMs: clock.nowMs }),
  }
}

const statesOf = ({ history }: StoredAnomaly) => history!.map(({ state, by }) => `${state} ${by}`)

test('silence is told once, by however many processors, and is over by itself', async t => {
  const { pass, watch, anomalies, clock } = await opened(t)
  const [one, other] = [watch(), watch()]
  await one()
  await pass(2, () => 0)
  await one()
  assert.deepEqual(await anomalies(), [])
  await pass(1, () => 0)
  clock.hasPassed = false
  await one()
  assert.deepEqual(await anomalies(), [], 'not before processors have passed the log’s end')
  clock.hasPassed = true
  await Promise.all([one(), other()])
  const [{ detectedAt, ...found }, ...others] = (await anomalies()) as [StoredAnomaly]
  assert.deepEqual(others, [])
  assert.deepEqual(
    [found.kind, found.severity, found.state, found.window, found.windows, found.lastSeenAt],
    [
      ...['silence', 'high', 'open'],
      { start: '2026-11-21T12:00:00.000Z', end: '2026-11-21T12:03:00.000Z' },
      ...[3, '2026-11-21T12:03:00.000Z'],
    ],
  )
  assert.match(found.detail, /^No event came since 2026-11-21T12:00:00.000Z; about \d+ a minute are usual then\.$/)
  await pass(4, () => 0)
  await other()
  await one()
  // A third, that knows nothing but what is stored.
  await watch()()
  assert.deepEqual(
    (await anomalies()).map(({ windows, state }) => [windows, state]),
    [[7, 'open']],
  )
  await pass(10)
  await watch()()
  await one()
  const [over, ...later] = await anomalies()
  assert.deepEqual([over!.windows, statesOf(over!), later], [7, ['open écluse', 'resolved écluse'], []])
  assert.equal(over!.resolvedAt, new Date(clock.nowMs).toISOString())
  assert.equal(over!.running, undefined)
})

test('silence is told, and goes on, over a restart long after the last event', async t => {
  for (const silenceMs of [15 * MINUTE_MS, 10 * DAY_MS]) {
    const { pass, watch, anomalies, clock } = await opened(t, { ...noPromises, silenceMs }, 0.1)
    await pass(20, () => 0)
    await watch()()
    clock.nowMs += 11 * DAY_MS
    // The last day is judged, some hours of it in one turn.
    await watch()()
    assert.deepEqual(
      (await anomalies()).map(({ kind, state, lastSeenAt, evidence }) => [kind, state, lastSeenAt, evidence!.since]),
      [['silence', 'open', '2026-12-01T16:00:00.000Z', '2026-11-21T12:00:00.000Z']],
    )
  }
})

test('what somebody said of it stands while it goes on; what was called resolved and goes on opens again', async t => {
  const { pass, watch, anomalies, judge, usual } = await opened(t)
  let turn = watch()
  const double = () => 2 * usual()
  await pass(3, double)
  await turn()
  const [found] = (await anomalies()) as [StoredAnomaly]
  assert.deepEqual([found.kind, found.windows], ['unusual-volume', 3])
  await judge(found.id, 'acknowledged')
  await pass(1, double)
  await turn()
  turn = watch()
  await turn()
  await judge(found.id, 'resolved')
  await pass(2, double)
  await turn()
  await judge(found.id, 'false-alarm')
  await pass(60, double)
  await turn()
  await watch()()
  await pass(10)
  await turn()
  const [over, ...others] = (await anomalies()) as [StoredAnomaly]
  assert.deepEqual(others, [])
  assert.deepEqual(statesOf(over), [
    ...['open écluse', 'acknowledged somebody', 'resolved somebody', 'open écluse', 'false-alarm somebody'],
  ])
  assert.deepEqual([over.state, over.windows, over.running], ['false-alarm', 66, undefined])
})

test('windows of a fault are kept out over a restart, and those of a false alarm are not', async t => {
  for (const [state, isTold] of [
    ['acknowledged', true],
    ['false-alarm', false],
  ] as const) {
    const { pass, watch, anomalies, judge, usual } = await opened(t)
    const double = () => 2 * usual()
    const turn = watch()
    await pass(60, double)
    await turn()
    const [first] = (await anomalies()) as [StoredAnomaly]
    await judge(first.id, state)
    await pass(24 * 60 - 60)
    for (let i = 0; i < 7; i++) await turn()
    await pass(20, double)
    await watch()()
    assert.equal((await anomalies()).length, isTold ? 2 : 1)
  }
})

test('whoever starts anew within the hour tells nothing twice, whenever it began', async t => {
  const { pass, watch, anomalies, usual, clock } = await opened(t)
  const double = () => 2 * usual()
  const turn = watch()
  await pass(50)
  await pass(20, double)
  await pass(15)
  await turn()
  const told = await anomalies()
  assert.deepEqual(
    told.map(({ window, state }) => [window, state]),
    [[{ start: '2026-11-21T12:50:00.000Z', end: '2026-11-21T13:10:00.000Z' }, 'resolved']],
  )
  for (const minutes of [0, 1]) {
    await pass(minutes)
    await watch()()
    assert.deepEqual(await anomalies(), told, new Date(clock.nowMs).toISOString())
  }
})
