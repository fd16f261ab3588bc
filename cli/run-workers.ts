// Several gateways on one port of one machine (SO_REUSEPORT: the kernel spreads the connections). A worker that dies is
// started again after a growing pause; when this process is gone, so are they.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Config } from '../runtime/config.ts'
import { makeLogger } from '../runtime/logger.ts'

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 10_000
/** A worker that lived this long starts again with the first pause. */
const HEALTHY_MS = 30_000

/** In a worker: tells the process that started it where it listens. */
export function tellAddress(address: string): void {
  process.send?.({ address })
}

/** Runs until asked to stop; then ends the workers in order. @returns the exit status: 1 if the first never started */
export async function runWorkers(count: number, config: Config, asked: Promise<void>): Promise<number> {
  const logger = makeLogger(config.logFormat, config.logLevel)
  const workers = new Set<ChildProcess>()
  const stopping = new AbortController()
  let { port } = config
  const stopped = asked.then(() => {
    stopping.abort()
    for (const worker of workers) worker.kill('SIGTERM')
  })

  function startWorker(): ChildProcess {
    const args = [process.argv[1]!, 'gateway', '--share-port', String(port)]
    const worker = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    workers.add(worker)
    worker.once('exit', () => workers.delete(worker))
    return worker
  }

  async function keepRunning(worker: ChildProcess): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    for (let current = worker; ; current = startWorker()) {
      const startedMs = performance.now()
      const [code, signal] = current.exitCode === null ? await once(current, 'exit') : [current.exitCode, null]
      if (stopping.signal.aborted) return
      if (performance.now() - startedMs > HEALTHY_MS) pauseMs = FIRST_PAUSE_MS
      logger.error({ code, signal, pauseMs }, 'a worker ended; it will be started again')
      await Promise.race([stopped, new Promise(resolve => setTimeout(resolve, pauseMs).unref())])
      if (stopping.signal.aborted) return
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
    }
  }

  // The first tells which port it was given, and whether the configuration works at all.
  const first = startWorker()
  const [message] = await Promise.race([once(first, 'message'), once(first, 'exit').then(() => [])])
  if (!message) return 1
  port = Number(new URL((message as { address: string }).address).port)
  const running = [first, ...Array.from({ length: count - 1 }, startWorker)].map(keepRunning)
  await Promise.all(running)
  return 0
}
