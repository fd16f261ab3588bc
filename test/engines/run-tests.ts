// Runs test files in a Node of their own, with the servers in their environment, and tells what came of each test.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environmentWith, testVariable } from './environment.ts'
import type { TalliedTest } from './tally-reporter.ts'

const FILE_LIMIT_MS = 20 * 60_000

export interface TestRun {
  /** Exit code of `node --test`; null if a signal ended it. */
  code: number | null
  tests: TalliedTest[]
}

/**
 * Files that start a whole Écluse, with processors, run one after the other, the rest beside them: on one broker all
 * processors are members of the same consumer groups, and whoever is given the audit's partition works for itself alone.
 * @param settings Écluse's variables, handed on with the prefix ECLUSE_TEST_
 */
export async function runTests(
  files: string[],
  settings: Record<string, string>,
  asked: AbortSignal,
): Promise<TestRun> {
  const { whole = [], part = [] } = Object.groupBy(files, file => {
    const text = readFileSync(file, 'utf8')
    return /real-installation|fleet-member/.test(text) && !text.includes('processors: 0') ? 'whole' : 'part'
  })
  const lanes = [whole, part].filter(lane => lane.length > 0)
  const runs = await Promise.all(lanes.map(lane => runLane(lane, settings, asked)))
  const failed = runs.find(({ code }) => code !== 0)
  return { code: failed ? failed.code : 0, tests: runs.flatMap(({ tests }) => tests) }
}

async function runLane(files: string[], settings: Record<string, string>, asked: AbortSignal): Promise<TestRun> {
  const dir = await mkdtemp(join(tmpdir(), 'ecluse-engine-tests-'))
  const tally = join(dir, 'tally.jsonl')
  const reporters = [
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${join(import.meta.dirname, 'tally-reporter.ts')}`, `--test-reporter-destination=${tally}`],
  ]
  const limits = ['--test-concurrency=1', `--test-timeout=${FILE_LIMIT_MS}`]
  const named = Object.entries(settings).map(([name, value]) => [testVariable(name), value])
  const child = spawn(process.execPath, ['--test', ...limits, ...reporters, ...files], {
    env: environmentWith(Object.fromEntries(named)),
    stdio: 'inherit',
  })
  const end = () => child.kill('SIGTERM')
  asked.addEventListener('abort', end)
  process.on('exit', end)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', resolve)
  })
  asked.removeEventListener('abort', end)
  process.off('exit', end)
  const lines = (await readFile(tally, 'utf8').catch(() => '')).split('\n').filter(line => line.endsWith('}'))
  await rm(dir, { recursive: true, force: true })
  return { code, tests: lines.map(line => JSON.parse(line) as TalliedTest) }
}
