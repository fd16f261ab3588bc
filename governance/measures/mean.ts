// mean: the exact sum of the numbers at the pointer ÷ how many they are.

import { addDecimals, type Decimal, decimalOf, showQuotient } from './decimal.ts'
import type { Measure } from './measure.ts'
import { storedNumber } from './stored-number.ts'

type MeanState = { n: number; sum: Decimal }

/**
 * State: the count and the exact sum (at most about 650 digits). Shown as it is, where a JSON number holds it exactly,
 * else rounded once, to 15 significant digits.
 */
export const mean: Measure<MeanState> = {
  empty: () => ({ n: 0, sum: [0, 0] }),
  add(state, value) {
    const number = storedNumber(value)
    if (number === undefined) return state
    state.n++
    state.sum = addDecimals(state.sum, decimalOf(number))
    return state
  },
  merge: (a, b) => ({ n: a.n + b.n, sum: addDecimals(a.sum, b.sum) }),
  finish: ({ n, sum }) => (n === 0 ? null : showQuotient(BigInt(sum[0]), sum[1], BigInt(n))),
}
