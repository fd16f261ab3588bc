// Waits until processors have come past some place of the log, for as long as one turn of work may take.

import { setTimeout as sleep } from 'node:timers/promises'

const PASS_MS = 10_000
const PASS_LOOK_MS = 50

/** @returns whether it came to hold: what waits for it is tried again at another turn, if not */
export async function untilPassed(hasPassed: () => Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + PASS_MS
  while (!(await hasPassed())) {
    if (performance.now() > endMs) return false
    await sleep(PASS_LOOK_MS)
  }
  return true
}
