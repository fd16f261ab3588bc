import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LiveContract } from '../../governance/contract/catalogue.ts'
import { loadContracts } from '../../governance/contract/load.ts'
import type { QualityPolicy } from '../../governance/contract/quality.ts'
import { SAMPLE_EVERY } from '../../governance/quality/measure-event.ts'
import type { QualityWindow } from '../../governance/quality/quality-window.ts'
import { openDriftReader } from '../../governance/quality/read-drift.ts'
import { readQuality } from '../../governance/quality/read-quality.ts'
import type { RecordBatch } from '../../storage/event-log/event-log.ts'
import type { EventRecord } from '../../storage/event-record.ts'
import type { JsonObject } from '../../storage/json.ts'
import { temporaryDocuments } from '../documents-fixture.ts'
import type { PlacedEvent } from '../read-records.ts'
import { openQuality, type Quality } from './open-quality.ts'

const ROOT = join(import.meta.dirname, '../..')
const START_MS = Date.parse('2026-11-21T17:00:00Z')
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const HOURS = 4

const promises: QualityPolicy = {
  completeness: [],
  timeliness: { withinMs: 10_000, share: 0.9 },
  skewMs: 5_000,
  consistency: [
    {
      name: 'refunds-by-card',
      when: [{ pointer: '/type_transaction', equals: 'remboursement', level: 'internal' }],
      require: [{ pointer: '/moyen_paiement', oneOf: ['carte_de_credit'], level: 'internal' }],
      share: 1,
    },
    {
      name: 'price-below-amount',
      when: [],
      require: [{ pointer: '/montant', atLeast: '/details/prixUnitaire', level: 'internal' }],
      share: 1,
    },
  ],
}
const loaded = await loadContracts({
  ...{ schemasDir: join(ROOT, 'schemas'), policiesDir: join(ROOT, 'policies'), maxViolations: 20 },
})
const contract = { ...loaded.contracts.get('transactions')!, quality: promises } as unknown as LiveContract
const catalogue = { find: () => contract }

/** What is drawn of one event, and how long after the start it came in. */
const drawn = fc.record({
  atMs: fc.nat(HOURS * HOUR_MS - 1),
  /** Late, in time, ahead, or without a time of its own. */
  delayMs: fc.oneof(fc.integer({ min: -20_000, max: 60_000 }), fc.constant(0)),
  amount: fc.oneof(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.integer({ min: 0, max: 500 }),
    fc.constant(null),
  ),
  price: fc.option(fc.double({ min: 0, max: 500, noNaN: true }), { nil: undefined }),
  type: fc.constantFrom('achat', 'remboursement'),
  means: fc.constantFrom('carte_de_credit', 'especes', undefined),
  product: fc.constantFrom('Lampe', 'camille@example.com', undefined),
  kind: fc.constantFrom('measured', 'measured', 'measured', 'held', 'correction', 'rejected'),
})
type Drawn = ReturnType<typeof drawn.generate>['value']

function eventOf({ amount, price, type, means, product }: Drawn): JsonObject {
  return {
    type_transaction: type,
    montant: amount,
    ...(means !== undefined && { moyen_paiement: means }),
    ...((price !== undefined || product !== undefined) && {
      details: {
        ...(price !== undefined && { prixUnitaire: price }),
        ...(product !== undefined && { produit: product }),
      },
    }),
  }
}

function placed(dataset: string, each: Drawn, offset: number): PlacedEvent {
  const receivedMs = START_MS + each.atMs
  const record: Partial<EventRecord> = {
    dataset,
    receivedAt: new Date(receivedMs).toISOString(),
    time: new Date(receivedMs - each.delayMs).toISOString(),
    schema: '1-0-0',
    held: each.kind === 'held',
    event: eventOf(each),
    ...(each.kind === 'correction' && { rectification: { event: 'e', at: '2026-11-21T17:00:00Z' } }),
  }
  return { record: record as EventRecord, position: { incarnation: 'i', partition: 0, offset } }
}

/** Batches as a group may hand them out: each begins at or before the end of those before, to one of two owners. */
const steps = fc.array(
  fc.record({ back: fc.nat(20), size: fc.integer({ min: 1, max: 15 }), owner: fc.nat(1), dies: fc.boolean() }),
  { maxLength: 20 },
)

async function handle(owner: Quality, dataset: string, log: Drawn[], from: number, next: number): Promise<void> {
  const offsets = Array.from({ length: next - from }, (_, i) => from + i)
  const batch = { incarnation: 'i', partition: 0, records: offsets.map(offset => ({ offset })) }
  const of = (isRejected: boolean) => offsets.filter(offset => (log[offset]!.kind === 'rejected') === isRejected)
  const events = of(false).map(offset => placed(dataset, log[offset]!, offset))
  await owner.measureEvents(dataset, batch as unknown as RecordBatch, events, undefined)
  const rejected = of(true).map(offset => {
    const receivedAt = new Date(START_MS + log[offset]!.atMs).toISOString()
    return { offset, receivedAt, cause: `/${log[offset]!.type} type` }
  })
  await owner.countCauses(dataset, batch as unknown as RecordBatch, rejected, undefined)
}

test('figures are those of a plain recomputation, whatever batches come again and whoever has them', async t => {
  const documents = await temporaryDocuments(t)
  await fc.assert(
    fc.asyncProperty(fc.array(drawn, { minLength: 1, maxLength: 80 }), steps, async (log, given) => {
      const dataset = randomUUID()
      const open = () => openQuality({ documents, catalogue })
      const owners = [open(), open()]
      let reached = 0
      for (const { back, size, owner, dies } of [...given, { back: 80, size: 80, owner: 0, dies: false }]) {
        const from = Math.max(0, reached - back)
        const next = Math.min(log.length, from + size)
        if (dies) owners[owner] = open()
        if (from === next) continue
        await handle(owners[owner]!, dataset, log, from, next)
        reached = Math.max(reached, next)
      }
      for (const stepMs of [MINUTE_MS, 20 * MINUTE_MS, HOUR_MS, HOURS * HOUR_MS]) {
        const windows = await Array.fromAsync(
          readQuality(documents, { ...contract, dataset }, START_MS, START_MS + HOURS * HOUR_MS, stepMs),
        )
        assert.equal(windows.length, (HOURS * HOUR_MS) / stepMs)
        for (const window of windows) expectSame(window, log)
      }
    }),
    { numRuns: 40 },
  )
})

function expectSame(window: QualityWindow, log: Drawn[]): void {
  const inside = log.flatMap((each, offset) => {
    const ms = START_MS + each.atMs
    return ms >= window.startMs && ms < window.endMs ? [{ ...each, offset, event: eventOf(each) }] : []
  })
  const looked = inside.filter(({ kind }) => kind === 'measured')
  assert.equal(window.events, looked.length)
  const missing = {
    '/montant': looked.filter(({ amount }) => amount === null).length,
    '/moyen_paiement': looked.filter(({ means }) => means === undefined).length,
    '/details/prixUnitaire': looked.filter(({ price }) => price === undefined).length,
    '/utilisateur/email': looked.length,
  }
  if (looked.length > 0)
    for (const [pointer, count] of Object.entries(missing))
      assert.deepEqual(window.fields.get(pointer), { of: looked.length, missing: count }, pointer)

  const amounts = looked.flatMap(({ amount }) => amount ?? [])
  const average = amounts.reduce((sum, amount) => sum + amount, 0) / amounts.length
  const spread = amounts.reduce((sum, amount) => sum + (amount - average) ** 2, 0) / amounts.length
  const { count, mean, variance } = window.numbers.get('/montant') ?? { count: 0, mean: null, variance: null }
  assert.equal(count, amounts.length)
  if (count > 0) {
    expectNear(mean!, average)
    expectNear(variance!, spread)
  }

  const delays = looked
    .map(({ delayMs }) => delayMs)
    .filter(ms => ms !== 0)
    .sort((a, b) => a - b)
  assert.deepEqual(
    [window.timed, window.inTime, window.ahead],
    [delays.length, delays.filter(ms => ms <= 10_000).length, delays.filter(ms => ms < -5_000).length],
  )
  for (const [name, q] of [
    ['p50', 0.5],
    ['p95', 0.95],
    ['p99', 0.99],
  ] as const) {
    const truth = delays[Math.floor(q * (delays.length - 1))]
    if (truth === undefined) assert.equal(window.delay, null)
    else
      assert.ok(
        Math.abs(window.delay![name] - truth) <= Math.abs(truth) / 100,
        `${window.delay![name]} is near ${truth}`,
      )
  }

  const refunds = looked.filter(({ type, means }) => type === 'remboursement' && means)
  const priced = looked.filter(({ amount, price }) => amount !== null && price !== undefined)
  assert.deepEqual(
    Object.fromEntries(window.consistency),
    Object.fromEntries(
      Object.entries({
        'refunds-by-card': [refunds.length, refunds.filter(({ means }) => means !== 'carte_de_credit').length],
        'price-below-amount': [priced.length, priced.filter(({ amount, price }) => amount! < price!).length],
      }).flatMap(([name, [of, broken]]) => (of! > 0 ? [[name, { of, broken }]] : [])),
    ),
  )

  const sampled = looked.filter(({ offset }) => offset % SAMPLE_EVERY === 0)
  const emails = sampled.filter(({ product }) => product?.includes('@')).length
  assert.equal(window.sampled, sampled.length)
  assert.equal(window.suspects.get('/details/produit')?.get('email') ?? 0, emails)

  const causes: Record<string, number> = {}
  for (const { kind, type } of inside)
    if (kind === 'rejected') causes[`/${type} type`] = (causes[`/${type} type`] ?? 0) + 1
  assert.deepEqual(Object.fromEntries(window.causes), causes)
}

/** Doubles that were summed up one by one are a little off. */
function expectNear(shown: number, truth: number): void {
  assert.ok(Math.abs(shown - truth) <= 1e-6 * Math.max(1, Math.abs(truth)), `${shown} is near ${truth}`)
}

test('no text of an event rests in what was measured, nor a number of a stricter level', async t => {
  const documents = await temporaryDocuments(t)
  const quality = openQuality({ documents, catalogue })
  const log = Array.from(
    { length: 30 },
    (_, i): Drawn => ({
      ...{ atMs: i, delayMs: 0, amount: i, price: 2, type: 'achat', means: 'especes', kind: 'measured' },
      product: 'camille@example.com',
    }),
  )
  await handle(quality, 'transactions', log, 0, log.length)
  for (const collection of ['quality', 'quality_hours']) {
    const found = await documents.find(collection, { limit: 10 })
    assert.ok(found.length > 0)
    assert.doesNotMatch(JSON.stringify(found), /camille|Lampe/)
  }
})

test('a day whose values moved is told from the days before it; a part of an hour is not compared', async t => {
  const documents = await temporaryDocuments(t)
  const quality = openQuality({ documents, catalogue })
  const dayMs = Date.parse('2026-11-21T00:00:00Z')
  const log = Array.from({ length: 400 }, (_, i): Drawn => {
    const isToday = i >= 200
    return {
      ...{ delayMs: 0, price: undefined, type: 'achat', means: 'especes', product: undefined, kind: 'measured' },
      atMs: dayMs - START_MS + (isToday ? i * MINUTE_MS : ((i - 201) * 12 * HOUR_MS) / 20),
      amount: isToday ? 1_000 + i : i,
    }
  })
  await handle(quality, 'transactions', log, 0, log.length)
  const driftOf = openDriftReader(documents, 'transactions')
  const today = await driftOf(dayMs, dayMs + 24 * HOUR_MS)
  const { values, before, isDrifting } = today.get('/montant')!
  assert.deepEqual(
    [values, before, isDrifting],
    [
      200,
      log.filter(({ atMs }) => {
        const ms = START_MS + atMs
        return ms >= dayMs - 7 * 24 * HOUR_MS && ms < dayMs
      }).length,
      true,
    ],
  )
  assert.equal(today.get('/type_transaction')?.psi, undefined)
  assert.equal(today.get('/moyen_paiement')?.isDrifting ?? false, false)
  assert.equal((await driftOf(dayMs, dayMs + MINUTE_MS)).size, 0)
})
