// variance: of the numbers at the pointer taken as the whole population, from exact sums, so that nothing cancels out.

import { addDecimals, type Decimal, decimalOf, showQuotient, squareOf, unscaledAt } from './decimal.ts'
import type { Measure } from './measure.ts'
import { storedNumber } from './stored-number.ts'

type VarianceState = { n: number; sum: Decimal; squares: Decimal }

/**
 * State: the count n, the exact Σx (at most about 650 digits) and Σx² (at most about 1,300). Shown: (n Σx² - (Σx)²) ÷
 * n², as it is, where a JSON number holds it exactly, else rounded once, to 15 significant digits.
 */
export const variance: Measure<VarianceState> = {
  empty: () => ({ n: 0, sum: [0, 0], squares: [0, 0] }),
  add(state, value) {
    const number = storedNumber(value)
    if (number === undefined) return state
    const decimal = decimalOf(number)
    state.n++
    state.sum = addDecimals(state.sum, decimal)
    state.squares = addDecimals(state.squares, squareOf(decimal))
    return state
  },
  merge: (a, b) => ({
    n: a.n + b.n,
    sum: addDecimals(a.sum, b.sum),
    squares: addDecimals(a.squares, b.squares),
  }),
  finish({ n, sum, squares }) {
    if (n === 0) return null
    const [count, scale] = [BigInt(n), 2 * sum[1]]
    return showQuotient(count * unscaledAt(squares, scale) - BigInt(sum[0]) ** 2n, scale, count ** 2n)
  },
}
