// node bin/node.js bench/at-size.ts [--events 1000000] [--kills 4]: payments with 5 % duplicates, 5 % late, out of order,
// 1 % rejected, appended as a gateway does; then Écluse, killed (SIGKILL) and started again meanwhile. After that each
// group of each window of each aggregate, each figure of quality of each hour and minute, and each line of the ledger is
// held against a plain recomputation, and the lake, read by DuckDB, against the same. Says how long it took.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { loadContracts } from '../governance/contract/load.ts'
import { eventually } from '../test/eventually.ts'
import { inLake } from '../test/read-lake.ts'
import { makeDir, spawnEcluse } from '../test/spawn-ecluse.ts'
import { appendPayments, DATASET } from './append-payments.ts'
import { compareAggregates, compareLake, compareMinutes } from './compare-payments.ts'

const KILL_AFTER_MS = 5_000
const LIMIT_MS = 60 * 60_000

const { values } = parseArgs({
  options: { events: { type: 'string', default: '1000000' }, kills: { type: 'string', default: '4' } },
})

async function main(): Promise<void> {
  const dir = makeDir()
  const dataDir = join(dir, 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  const { contracts } = await loadContracts({
    ...{ schemasDir: join(dir, 'schemas'), policiesDir: join(dir, 'policies'), maxViolations: 20 },
  })
  const contract = contracts.get(DATASET)!
  const begunMs = performance.now()
  const reckoned = await appendPayments(dataDir, contract, Number(values.events))
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
