// Bounds of a request's body for tests: roomy, unless a test narrows one.

import type { BodyLimits } from '../gateway/body/limits.ts'

export function bodyLimits(narrowed: Partial<BodyLimits> = {}): BodyLimits {
  return {
    bodyBytes: 20_000_000,
    events: 100_000,
    lineBytes: 1_000_000,
    depth: 32,
    stringLength: 65_536,
    stallMs: 5_000,
    requestMs: 60_000,
    chunkEvents: 500,
    ...narrowed,
  }
}
