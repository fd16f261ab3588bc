// Something that is wrong with a window.

import type { WindowKind } from './anomaly-kinds.ts'
import type { Compared } from './compare.ts'
import type { Metric } from './metrics-of.ts'

export interface Finding extends Partial<Pick<Compared, 'usual' | 'scale' | 'score'>> {
  kind: WindowKind
  /** Of the window it was found in. */
  startMs: number
  endMs: number
  metric: Metric
  /** Windows in a row that it takes. */
  needed: number
  side: 'above' | 'below'
  /** What the policy or the rule allows. */
  allowed?: number
  /** Of a silence: the end of the last window with an event, where that is known. */
  sinceMs?: number
  /** Series that its windows are no example of. */
  keepsOut: string[]
}

/** By `kind series`: what was found, or that all is well. Missing: it cannot be said. */
export type Verdicts = Map<string, Finding | 'fine'>
