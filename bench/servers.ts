// Servers under measurement, each a process of its own.

import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from './load.ts'
import type { Job } from './server.ts'

export interface BenchServer {
  target: Target
  pid: number
  /** CPU seconds used so far, as the process itself reads them. */
  cpuSeconds(): Promise<number>
  stop(): Promise<void>
}

/** @param profileDir where Node writes a CPU profile at the end; none if undefined */
export async function startServer(job: Job, profileDir?: string): Promise<BenchServer> {
  const execArgv = profileDir === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileDir]
  // What it says of itself is no part of the report.
  const child = fork(join(import.meta.dirname, 'server.ts'), { execArgv, stdio: ['ignore', 2, 2, 'ipc'] })
  child.setMaxListeners(0)
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.send(job)
  const target = await answer<Target>(child)
  return {
    target,
    pid: child.pid!,
    cpuSeconds: async () => {
      child.send('cpu')
      return (await answer<{ cpuSeconds: number }>(child)).cpuSeconds
    },
    stop: () => {
      if (child.connected) child.disconnect()
      return ended
    },
  }
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', message => resolve(message as T))
    child.once('exit', code => reject(new Error(`a server ended with ${code}`)))
  })
}

/** Linux counts them in hundredths of a second, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100

/** CPU seconds, user and system, that a process has used so far; on Linux alone. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in parentheses, may hold anything; what follows it begins with the third field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system] = [Number(fields[11]), Number(fields[12])]
  return (user + system) / TICKS_PER_SECOND
}
