// node bin/node.js bench/at-size.ts [--events 1000000] [--kills 4] [--kafka]: payments with 5 % duplicates, 5 % late, out of
// order, 1 % rejected, appended as a gateway does; then Écluse, killed (SIGKILL) and started again meanwhile. After that
// each group of each window of each aggregate, each figure of quality of each hour and minute, and each line of the ledger
// is held against a plain recomputation, and the lake, read by DuckDB, against the same. Says how long it took.
// With --kafka the log is a real broker, started here, and before each kill a second member joins the consumer groups, is
// given partitions, and leaves; every other time it leaves only after the kill. The other stores stay embedded.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { loadContracts } from '../governance/contract/load.ts'
import { topicOf } from '../governance/contract/topic-of.ts'
import { ARCHIVE_GROUP } from '../processors/pipeline.ts'
import type { EventLog } from '../storage/event-log/event-log.ts'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'
import { eventually } from '../test/eventually.ts'
import { inLake } from '../test/read-lake.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from '../test/spawn-ecluse.ts'
import { appendPayments, DATASET } from './append-payments.ts'
import { compareAggregates, compareLake, compareMinutes } from './compare-payments.ts'
import { openBenchLog } from './pass-through.ts'
import { startPlainBroker } from './plain-broker.ts'
import { type Visit, visitGroups } from './visit-groups.ts'

const KILL_AFTER_MS = 5_000
/** A second member stays so long. */
const VISIT_MS = 4_000
/** A member that was killed is taken for dead after it; until then its partitions stand still. */
const SESSION_MS = 6_000
/** Of what a process wrote. */
const OUTPUT_END = 4_000
const LIMIT_MS = 2 * 60 * 60_000

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '4' },
    kafka: { type: 'boolean', default: false },
  },
})

interface LogInUse {
  log: EventLog
  /** Écluse's. */
  settings: Record<string, string>
  /** Of Kafka: has another member join the groups, and says how many events are not archived. */
  other?: { visit(): Promise<Visit>; left(): Promise<number> }
  stop(): Promise<void>
}

async function openLog(dir: string, dataDir: string): Promise<LogInUse> {
  if (!values.kafka)
    return { log: openSqliteEventLog(join(dataDir, 'event-log.sqlite')), settings: {}, stop: async () => {} }
  const { access, stop } = await startPlainBroker(mkdtempSync(join(dir, 'kafka-')))
  const settings = {
    ECLUSE_EVENT_LOG: access.url,
    ...{ ECLUSE_KAFKA_REPLICATION: '1', ECLUSE_KAFKA_MIN_INSYNC_REPLICAS: '1' },
    ECLUSE_KAFKA_SESSION_MS: String(SESSION_MS),
  }
  const [log, asking] = [openBenchLog(access), openBenchLog(access)]
  const other = {
    visit: () => visitGroups(access, DATASET, SESSION_MS),
    left: () => asking.lag(ARCHIVE_GROUP, [topicOf(DATASET)]),
  }
  return { log, settings, other, stop: () => asking.close().then(stop) }
}

interface Disturbed {
  /** The last one. */
  ecluse: EcluseProcess
  /** Events that were not archived at each kill, of a log that can say so. */
  left: number[]
  /** How often partitions were given to another member. */
  rebalances: number
}

/** Kills it again and again while it works. */
async function disturb(first: EcluseProcess, other: LogInUse['other']): Promise<Disturbed> {
  const disturbed: Disturbed = { ecluse: first, left: [], rebalances: 0 }
  for (let kill = Number(values.kills); kill > 0; kill--) {
    const { ecluse } = disturbed
    await sleep(KILL_AFTER_MS * (1 + kill) + (other ? SESSION_MS : 0))
    const visitor = await other?.visit()
    if (visitor) await sleep(VISIT_MS)
    if (other) disturbed.left.push(await other.left())
    if (kill % 2 === 0) await visitor?.leave()
    // Else it had ended by itself.
    assert.equal(await ecluse.end('SIGKILL'), 'SIGKILL', ecluse.output().slice(-OUTPUT_END))
    disturbed.ecluse = await ecluse.restart()
    if (kill % 2 !== 0) await visitor?.leave()
    disturbed.rebalances += visitor?.rebalances() ?? 0
  }
  return disturbed
}

async function main(): Promise<void> {
  const dir = makeDir()
  const dataDir = join(dir, 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  const { contracts } = await loadContracts({
    ...{ schemasDir: join(dir, 'schemas'), policiesDir: join(dir, 'policies'), maxViolations: 20 },
  })
  const contract = contracts.get(DATASET)!
  const { log, settings, other, stop } = await openLog(dir, dataDir)
  const begunMs = performance.now()
  const reckoned = await appendPayments(log, contract, Number(values.events))
  await log.close()
  const appendedMs = performance.now()
  const { ecluse, left, rebalances } = await disturb(await spawnEcluse({ dir, environment: settings }), other)
  await eventually('all is handled', async () => (await lagOf(ecluse)) === 0, LIMIT_MS)
  await inLake(ecluse)
  await ecluse.end()
  await stop()
  const handledMs = performance.now()
  const compared = await compareAggregates(dataDir, reckoned.groups)
  const { windows, lines } = await compareMinutes(dataDir, contract, reckoned.minutes)
  const inTheLake = await compareLake(dataDir, reckoned)
  rmSync(dir, { recursive: true })
  const seconds = (fromMs: number, toMs: number) => `${((toMs - fromMs) / 1_000).toFixed(0)} s`
  process.stdout.write(
    `${values.events} events, killed ${values.kills} times` +
      `${other ? ` (${left.join(', ')} events left), partitions given to another member ${rebalances} times` : ''}: what a plain recomputation says are ` +
      `${compared} groups of aggregates, ${windows} windows of quality, ${lines} lines of the ledger, and ${inTheLake} groups ` +
      `that DuckDB counts in the lake; appended in ${seconds(begunMs, appendedMs)}, handled in ${seconds(appendedMs, handledMs)}\n`,
  )
}

/** Of events, until they are archived and in the lake. @throws Error with what the process wrote, should it have ended */
async function lagOf({ url, output }: EcluseProcess): Promise<number> {
  const response = await fetch(`${url}/metrics`).catch(cause => {
    throw new Error(`Écluse does not answer; it wrote ${output().slice(-OUTPUT_END)}`, { cause })
  })
  const lags = [...(await response.text()).matchAll(/^ecluse_(?:processor|lake)_lag_records\S* (\d+)$/gm)]
  return lags.length < 2 ? Number.POSITIVE_INFINITY : Math.max(...lags.map(([, lag]) => Number(lag)))
}

await main()
