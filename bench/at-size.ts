// node bin/node.js bench/at-size.ts [--events 1000000] [--kills 4]: payments with 5 % duplicates, 5 % late, out of order,
// 1 % rejected, appended as a gateway does; then Écluse, killed (SIGKILL) and started again meanwhile. After that each
// group of each window of each aggregate, each figure of quality of each hour and minute, and each line of the ledger is
// held against a plain recomputation, and the lake, read by DuckDB, against the same. Says how long it took.

import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Aggregate } from '../governance/contract/aggregate.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { readPointer } from '../governance/contract/event-parts.ts'
import { loadContracts } from '../governance/contract/load.ts'
import { policyVersion } from '../governance/contract/stored-contract.ts'
import { ledgerTopicOf, quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import { linesOf, mismatchesOf } from '../governance/ledger/ledger-line.ts'
import { readHour } from '../governance/ledger/read-ledger.ts'
import { compileAggregate, type GroupState } from '../governance/measures/compile-aggregate.ts'
import type { QualityWindow } from '../governance/quality/quality-window.ts'
import { readQuality } from '../governance/quality/read-quality.ts'
import { AGGREGATES_TABLE, aggregateKey, dayOf, openAggregateTables } from '../storage/aggregate-rows.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import type { LogEntry } from '../storage/event-log/event-log.ts'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'
import type { EventRecord } from '../storage/event-record.ts'
import { minuteOf, writeLedgerRecord } from '../storage/ledger-record.ts'
import { writeQuarantineRecord } from '../storage/quarantine-record.ts'
import { collections } from '../storage/stored-shapes.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import { eventually } from '../test/eventually.ts'
import { inLake, queryLake } from '../test/read-lake.ts'
import { makeDir, spawnEcluse } from '../test/spawn-ecluse.ts'
import { paymentRecords, randomOf, START_MS, toLogRecord } from './payment-records.ts'

const DATASET = 'transactions'
const PARTITIONS = 3
const PERSONS = 20_000
const REJECTED = 0.01
const CAUSES = ['/montant type', '/devise enum', '(event) additionalProperties']
const APPENDED_AT_ONCE = 5_000
const KILL_AFTER_MS = 5_000
const LIMIT_MS = 60 * 60_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const QUANTILE_ERROR = 0.01
/** Of what is reckoned here, in floating point. */
const MEAN_ERROR = 1e-9

const { values } = parseArgs({
  options: { events: { type: 'string', default: '1000000' }, kills: { type: 'string', default: '4' } },
})

interface Group {
  events: number
  late: number
  cents: number
  amounts: number[]
}

/** What was received in one minute. */
interface Received {
  accepted: number
  effective: number
  duplicates: number
  rejected: number
  causes: Map<string, number>
  withoutMeans: number
  amounts: number[]
  delays: number[]
}

interface Reckoned {
  /** By aggregate, then by window's start and group. */
  groups: Map<Aggregate, Map<string, Group>>
  /** By start, ms. */
  minutes: Map<number, Received>
}

/** As a gateway appends: events, those that were rejected, and the receipts of both. */
async function append(dataDir: string, contract: Contract, events: number): Promise<Reckoned> {
  const log = openSqliteEventLog(join(dataDir, 'event-log.sqlite'))
  for (const topic of [topicOf(DATASET), quarantineTopicOf(DATASET), ledgerTopicOf(DATASET)])
    await log.ensureTopic(topic, { partitions: PARTITIONS, retentionMs: null })
  const groups: Reckoned['groups'] = new Map(contract.aggregates.map(aggregate => [aggregate, new Map()]))
  const minutes: Reckoned['minutes'] = new Map()
  const seen = new Set<string>()
  const watermarks = new Map<number, number>()
  const random = randomOf(2)
  let number = 0

  const flush = async (records: EventRecord[]) => {
    const rejected = records.filter(() => random() < REJECTED).map(({ receivedAt }) => receivedAt)
    const counts = new Map<string, { accepted: number; rejected: number }>()
    const count = (receivedAt: string, outcome: 'accepted' | 'rejected') => {
      const of = counts.get(minuteOf(receivedAt)) ?? { accepted: 0, rejected: 0 }
      of[outcome]++
      counts.set(minuteOf(receivedAt), of)
    }
    for (const { receivedAt } of records) count(receivedAt, 'accepted')
    for (const receivedAt of rejected) count(receivedAt, 'rejected')
    const entries: LogEntry[] = [
      ...records.map(record => ({
        topic: topicOf(DATASET),
        record: { ...toLogRecord({ ...record, policy: policyVersion(contract) }), key: record.subject },
      })),
      ...rejected.map((receivedAt, i) => ({
        topic: quarantineTopicOf(DATASET),
        record: rejection(`r${number}-${i}`, receivedAt),
      })),
      ...[...counts].map(([minute, { accepted, rejected }]) => ({
        topic: ledgerTopicOf(DATASET),
        record: writeLedgerRecord({
          ...{ dataset: DATASET, writer: 'at-size', number: number++, minute },
          counts: { received: accepted + rejected, accepted, suppressed: 0, rejected, unanswered: 0 },
        }),
      })),
    ]
    const positions = await log.append(entries)
    for (const receivedAt of rejected) minuteIn(minutes, receivedAt).rejected++
    for (const [i, record] of records.entries()) {
      const { partition } = positions[i]!
      const watermark = watermarks.get(partition) ?? Number.NEGATIVE_INFINITY
      watermarks.set(partition, Math.max(watermark, Date.parse(record.time)))
      const isFirst = !seen.has(record.id)
      seen.add(record.id)
      reckonMinute(minuteIn(minutes, record.receivedAt), record, isFirst)
      if (isFirst) for (const [aggregate, of] of groups) reckonGroup(aggregate, of, record, watermark)
    }
  }

  function rejection(id: string, receivedAt: string): LogEntry['record'] {
    const cause = CAUSES[Math.floor(random() * CAUSES.length)]!
    const { causes } = minuteIn(minutes, receivedAt)
    causes.set(cause, (causes.get(cause) ?? 0) + 1)
    const [pointer, keyword] = cause.split(' ') as [string, string]
    return writeQuarantineRecord({
      ...{ id, dataset: DATASET, receivedAt, schema: '1-0-0', policy: policyVersion(contract) },
      errors: [{ pointer: pointer === '(event)' ? '' : pointer, keyword, detail: '', fix: '' }],
      ...{ sealedBy: { by: 'day', key: 'none' }, sealed: '', expiresAtMs: Date.now() + DAY_MS },
    })
  }

  let records: EventRecord[] = []
  for (const record of paymentRecords({ events, persons: PERSONS, duplicates: 0.05, late: 0.05 }, randomOf(1))) {
    records.push(record)
    if (records.length < APPENDED_AT_ONCE) continue
    await flush(records)
    records = []
  }
  if (records.length > 0) await flush(records)
  await log.close()
  return { groups, minutes }
}

function minuteIn(minutes: Reckoned['minutes'], receivedAt: string): Received {
  const ms = Math.floor(Date.parse(receivedAt) / MINUTE_MS) * MINUTE_MS
  const none = { accepted: 0, effective: 0, duplicates: 0, rejected: 0, withoutMeans: 0 }
  const minute = minutes.get(ms) ?? { ...none, causes: new Map(), amounts: [], delays: [] }
  minutes.set(ms, minute)
  return minute
}

function reckonMinute(minute: Received, { time, receivedAt, event }: EventRecord, isFirst: boolean): void {
  minute.accepted++
  if (!isFirst) {
    minute.duplicates++
    return
  }
  minute.effective++
  if (event.moyen_paiement === undefined) minute.withoutMeans++
  minute.amounts.push(event.montant as number)
  minute.delays.push(Date.parse(receivedAt) - Date.parse(time))
}

/** All four tumble, and count payments of at least 0 or all. */
function reckonGroup(
  aggregate: Aggregate,
  groups: Map<string, Group>,
  { time, event }: EventRecord,
  watermark: number,
) {
  const size = (aggregate.window as { tumbling: number }).tumbling
  const start = Math.floor(Date.parse(time) / size) * size
  const keys = aggregate.groupBy.map(({ pointer }) => readPointer(pointer)(event) ?? null)
  const name = `${start} ${JSON.stringify(keys)}`
  const group = groups.get(name) ?? { events: 0, late: 0, cents: 0, amounts: [] }
  groups.set(name, group)
  if (start + size + aggregate.latenessMs <= watermark) {
    group.late++
    return
  }
  group.events++
  group.cents += Math.round((event.montant as number) * 100)
  group.amounts.push(event.montant as number)
}

async function compareAggregates(dataDir: string, reckoned: Reckoned['groups']): Promise<number> {
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
async function compareMinutes(dataDir: string, contract: Contract, minutes: Reckoned['minutes']) {
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
async function compareLake(dataDir: string, { groups, minutes }: Reckoned): Promise<number> {
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

async function main(): Promise<void> {
  const dir = makeDir()
  const dataDir = join(dir, 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  const { contracts } = await loadContracts({
    ...{ schemasDir: join(dir, 'schemas'), policiesDir: join(dir, 'policies'), maxViolations: 20 },
  })
  const contract = contracts.get(DATASET)!
  const begunMs = performance.now()
  const reckoned = await append(dataDir, contract, Number(values.events))
  const appendedMs = performance.now()
  let ecluse = await spawnEcluse({ dir })
  for (let kill = Number(values.kills); kill > 0; kill--) {
    await sleep(KILL_AFTER_MS * (1 + kill))
    await ecluse.end('SIGKILL')
    ecluse = await ecluse.restart()
  }
  await eventually('all is handled', async () => (await lagOf(ecluse.url)) === 0, LIMIT_MS)
  await inLake(ecluse)
  await ecluse.end()
  const handledMs = performance.now()
  const compared = await compareAggregates(dataDir, reckoned.groups)
  const { windows, lines } = await compareMinutes(dataDir, contract, reckoned.minutes)
  const inTheLake = await compareLake(dataDir, reckoned)
  rmSync(dir, { recursive: true })
  const seconds = (fromMs: number, toMs: number) => `${((toMs - fromMs) / 1_000).toFixed(0)} s`
  process.stdout.write(
    `${values.events} events, killed ${values.kills} times: what a plain recomputation says are ${compared} groups of ` +
      `aggregates, ${windows} windows of quality, ${lines} lines of the ledger, and ${inTheLake} groups that DuckDB counts ` +
      `in the lake; appended in ${seconds(begunMs, appendedMs)}, handled in ${seconds(appendedMs, handledMs)}\n`,
  )
}

/** Of events, until they are archived and in the lake. */
async function lagOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lags = [...text.matchAll(/^ecluse_(?:processor|lake)_lag_records\S* (\d+)$/gm)].map(([, lag]) => Number(lag))
  return lags.length < 2 ? Number.POSITIVE_INFINITY : Math.max(...lags)
}

await main()
