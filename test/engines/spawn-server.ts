// Starts a server, waits until it is ready, and sees to it that it does not outlive the process that started it.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { atExit } from '../at-exit.ts'
import { environmentWith } from './environment.ts'
import { lastLines } from './last-lines.ts'

const DEFAULT_TIMEOUT_MS = 120_000
const LOOK_EVERY_MS = 100
/** Time a server has to end by itself. */
const STOP_MS = 20_000

export interface Server {
  name: string
  pid: number
  /** The path of what it wrote. */
  log: string
  kill(signal: NodeJS.Signals): void
  /** Resolves with its exit code, null when a signal ended it. */
  exited: Promise<number | null>
  /** SIGTERM, then SIGKILL if it does not end in time. */
  stop(): Promise<void>
}

export interface SpawnServerOptions {
  name: string
  command: string
  args: string[]
  cwd?: string | undefined
  /** Where its output goes. A temporary file, gone with our process unless the start failed, if undefined. */
  log?: string | undefined
  /** Beside the environment of this process. */
  env?: Record<string, string> | undefined
  /** Asked until it says yes; its errors mean no. */
  ready: () => Promise<boolean>
  timeoutMs?: number | undefined
  uid?: number | undefined
  gid?: number | undefined
}

/** @throws Error with the last lines of its log when it ends or is not ready in time; it is killed then */
export async function spawnServer(options: SpawnServerOptions): Promise<Server> {
  const { name, command, args, cwd, env = {}, uid, gid } = options
  const logDir = options.log === undefined ? mkdtempSync(join(tmpdir(), `ecluse-${name}-log-`)) : undefined
  const log = options.log ?? join(logDir!, `${name}.log`)
  const output = openSync(log, 'a')
  const child = spawn(command, args, {
    ...(cwd !== undefined && { cwd }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    env: environmentWith(env),
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const { exited, failure } = watch(child)
  try {
    await untilReady(options, log, failure)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  if (logDir) atExit(() => rmSync(logDir, { recursive: true, force: true }))
  const stop = async () => {
    child.kill('SIGTERM')
    const tooLate = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await exited
    clearTimeout(tooLate)
  }
  return { name, pid: child.pid!, log, kill: signal => void child.kill(signal), exited, stop }
}

/** Its end as a promise, what stopped it from starting, and its death with ours. */
function watch(child: ChildProcess) {
  const dieToo = () => child.kill('SIGKILL')
  process.on('exit', dieToo)
  let failed: string | undefined
  const exited = new Promise<number | null>(resolve => {
    child.on('error', error => {
      failed ??= error.message
      resolve(null)
    })
    child.on('exit', (code, signal) => {
      failed ??= `ended with ${code ?? signal}`
      process.off('exit', dieToo)
      resolve(code)
    })
  })
  return { exited, failure: () => failed }
}

async function untilReady(
  { name, ready, timeoutMs = DEFAULT_TIMEOUT_MS }: SpawnServerOptions,
  log: string,
  failure: () => string | undefined,
): Promise<void> {
  const startMs = performance.now()
  while (!(await ready().catch(() => false))) {
    const late = performance.now() - startMs > timeoutMs ? `was not ready within ${timeoutMs} ms` : undefined
    const reason = failure() ?? late
    if (reason) throw new Error(`${name} ${reason}; ${log} ends with:\n${lastLines(log)}`)
    await pause(LOOK_EVERY_MS)
  }
}

/** A port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
