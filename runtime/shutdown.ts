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

/** A terminal signals the launcher and this process, and the launcher hands the signal on: one wish, told twice. */
const SAME_WISH_MS = 1_000

/**
 * Resolves at the first SIGINT or SIGTERM, or when the launcher that started this process is gone. A later signal, or `limitMs` after the first, ends the process at once with
 * status 1: whatever was acknowledged is on disk already.
 */
export function untilAskedToStop(limitMs: number): Promise<void> {
  return new Promise(resolve => {
    let askedAtMs: number | undefined
    const ask = () => {
      if (askedAtMs !== undefined && performance.now() - askedAtMs > SAME_WISH_MS) process.exit(1)
      if (askedAtMs !== undefined) return
      askedAtMs = performance.now()
      setTimeout(() => process.exit(1), limitMs).unref()
      resolve()
    }
    process.on('SIGINT', ask)
    process.on('SIGTERM', ask)
    process.on('disconnect', ask)
    process.channel?.unref()
  })
}
