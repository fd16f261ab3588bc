// Builds what a server is made of once and keeps it outside the checkout. Two processes never build the same thing at
// once, and a half-built thing is never taken for a whole one.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { eventually } from '../eventually.ts'
import { enginesCache, environmentWith } from './environment.ts'
import { lastLines } from './last-lines.ts'

/** One who waits for another's build looks again so often, 30 s each time. */
const MAX_WAITS = 80
const DEFAULT_TIMEOUT_MS = 20 * 60_000
const MAX_OUTPUT_BYTES = 16 * 1_048_576

/** The folder of all that is cached; see ECLUSE_TEST_ENGINES_CACHE. */
export const cacheDir = enginesCache

/**
 * The folder of that name, made by `make` in a temporary folder beside unless it is there already.
 * @param name also says the version: what is cached under a name never changes
 * @throws Error of `make`, after which nothing is kept; Error when another process builds for too long
 */
export async function cached(name: string, make: (dir: string) => Promise<void>): Promise<string> {
  const target = join(cacheDir(), name)
  if (existsSync(target)) return target
  await mkdir(cacheDir(), { recursive: true })
  const unlock = await lock(`${target}.lock`)
  const building = `${target}.building`
  try {
    if (existsSync(target)) return target
    // Whoever was killed while building left this.
    await rm(building, { recursive: true, force: true })
    await mkdir(building)
    await make(building)
    await rename(building, target)
    return target
  } finally {
    await rm(building, { recursive: true, force: true })
    await unlock()
  }
}

/** Waits until the lock is ours; that of a process that died is broken. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (let wait = 1; ; wait++) {
    try {
      await eventually(`${path} is free`, () => take(path))
      return () => rm(path, { force: true })
    } catch (error) {
      if (wait === MAX_WAITS) throw error
    }
  }
}

/** A lock appears with its owner's pid in it: linked, not written in place. */
async function take(path: string): Promise<boolean> {
  const own = `${path}-${randomUUID()}`
  await writeFile(own, String(process.pid))
  try {
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    await breakIfOrphaned(path)
    return false
  } finally {
    await rm(own, { force: true })
  }
}

async function breakIfOrphaned(path: string): Promise<void> {
  const owner = await readFile(path, 'utf8').catch(() => undefined)
  if (owner === undefined || isAlive(Number(owner))) return
  // Moved away first: of several who see it, one alone removes it, and never a lock that is younger.
  const moved = `${path}-${randomUUID()}`
  await rename(path, moved).catch(() => {})
  const was = await readFile(moved, 'utf8').catch(() => undefined)
  if (was !== undefined && was !== owner) await link(moved, path).catch(() => {})
  await rm(moved, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export interface RunOptions {
  cwd?: string | undefined
  /** Beside the environment of this process. */
  env?: Record<string, string> | undefined
  timeoutMs?: number | undefined
}

/**
 * Runs a build command and resolves with its output, which goes to a file in the cache meanwhile.
 * @throws Error with the last lines when it fails or takes too long; the file is kept then
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { cwd, env = {}, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const logs = join(cacheDir(), 'logs')
  await mkdir(logs, { recursive: true })
  const log = join(logs, `${basename(command)}-${process.pid}-${randomUUID().slice(0, 8)}.log`)
  const output = openSync(log, 'w')
  try {
    const child = spawn(command, args, {
      ...(cwd !== undefined && { cwd }),
      env: environmentWith(env),
      stdio: ['ignore', output, output],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    const ended = await new Promise<number | string>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (code, signal) => resolve(code ?? signal!))
    })
    if (ended !== 0) throw new Error(`${command} ended with ${ended}; ${log} ends with:\n${lastLines(log)}`)
    const text = await readFile(log, 'utf8')
    await rm(log)
    return text.slice(-MAX_OUTPUT_BYTES)
  } finally {
    closeSync(output)
  }
}
