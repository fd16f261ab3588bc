// min and max: the least and the greatest number at the pointer.

import type { Measure } from './measure.ts'
import { storedNumber } from './stored-number.ts'

/** State: the number, null before the first one. Exact: JSON numbers are compared as the doubles they are. */
const extreme = (choose: (a: number, b: number) => number): Measure<number | null> => {
  // -0 + 0 is 0.
  const both = (a: number | null, b: number) => (a === null ? b : choose(a, b)) + 0
  return {
    empty: () => null,
    add(state, value) {
      const number = storedNumber(value)
      return number === undefined ? state : both(state, number)
    },
    merge: (a, b) => (b === null ? a : both(a, b)),
    finish: state => state,
  }
}

export const min = extreme(Math.min)
export const max = extreme(Math.max)
