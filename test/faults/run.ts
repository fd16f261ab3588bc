// npm run test:faults -- [--rounds 10] [--only text] [--seed N] [--json file]: starts the servers once, breaks them and
// our own processes in every *.fault-test.ts, and prints what was measured. A broken promise or a skipped test fails.

import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
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
process.stdout.write(`seed ${faultRun.seed}\n`)

// The servers end with us.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const files = readdirSync(import.meta.dirname)
  .filter(name => name.endsWith('.fault-test.ts'))
  .sort()
  .map(name => join(import.meta.dirname, name))
const tests = run({
  files,
  // In this process, one after the other: all files share one set of servers.
  isolation: 'none',
  concurrency: false,
  ...(values.only !== undefined && { testNamePatterns: [values.only] }),
})
let sound = false
tests.on('test:summary', ({ counts, file }) => {
  if (file === undefined) sound = counts.passed > 0 && counts.passed === counts.tests
})
// At once, and not only in the end: a run takes long.
tests.on('test:fail', ({ name, details }) => process.stdout.write(`${name}: ${inspect(details.error.cause)}\n`))
tests.compose(spec).pipe(process.stdout)
await once(tests, 'end')

process.stdout.write(`\n${faultTable(rows)}\n`)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
// Whatever a broken connection has left behind may not keep us.
process.exit(sound ? 0 : 1)
