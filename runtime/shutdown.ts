// Stopping in order: what was started last stops first, each step once, within one bound.

import type { Logger } from './logger.ts'

export interface Shutdown {
  /** Registers a step; steps run in the reverse order of their registration. */
  onStop(name: string, step: () => Promise<void> | void): void
  /** Runs all steps; a failing one is logged and does not keep the others from running. Idempotent. */
  stop(): Promise<void>
}

/** @param logger where failing steps are told */
export function makeShutdown(logger: Logger): Shutdown {
  const steps: { name: string; step: () => Promise<void> | void }[] = []
  let stopping: Promise<void> | undefined
  const run = async () => {
    for (const { name, step } of steps.reverse()) {
      try {
        await step()
      } catch (error) {
        logger.error({ err: error, step: name }, 'a step of the shutdown failed')
      }
    }
  }
  return {
    onStop: (name, step) => void steps.push({ name, step }),
    stop: () => (stopping ??= run()),
  }
}

/**
 * Resolves at the first SIGINT or SIGTERM. A second one, or `limitMs` after the first, ends the process at once with
 * status 1: whatever was acknowledged is on disk already.
 */
export function untilAskedToStop(limitMs: number): Promise<void> {
  return new Promise(resolve => {
    let asked = false
    const ask = () => {
      if (asked) process.exit(1)
      asked = true
      setTimeout(() => process.exit(1), limitMs).unref()
      resolve()
    }
    process.on('SIGINT', ask)
    process.on('SIGTERM', ask)
  })
}
