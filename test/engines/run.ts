// npm run test:engines: starts a real server for each port that the environment names none for, runs the engine tests
// and both sides' contract suites, and compares the sides. Files may be named to run these alone.
//
//   --only event-log,tables   these ports' servers and storage tests alone
//   --keep                    no tests: leaves the servers up until Ctrl-C, and writes their variables to a file

import { glob, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compareSides, tableOf } from './compare-sides.ts'
import { cacheDir } from './engine-cache.ts'
import { startEngines } from './engines.ts'
import { PORTS, type Port, testVariable } from './environment.ts'
import { runTests } from './run-tests.ts'

const ROOT = join(import.meta.dirname, '../..')
const ROOMS = '{runtime,storage,governance,gateway,processors,cli,test}'
/** The test files of the embedded sides, where their contract suites are run. */
const EMBEDDED = '{sqlite,file}.test.ts'

const tell = (line: string) => void process.stdout.write(`${line}\n`)
const asked = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => asked.abort())

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { keep: { type: 'boolean', default: false }, only: { type: 'string' } },
  })
  const ports = values.only === undefined ? [...PORTS] : values.only.split(',').map(portOf)
  const engines = await startEngines(ports, tell)
  try {
    if (asked.signal.aborted) return 1
    if (values.keep) return await keep(engines.settings)
    if (positionals.length > 0) return (await runTests(positionals, engines.settings, asked.signal)).code ?? 1
    return await testAll(await filesOf(values.only === undefined ? undefined : ports), ports, engines.settings)
  } finally {
    await engines.stop()
  }
}

function portOf(name: string): Port {
  const port = PORTS.find(each => each === name)
  if (!port) throw new Error(`there is no port ${name}: ${PORTS.join(', ')}`)
  return port
}

/** All engine tests, or those of these ports, and the contract suites of the embedded sides. */
async function filesOf(ports: Port[] | undefined): Promise<string[]> {
  const folders = ports ? ports.map(port => `storage/${port}`) : ['storage/*']
  const patterns = ports ? folders.map(folder => `${folder}/**/*.engine-test.ts`) : [`${ROOMS}/**/*.engine-test.ts`]
  return Array.fromAsync(glob([...patterns, ...folders.map(folder => `${folder}/${EMBEDDED}`)], { cwd: ROOT }))
}

async function testAll(files: string[], ports: Port[], settings: Record<string, string>): Promise<number> {
  const { code, tests } = await runTests(
    files.map(file => join(ROOT, file)),
    settings,
    asked.signal,
  )
  const { rows, problems } = compareSides(tests, ports)
  tell(`\nBoth sides of each port, by the same contract suite:\n${tableOf(rows)}`)
  for (const problem of problems) tell(problem)
  return code === 0 && problems.length > 0 ? 1 : (code ?? 1)
}

/** Until Ctrl-C. The file is made to be read by a shell: `. file`. */
async function keep(settings: Record<string, string>): Promise<number> {
  const path = join(cacheDir(), 'engines.env')
  const quoted = (value: string) => `'${value.replaceAll("'", "'\\''")}'`
  const lines = Object.entries(settings).map(([name, value]) => `export ${testVariable(name)}=${quoted(value)}\n`)
  await mkdir(cacheDir(), { recursive: true })
  await writeFile(path, lines.join(''), { mode: 0o600 })
  tell(`The servers are up until Ctrl-C. Their variables:  . ${path}`)
  const stillHere = setInterval(() => {}, 1 << 30)
  await new Promise(resolve => asked.signal.addEventListener('abort', resolve))
  clearInterval(stillHere)
  await rm(path, { force: true })
  return 0
}

process.exitCode = await main()
