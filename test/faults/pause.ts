// Time, for the fault tests alone: a fault lasts a while, producers wait before they try again, and what must hold in
// the end is waited for longer than a healthy server would need.

import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_EVERY_MS = 50

/** Lets a fault last, or a producer wait. Never in place of a condition. */
export function pauseMs(ms: number): Promise<void> {
  return sleep(ms)
}

/**
 * Resolves with the first value that is neither undefined nor false. An error of `look` means not yet.
 * @throws Error that names the condition when it does not hold in time
 */
export async function holdsWithin<T>(
  limitMs: number,
  condition: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const startMs = performance.now()
  let last: unknown
  for (;;) {
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
      last = undefined
    } catch (error) {
      last = error
    }
    if (performance.now() - startMs > limitMs)
      throw new Error(`waited ${limitMs} ms in vain until ${condition}`, { cause: last })
    await sleep(LOOK_EVERY_MS)
  }
}
