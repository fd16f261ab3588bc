// Repeats work at an interval, never twice at once; a failure is logged and the next turn tries again.

import { loggable } from './loggable.ts'
import type { Logger } from './logger.ts'

/**
 * Starts repeating; a turn that comes while the one before is at work is left out, so that none pile up in an outage.
 * The returned function stops it, and resolves once no turn is at work.
 */
export function every(intervalMs: number, work: () => Promise<void>, logger: Logger): () => Promise<void> {
  let running: Promise<void> | undefined
  const turn = async () => {
    try {
      await work()
    } catch (error) {
      logger.error({ err: loggable(error as Error) }, 'maintenance failed; it will be tried again')
    } finally {
      running = undefined
    }
  }
  const timer = setInterval(() => {
    running ??= turn()
  }, intervalMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}
