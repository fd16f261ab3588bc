import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { openPool } from '../governance/anomalies/pool-windows.ts'
import { readQuality } from '../governance/quality/read-quality.ts'
import { seededRandom } from '../sources/simulate/seeded-random.ts'
import type { JsonObject } from '../storage/json.ts'
import type { StoredAnomaly } from '../storage/stored-shapes.ts'
import { DATASET, DAY, type EventFault, MINUTE_MS, openPaymentStream, START_MS } from './payment-stream.ts'

const HOUR_MS = 60 * MINUTE_MS
/** What docs/anomalies.md promises. */
const REPORTED_WITHIN = 3
const CLEAN_ALARMS = 2
/** Of what is usual. */
const LEARNT_DAYS = 3
const FAULT_MINUTES = 12
const BETWEEN_MINUTES = 23

/** So many of them. */
const some = (share: number, change: (payment: JsonObject) => void): EventFault => {
  return payments => {
    for (const payment of payments.slice(0, Math.ceil(share * payments.length))) change(payment)
    return payments
  }
}
const later = (ms: number) => (payment: JsonObject) => {
  // The feed's local time: no clock is changed in these days.
  payment.date = new Date(Date.parse(`${payment.date}Z`) + ms).toISOString().slice(0, 19)
}

interface Seeded {
  fault: EventFault
  /** Kind and pointer. */
  told: string
  detail: RegExp
  /** Judged by the minute, whatever there is in it. */
  byMinute?: boolean
}

/** Put into the payments of some minutes, one after the other. */
const faults: Record<string, Seeded> = {
  'a field is dropped': {
    fault: some(1, payment => delete payment.lieu),
    told: 'missing /lieu',
    detail: /^\/lieu lacks a value in 100 % of \d+ events; the policy allows 15 %\.$/,
  },
  'a required field is dropped': {
    fault: some(0.4, payment => delete payment.montant),
    told: 'missing /montant',
    detail: /^[345]\d[.\d]* % of \d+ events were rejected because \/montant is missing\.$/,
  },
  'a type is changed': {
    fault: some(0.4, payment => {
      payment.montant = String(payment.montant)
    }),
    told: 'schema-drift /montant',
    detail: /^[345]\d[.\d]* % of \d+ events were rejected by `type` at \/montant:/,
  },
  'amounts are ten times as large': {
    fault: some(1, payment => {
      payment.montant = 10 * (payment.montant as number)
    }),
    told: 'unusual-values /montant',
    detail: /^The mean of \/montant was [\d.]+ over \d+ values; [\d.]+ is usual\.$/,
  },
  'the volume doubles': {
    fault: (payments, more) => [...payments, ...more()],
    told: 'unusual-volume ',
    detail: /^\d+ events came in a minute; about [\d.]+ are usual then\.$/,
    byMinute: true,
  },
  'nobody sends any more': {
    fault: () => [],
    told: 'silence ',
    detail: /^No event came since .*Z; about [\d.]+ a minute are usual then\.$/,
    byMinute: true,
  },
  'a clock is ahead': {
    fault: some(0.5, later(HOUR_MS)),
    told: 'clock-skew ',
    detail: /have a time that is ahead of their reception/,
  },
  'a clock is behind': {
    fault: some(0.5, later(-HOUR_MS)),
    told: 'unusual-delay ',
    detail: /came later after their own time than the policy promises; the policy allows 5 %\.$/,
  },
  'e-mail addresses appear in a free text': {
    fault: some(1, payment => {
      if (payment.details) (payment.details as JsonObject).produit = 'Livre pour camille.exemple@example.com'
    }),
    told: 'personal-data /details/produit',
    detail: /^Texts at \/details\/produit, which are kept as they come, looked like e-mail addresses/,
  },
}

test('payments of days', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const stream = await openPaymentStream(t, seededRandom(seed))
  for (let hour = 0; hour < 24 * LEARNT_DAYS; hour++) await stream.pass(60)
  await stream.judge()
  const faulty: { fromMs: number; beforeMs: number; id: string }[] = []

  await t.test('a clean day raises at most 2 alarms', async () => {
    await passHours(stream, 24)
    const judged = await stream.documents.get('anomalies_judged', DATASET)
    assert.equal(judged!.body.untilMs, START_MS + (LEARNT_DAYS + 1) * DAY * MINUTE_MS)
    const told = await toldOf(stream)
    t.diagnostic(`${told.length} alarms`)
    assert.ok(told.length <= CLEAN_ALARMS, linesOf(told))
  })

  // Where each minute has enough payments to be a window, or nearly.
  await passHours(stream, 10)
  for (const [name, seeded] of Object.entries(faults))
    await t.test(`${name}: that is told of once, within three windows, and is over when it is`, async () => {
      const fromMs = stream.now()
      const isOf = (each: StoredAnomaly) => nameOf(each) === seeded.told && Date.parse(each.window!.end) > fromMs
      const minutes = await passUntilTold(stream, seeded, isOf)
      t.diagnostic(`told of ${minutes} minutes after it began`)
      await stream.pass(FAULT_MINUTES - minutes, seeded.fault)
      const beforeMs = stream.now()
      await stream.pass(BETWEEN_MINUTES)
      await stream.judge()
      const [found, ...again] = (await toldOf(stream)).filter(isOf)
      assert.equal(linesOf(again), '')
      assert.equal(found!.state, 'resolved')
      assert.match(found!.detail, seeded.detail)
      faulty.push({ fromMs, beforeMs, id: found!.id })
    })

  await t.test('of faults, nothing else is told', async () => {
    const ids = faulty.map(({ id }) => id)
    const others = (await toldOf(stream)).filter(({ id, window }) => {
      const [startMs, endMs] = [Date.parse(window!.start), Date.parse(window!.end)]
      return !ids.includes(id) && faulty.some(({ fromMs, beforeMs }) => startMs < beforeMs && fromMs < endMs)
    })
    assert.equal(linesOf(others), '')
  })
})

type Stream = Awaited<ReturnType<typeof openPaymentStream>>

async function passHours(stream: Stream, hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour++) {
    await stream.pass(60)
    await stream.judge()
  }
}

async function toldOf({ documents }: Stream): Promise<StoredAnomaly[]> {
  return (await documents.find('anomalies', { limit: 100 })).map(({ body }) => body as unknown as StoredAnomaly)
}

const nameOf = ({ kind, pointer }: StoredAnomaly) => `${kind} ${pointer ?? ''}`
const linesOf = (told: StoredAnomaly[]) =>
  told.map(each => `${nameOf(each)} ${each.window!.start} ${each.state}: ${each.detail}`).join('\n')

/** Minutes that it took. @throws AssertionError once there were too many windows */
async function passUntilTold(
  stream: Stream,
  { fault, byMinute }: Seeded,
  isOf: (each: StoredAnomaly) => boolean,
): Promise<number> {
  const fromMs = stream.now()
  for (let minutes = 1; ; minutes++) {
    await stream.pass(1, fault)
    await stream.judge()
    const told = await toldOf(stream)
    if (told.some(isOf)) return minutes
    const windows = byMinute ? minutes : await windowsSince(stream, fromMs)
    assert.ok(windows < REPORTED_WITHIN, `not told of in ${windows} windows; but\n${linesOf(told)}`)
  }
}

/** Of as many minutes as hold enough payments. */
async function windowsSince({ documents, contract, now }: Stream, fromMs: number): Promise<number> {
  const pool = openPool()
  let windows = 0
  const hourMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS
  for await (const minute of readQuality(documents, contract, hourMs, now(), MINUTE_MS))
    if (pool(minute) && minute.endMs > fromMs) windows++
  return windows
}
