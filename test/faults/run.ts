// npm run test:faults -- [--rounds 10] [--only text] [--seed N] [--json file]: starts the servers once, breaks them and
// our own processes in every *.fault-test.ts, and prints what was measured. A broken promise or a skipped test fails.

import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { inspect, parseArgs } from 'node:util'
import { faultRun, rows } from './fault.ts'
import { faultTable } from './fault-table.ts'

const MAX_ROUNDS = 1_000

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    json: { type: 'string' },
  },
})
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS)
  throw new Error(`--rounds is a whole number from 1 to ${MAX_ROUNDS}`)
Object.assign(faultRun, { rounds, seed: Number(values.seed) })
const say = (text: string) => process.stdout.write(`${text}\n`)
say(`seed ${faultRun.seed}`)

// The servers end with us.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const tests = run({
  files: [join(import.meta.dirname, 'every.fault-test.ts')],
  // In this process, one after the other: all share one set of servers.
  isolation: 'none',
  concurrency: false,
  ...(values.only !== undefined && { testNamePatterns: [values.only] }),
})
const count = { passed: 0, failed: 0, skipped: 0 }
tests.on('test:diagnostic', ({ message }) => say(`  ${message}`))
tests.on('test:pass', ({ name, nesting, skip, details }) => {
  if (nesting === 0) return end()
  count[skip === undefined ? 'passed' : 'skipped'] += 1
  say(`${skip === undefined ? 'passed' : 'SKIPPED'}: ${name} (${seconds(details.duration_ms)})`)
})
tests.on('test:fail', ({ name, nesting, details }) => {
  if (nesting > 0) count.failed += 1
  say(`FAILED: ${name} (${seconds(details.duration_ms)})\n${inspect(details.error.cause)}`)
  if (nesting === 0) end()
})

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`

/** At the end of the suite, and not of the process: what a broken connection has left behind may not keep us. */
function end(): void {
  say(`\n${faultTable(rows)}\n\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
  process.exit(count.passed > 0 && count.failed + count.skipped === 0 ? 0 : 1)
}
