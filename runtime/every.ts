// Repeats work at an interval, never twice at once; a failure is logged and the next turn tries again.

import { loggable } from './loggable.ts'
import type { Logger } from './logger.ts'

/** Starts repeating. The returned function stops it, and resolves once no turn is at work. */
export function every(intervalMs: number, work: () => Promise<void>, logger: Logger): () => Promise<void> {
  let running = Promise.resolve()
  const timer = setInterval(() => {
    running = running
      .then(work)
      .catch(error => logger.error({ err: loggable(error) }, 'maintenance failed; it will be tried again'))
  }, intervalMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    return running
  }
}
