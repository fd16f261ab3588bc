// Holds what Écluse keeps of appended payments against what was reckoned of them: aggregates in the tables, quality and
// ledger in the documents, and the lake as DuckDB reads it.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Aggregate } from '../governance/contract/aggregate.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { linesOf, mismatchesOf } from '../governance/ledger/ledger-line.ts'
import { readHour } from '../governance/ledger/read-ledger.ts'
import { compileAggregate, type GroupState } from '../governance/measures/compile-aggregate.ts'
import type { QualityWindow } from '../governance/quality/quality-window.ts'
import { readQuality } from '../governance/quality/read-quality.ts'
import { AGGREGATES_TABLE, aggregateKey, dayOf, openAggregateTables } from '../storage/aggregate-rows.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import { collections } from '../storage/stored-shapes.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import { queryLake } from '../test/read-lake.ts'
import { DATASET, type Group, MINUTE_MS, type Received, type Reckoned } from './append-payments.ts'
import { START_MS } from './payment-records.ts'

const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const QUANTILE_ERROR = 0.01
/** Of what is reckoned here, in floating point. */
const MEAN_ERROR = 1e-9

/** Groups that were compared. @throws AssertionError for the first that is otherwise */
export async function compareAggregates(dataDir: string, reckoned: Reckoned['groups']): Promise<number> {
  const tables = await openSqliteTables(join(dataDir, 'tables.sqlite'))
  let compared = 0
  for (const [aggregate, groups] of reckoned) {
    const compiled = compileAggregate(aggregate)
    const found = new Map<string, { state: GroupState; late: number }>()
    for (const row of await rowsOf(openAggregateTables(tables), aggregate)) {
      const name = `${row.window} ${row.group}`
      const { state, late } = found.get(name) ?? { state: compiled.empty(), late: 0 }
      const merged = compiled.merge(state, JSON.parse(row.state as string) as GroupState)
      found.set(name, { state: merged, late: late + Number(row.late) })
    }
    const missing = new Set(groups.keys()).symmetricDifference(new Set(found.keys()))
    assert.equal(missing.size, 0, `${aggregate.name}: ${[...missing].slice(0, 5)}`)
    for (const [name, group] of groups) {
      const { state, late } = found.get(name)!
      assert.equal(late, group.late, name)
      const shown = compiled.show(state)
      for (const { name: measure, kind } of aggregate.measures) assertMeasure(kind, shown[measure], group, name)
      compared++
    }
  }
  await tables.close()
  return compared
}

function assertMeasure(kind: string, shown: unknown, { events, cents, amounts }: Group, about: string): void {
  const exact: Record<string, unknown> = { count: events, sum: events === 0 ? null : cents / 100 }
  if (kind in exact || events === 0) assert.equal(shown, exact[kind] ?? null, about)
  else if (kind === 'mean') assertNear(shown, cents / 100 / events, MEAN_ERROR, about)
  else assertNear(shown, rank(amounts, 0.5), QUANTILE_ERROR, about)
}

const rank = (numbers: number[], q: number) => numbers.sort((a, b) => a - b)[Math.floor(q * (numbers.length - 1))]!

function assertNear(shown: unknown, exact: number, error: number, about: string): void {
  assert.ok(Math.abs((shown as number) - exact) <= Math.abs(exact) * error, `${about}: ${shown}, not ${exact}`)
}

async function rowsOf(tables: ReturnType<typeof openAggregateTables>, aggregate: Aggregate) {
  const { identity } = compileAggregate(aggregate)
  const rows = []
  for (let ms = START_MS - DAY_MS; ms < Date.now() + DAY_MS; ms += DAY_MS) {
    const place = { dataset: DATASET, aggregate: aggregateKey(aggregate.name, identity), day: dayOf(ms) }
    for (let from = ''; ; ) {
      const page = await tables.read(AGGREGATES_TABLE, { partition: place, range: { from }, limit: 10_000 })
      rows.push(...page)
      if (page.length < 10_000) break
      from = `${page.at(-1)!.row} `
    }
  }
  return rows
}

/** Windows of quality and lines of the ledger. */
export async function compareMinutes(dataDir: string, contract: Contract, minutes: Reckoned['minutes']) {
  const documents = await openSqliteDocuments(join(dataDir, 'documents.sqlite'))
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  const endMs = Math.max(...minutes.keys()) + MINUTE_MS
  let windows = 0
  for (const stepMs of [MINUTE_MS, HOUR_MS]) {
    const reckoned = Map.groupBy(minutes, ([ms]) => Math.floor(ms / stepMs) * stepMs)
    for await (const window of readQuality(documents, contract, START_MS, endMs, stepMs)) {
      assertWindow(
        window,
        (reckoned.get(window.startMs) ?? []).map(([, minute]) => minute),
      )
      windows++
    }
  }
  let lines = 0
  for (let ms = START_MS; ms < endMs; ms += HOUR_MS) {
    const hour = await readHour(documents, DATASET, new Date(ms).toISOString())
    for (const line of linesOf(hour, 0)) {
      const minute = minutes.get(Date.parse(line.window.start))!
      const { received, accepted, rejected, effective, duplicates, appended, conflicts, unacknowledged } = line
      assert.deepEqual(
        { received, accepted, rejected, effective, duplicates, appended, conflicts, unacknowledged },
        {
          ...{ received: minute.accepted + minute.rejected, accepted: minute.accepted, rejected: minute.rejected },
          ...{ effective: minute.effective, duplicates: minute.duplicates, appended: minute.accepted },
          ...{ conflicts: 0, unacknowledged: 0 },
        },
        line.window.start,
      )
      assert.deepEqual(mismatchesOf(line), [])
      lines++
    }
  }
  assert.equal(lines, minutes.size)
  await documents.close()
  return { windows, lines }
}

function assertWindow(window: QualityWindow, of: Received[]): void {
  const sum = (count: (minute: Received) => number) => of.reduce((total, minute) => total + count(minute), 0)
  const about = new Date(window.startMs).toISOString()
  const causes: Record<string, number> = {}
  for (const minute of of) for (const [cause, count] of minute.causes) causes[cause] = (causes[cause] ?? 0) + count
  const effective = sum(minute => minute.effective)
  const { volume, events, fields, numbers, delay, ahead } = window
  assert.equal(events, effective, about)
  assert.deepEqual(
    [volume.received, volume.rejected, volume.effective, volume.duplicates, ahead],
    [sum(m => m.accepted + m.rejected), sum(m => m.rejected), effective, sum(m => m.duplicates), 0],
    about,
  )
  assert.deepEqual(Object.fromEntries(window.causes), causes, about)
  if (effective === 0) return
  assert.deepEqual(fields.get('/moyen_paiement'), { of: effective, missing: sum(m => m.withoutMeans) }, about)
  assert.deepEqual(fields.get('/montant'), { of: effective, missing: 0 }, about)
  const amounts = of.flatMap(minute => minute.amounts)
  const mean = amounts.reduce((total, amount) => total + amount, 0) / effective
  const variance = amounts.reduce((total, amount) => total + (amount - mean) ** 2, 0) / effective
  const shown = numbers.get('/montant')!
  assert.equal(shown.count, effective, about)
  assertNear(shown.mean, mean, MEAN_ERROR, about)
  assertNear(shown.variance, variance, MEAN_ERROR, about)
  const delays = of.flatMap(minute => minute.delays)
  assertNear(delay!.p50, rank(delays, 0.5), QUANTILE_ERROR, about)
  assertNear(delay!.p95, rank(delays, 0.95), QUANTILE_ERROR, about)
  assertNear(delay!.p99, rank(delays, 0.99), QUANTILE_ERROR, about)
}

/** What DuckDB counts in the lake, against the aggregate of an hour's payments by type. @returns groups compared */
export async function compareLake(dataDir: string, { groups, minutes }: Reckoned): Promise<number> {
  const [byType, reckoned] = [...groups].find(([{ name }]) => name === 'by-type')!
  assert.deepEqual(byType.window, { tumbling: HOUR_MS })
  const rows = await queryLake(
    dataDir,
    DATASET,
    `SELECT epoch_ms(date_trunc('hour', time)) AS start, "/type_transaction" AS type,
      count(*)::INTEGER AS events, count(DISTINCT id)::INTEGER AS ids FROM lake GROUP BY ALL`,
  )
  for (const { start, type, events, ids } of rows) {
    const group = reckoned.get(`${start} ${JSON.stringify([type])}`)!
    assert.deepEqual([events, ids], [group.events + group.late, group.events + group.late], `${start} ${type}`)
  }
  assert.equal(rows.length, reckoned.size)
  const [total] = await queryLake(
    dataDir,
    DATASET,
    `SELECT count(*)::INTEGER AS events, sum(round("/montant" * 100))::BIGINT::VARCHAR AS cents FROM lake`,
  )
  const amounts = [...minutes.values()].flatMap(minute => minute.amounts)
  const cents = amounts.reduce((sum, amount) => sum + Math.round(amount * 100), 0)
  assert.deepEqual(total, { events: amounts.length, cents: `${cents}` })
  return rows.length
}
