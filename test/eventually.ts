// Waits for a condition, never for a time.

import { setTimeout as sleep } from 'node:timers/promises'

const LIMIT_MS = 120_000
/** Between two looks: at least this, and a share of what was waited already, so that many who wait take no machine. */
const PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500
const PAUSE_SHARE = 20

/**
 * Resolves with the first value that is neither undefined nor false.
 * @throws Error that names the condition when it does not hold in time: two minutes unless told otherwise
 */
export async function eventually<T>(
  condition: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const startMs = performance.now()
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    const waitedMs = performance.now() - startMs
    if (waitedMs > limitMs) throw new Error(`waited ${limitMs} ms in vain until ${condition}`)
    await sleep(Math.min(LONGEST_PAUSE_MS, Math.max(PAUSE_MS, waitedMs / PAUSE_SHARE)))
  }
}
