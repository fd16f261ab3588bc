// A window in which nothing came.

import type { QualityWindow } from '../quality/quality-window.ts'

export function emptyWindow(dataset: string, startMs: number, endMs: number): QualityWindow {
  const gateways = { received: 0, accepted: 0, suppressed: 0, rejected: 0, unanswered: 0 }
  return {
    ...{ dataset, startMs, endMs },
    volume: { ...gateways, effective: 0, duplicates: 0, conflicts: 0, held: 0 },
    events: 0,
    ...{ fields: new Map(), numbers: new Map(), consistency: new Map(), causes: new Map(), suspects: new Map() },
    ...{ delay: null, timed: 0, inTime: null, ahead: 0, sampled: 0 },
  }
}
