// Starts a real `ecluse serve`, `gateway` or `processors` in a directory, as a user would, and talks to it over HTTP.

import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IngestAnswer } from '../gateway/outcome.ts'
import { type Config, readConfig } from '../runtime/config.ts'
import { atExit } from './at-exit.ts'
import { eventually } from './eventually.ts'

const ROOT = join(import.meta.dirname, '..')
/** On a machine that does much else at the same time. */
const START_MS = 120_000

export interface EcluseProcess {
  url: string
  pid: number
  /** API keys by role; of processors alone, none. */
  keys: Record<string, string>
  dir: string
  dataDir: string
  schemasDir: string
  policiesDir: string
  /** All that the process wrote so far. */
  output(): string
  /** Sends a request with the key of a role. */
  call(role: string, path: string, init?: RequestInit): Promise<Response>
  /** Posts JSON (or a body of another content type) to a dataset's events. */
  post(
    dataset: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; answer: IngestAnswer; headers: Headers }>
  /** Resolves when processors have handled all there is. */
  settled(): Promise<void>
  /** Ends the process: SIGTERM unless told otherwise. Resolves with its exit code or signal. */
  end(signal?: NodeJS.Signals): Promise<number | string>
  /** Starts it again on the same data. */
  restart(environment?: Record<string, string>): Promise<EcluseProcess>
}

export interface SpawnOptions {
  dir?: string
  verb?: 'serve' | 'gateway' | 'processors'
  args?: string[]
  environment?: Record<string, string>
}

/** A fresh directory with copies of the project's schemas and policies; removed when the test process ends. */
export function makeDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-test-'))
  atExit(() => rmSync(dir, { recursive: true, force: true }))
  for (const name of ['schemas', 'policies']) cpSync(join(ROOT, name), join(dir, name), { recursive: true })
  return dir
}

/** The configuration of an Écluse that runs in the test's own process, on the files of `dir`. */
export function configIn(dir: string, environment: Record<string, string>): Config {
  return readConfig({
    ECLUSE_PORT: '0',
    ECLUSE_LOG_LEVEL: 'error',
    ECLUSE_LOG_FORMAT: 'json',
    ECLUSE_DATA_DIR: join(dir, 'data'),
    ECLUSE_SCHEMAS_DIR: join(dir, 'schemas'),
    ECLUSE_POLICIES_DIR: join(dir, 'policies'),
    ...environment,
  })
}

/** @param options.environment may name an `ECLUSE_DATA_DIR`, for several processes on the files of one directory */
export async function spawnEcluse(options: SpawnOptions = {}): Promise<EcluseProcess> {
  const { dir = makeDir(), verb = 'serve', args = [], environment = {} } = options
  const dataDir = environment.ECLUSE_DATA_DIR ?? join(dir, 'data')
  const paths = { dataDir, schemasDir: join(dir, 'schemas'), policiesDir: join(dir, 'policies') }
  const child = spawn(process.execPath, [join(ROOT, 'cli/main.ts'), verb, ...args], {
    cwd: dir,
    env: { ECLUSE_PORT: '0', ECLUSE_LOG_FORMAT: 'json', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  atExit(() => child.kill('SIGKILL'))
  const chunks: Buffer[] = []
  const output = () => Buffer.concat(chunks).toString()
  child.stdout.on('data', chunk => chunks.push(chunk))
  child.stderr.on('data', chunk => chunks.push(chunk))
  const url = await eventually(
    'the gateway listens',
    () => {
      const ended = child.exitCode ?? child.signalCode
      if (ended !== null) throw new Error(`ecluse ${verb} ended with ${ended}:\n${output()}`)
      return /"address":"([^"]+)"/.exec(output())?.[1]
    },
    START_MS,
  ).catch(error => {
    child.kill('SIGKILL')
    throw new Error(`${error.message}; it wrote:\n${output()}`, { cause: error })
  })
  const keys = readKeys(dataDir)
  const again = { dir, verb, args, environment }
  return { url, pid: child.pid!, keys, dir, ...paths, output, ...client(url, keys), ...lifecycle(child, again) }
}

function readKeys(dataDir: string): Record<string, string> {
  const path = join(dataDir, 'dev-credentials.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}

function client(url: string, keys: Record<string, string>) {
  const call = (role: string, path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${keys[role]}`, ...init.headers } })
  return {
    call,
    post: async (dataset: string, body: unknown, headers: Record<string, string> = {}) => {
      const raw = typeof body === 'string' || body instanceof Uint8Array
      const response = await call('producer', `/v1/datasets/${dataset}/events`, {
        method: 'POST',
        body: raw ? (body as string) : JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      })
      return { status: response.status, headers: response.headers, answer: (await response.json()) as IngestAnswer }
    },
    settled: async () => {
      await eventually('processors have handled everything', async () => {
        const text = await (await fetch(`${url}/metrics`)).text()
        return /^ecluse_processor_lag_records\S* 0$/m.test(text)
      })
    },
  }
}

function lifecycle(child: ChildProcess, again: Required<SpawnOptions>) {
  const exited = new Promise<number | string>(resolve => child.on('exit', (code, signal) => resolve(signal ?? code!)))
  const end = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return exited
  }
  const restart = (changed: Record<string, string> = {}) =>
    spawnEcluse({ ...again, environment: { ...again.environment, ...changed } })
  return { end, restart }
}
