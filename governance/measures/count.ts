// count: how many events, or how many that hold a value at the pointer.

import type { Measure } from './measure.ts'

/** State: the count, one number. Null is no value. Exact. */
export const count: Measure<number> = {
  empty: () => 0,
  add: (state, value) => (value === null ? state : state + 1),
  merge: (a, b) => a + b,
  finish: state => state,
}
