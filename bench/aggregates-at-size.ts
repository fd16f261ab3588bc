// node bin/node.js bench/aggregates-at-size.ts [--events 1000000] [--kills 4]: payments with 5 % duplicates, 5 % late, out
// of order, through processors that are killed (SIGKILL) and started again meanwhile; then each group of each window of
// each aggregate is held against a plain recomputation. Says how long it took.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Aggregate } from '../governance/contract/aggregate.ts'
import { readPointer } from '../governance/contract/event-parts.ts'
import { compileAggregate, type GroupState } from '../governance/measures/compile-aggregate.ts'
import { ARCHIVE_GROUP } from '../processors/pipeline.ts'
import { AGGREGATES_TABLE, aggregateKey, dayOf, openAggregateTables } from '../storage/aggregate-rows.ts'
import type { EventRecord } from '../storage/event-record.ts'
import { BATCH, openAggregating, TOPIC } from './aggregating.ts'
import { paymentRecords, randomOf, toLogRecord } from './payment-records.ts'

const PARTITIONS = 3
const PERSONS = 20_000
const APPENDED_AT_ONCE = 5_000
const KILL_AFTER_MS = 5_000
const LOOK_MS = 500
const DAY_MS = 86_400_000
const QUANTILE_ERROR = 0.01
/** Of what is reckoned here, in floating point. */
const MEAN_ERROR = 1e-14

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '4' },
    child: { type: 'string' },
  },
})

/** Processors until nothing is left to do. */
async function consume(dir: string): Promise<void> {
  const { log, process: handle, close } = await openAggregating(dir, true)
  const onError = (error: Error) => process.stderr.write(`${error.stack}\n`)
  const consumer = await log.consume({ group: ARCHIVE_GROUP, topics: [TOPIC], batchSize: BATCH, handle, onError })
  while ((await log.lag(ARCHIVE_GROUP, [TOPIC])) > 0) await sleep(LOOK_MS)
  await consumer.stop()
  await close()
}

interface Group {
  events: number
  late: number
  cents: number
  amounts: number[]
}

/** By aggregate, then by window's start and group. */
type Reckoned = Map<Aggregate, Map<string, Group>>

async function append(dir: string, events: number): Promise<Reckoned> {
  const { log, contract, close } = await openAggregating(dir, true)
  await log.ensureTopic(TOPIC, { partitions: PARTITIONS, retentionMs: null })
  const reckoned: Reckoned = new Map(contract.aggregates.map(aggregate => [aggregate, new Map()]))
  const seen = new Set<string>()
  const watermarks = new Map<number, number>()
  const flush = async (records: EventRecord[]) => {
    const positions = await log.append(
      records.map(record => ({ topic: TOPIC, record: { ...toLogRecord(record), key: record.subject } })),
    )
    for (const [i, record] of records.entries()) {
      const { partition } = positions[i]!
      const watermark = watermarks.get(partition) ?? Number.NEGATIVE_INFINITY
      watermarks.set(partition, Math.max(watermark, Date.parse(record.time)))
      if (seen.has(record.id)) continue
      seen.add(record.id)
      for (const [aggregate, groups] of reckoned) reckon(aggregate, groups, record, watermark)
    }
  }
  let records: EventRecord[] = []
  for (const record of paymentRecords({ events, persons: PERSONS, duplicates: 0.05, late: 0.05 }, randomOf(1))) {
    records.push(record)
    if (records.length < APPENDED_AT_ONCE) continue
    await flush(records)
    records = []
  }
  if (records.length > 0) await flush(records)
  await close()
  return reckoned
}

/** All four tumble, and count payments of at least 0 or all. */
function reckon(aggregate: Aggregate, groups: Map<string, Group>, { time, event }: EventRecord, watermark: number) {
  const size = (aggregate.window as { tumbling: number }).tumbling
  const start = Math.floor(Date.parse(time) / size) * size
  const name = `${start} ${JSON.stringify(aggregate.groupBy.map(({ pointer }) => readPointer(pointer)(event)))}`
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

async function compare(dir: string, reckoned: Reckoned): Promise<number> {
  const { tables, close } = await openAggregating(dir, true)
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
    assert.deepEqual(new Set(found.keys()), new Set(groups.keys()), aggregate.name)
    for (const [name, group] of groups) {
      const { state, late } = found.get(name)!
      assert.equal(late, group.late, name)
      const shown = compiled.show(state)
      for (const { name: measure, kind } of aggregate.measures) assertMeasure(kind, shown[measure], group, name)
      compared++
    }
  }
  await close()
  return compared
}

function assertMeasure(kind: string, shown: unknown, { events, cents, amounts }: Group, about: string): void {
  const exact: Record<string, unknown> = { count: events, sum: events === 0 ? null : cents / 100 }
  if (kind in exact || events === 0) assert.equal(shown, exact[kind] ?? null, about)
  else if (kind === 'mean') assertNear(shown, cents / 100 / events, MEAN_ERROR, about)
  else assertNear(shown, amounts.sort((a, b) => a - b)[Math.floor((events - 1) / 2)]!, QUANTILE_ERROR, about)
}

function assertNear(shown: unknown, exact: number, error: number, about: string): void {
  assert.ok(Math.abs((shown as number) - exact) <= Math.abs(exact) * error, `${about}: ${shown}, not ${exact}`)
}

async function rowsOf(tables: ReturnType<typeof openAggregateTables>, aggregate: Aggregate) {
  const { identity } = compileAggregate(aggregate)
  const rows = []
  for (let ms = Date.UTC(2026, 9, 4); ms < Date.UTC(2026, 9, 31); ms += DAY_MS) {
    const place = { dataset: 'transactions', aggregate: aggregateKey(aggregate.name, identity), day: dayOf(ms) }
    for (let from = ''; ; ) {
      const page = await tables.read(AGGREGATES_TABLE, { partition: place, range: { from }, limit: 10_000 })
      rows.push(...page)
      if (page.length < 10_000) break
      from = `${page.at(-1)!.row} `
    }
  }
  return rows
}

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-bench-'))
  const begunMs = performance.now()
  const reckoned = await append(dir, Number(values.events))
  const appendedMs = performance.now()
  let kills = Number(values.kills)
  for (;;) {
    const child = spawn(process.execPath, [import.meta.filename, '--child', dir], { stdio: 'inherit' })
    const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
    const timer = kills > 0 ? setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS * (1 + kills)) : undefined
    const code = await ended
    clearTimeout(timer)
    if (code === 0) break
    if (code !== null) throw new Error(`processors ended with ${code}`)
    kills--
  }
  const processedMs = performance.now()
  const compared = await compare(dir, reckoned)
  rmSync(dir, { recursive: true })
  const seconds = (fromMs: number, toMs: number) => `${((toMs - fromMs) / 1_000).toFixed(0)} s`
  process.stdout.write(
    `${values.events} events, killed ${Number(values.kills) - kills} times: ${compared} groups are what a plain recomputation says; ` +
      `appended in ${seconds(begunMs, appendedMs)}, processed in ${seconds(appendedMs, processedMs)}\n`,
  )
}

await (values.child === undefined ? main() : consume(values.child))
