// sum: of the numbers at the pointer, as exact decimals.

import { addDecimals, type Decimal, decimalOf, showDecimal } from './decimal.ts'
import type { Measure } from './measure.ts'
import { storedNumber } from './stored-number.ts'

/** State: the exact sum (a Decimal: at most about 650 digits), null before the first number. Exact. */
export const sum: Measure<Decimal | null> = {
  empty: () => null,
  add(state, value) {
    const number = storedNumber(value)
    if (number === undefined) return state
    return state === null ? decimalOf(number) : addDecimals(state, decimalOf(number))
  },
  merge(a, b) {
    if (b === null) return a
    return a === null ? b : addDecimals(a, b)
  },
  finish: state => (state === null ? null : showDecimal(state)),
}
