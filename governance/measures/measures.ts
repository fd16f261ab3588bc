// The measures there are: what a policy may say of each, and how it is made from that.

import Type, { type TSchema } from 'typebox'
import type { JsonObject } from '../../storage/json.ts'
import { count } from './count.ts'
import { DISTINCT_HASHES, DISTINCT_STANDARD_ERROR, distinct } from './distinct.ts'
import { max, min } from './extremes.ts'
import { mean } from './mean.ts'
import type { Accuracy, Measure, MeasureKind } from './measure.ts'
import { QUANTILE_RELATIVE_ERROR, quantile } from './quantile.ts'
import { sum } from './sum.ts'
import { MAX_TOP, top } from './top.ts'
import { variance } from './variance.ts'

export interface MeasureDefinition {
  description: string
  /** Whether it must name a pointer; `count` alone may go without. */
  needsPointer: boolean
  /** What it counts there: numbers and bands of numbers; or any text, number, boolean or token. */
  takes: 'numbers' | 'values'
  /** Whether values of single events are shown as they are. */
  showsValues: boolean
  accuracy: Accuracy
  /** Shapes of its parameters in a policy, beside the pointer `of`: `{ quantile: { of: /montant, q: 0.5 } }`. */
  parameters: Record<string, TSchema>
  /** @param parameters of these shapes */
  make(parameters: JsonObject): Measure
}

const DEFAULT_TOP = 10

const numeric = { needsPointer: true, takes: 'numbers', showsValues: false, accuracy: {}, parameters: {} } as const

export const measures: Record<MeasureKind, MeasureDefinition> = {
  count: {
    ...numeric,
    description: 'How many events; with a pointer, how many that hold a value there.',
    needsPointer: false,
    takes: 'values',
    make: () => count,
  },
  sum: { ...numeric, description: 'The exact sum.', make: () => sum },
  mean: { ...numeric, description: 'The exact sum by the count, to 15 digits.', make: () => mean },
  min: { ...numeric, description: 'The least number.', showsValues: true, make: () => min },
  max: { ...numeric, description: 'The greatest number.', showsValues: true, make: () => max },
  variance: { ...numeric, description: 'The variance of the whole population, to 15 digits.', make: () => variance },
  quantile: {
    ...numeric,
    description: 'The number that a fraction q of all does not exceed, within 1 %: 0.5 is the median.',
    accuracy: { relativeError: QUANTILE_RELATIVE_ERROR },
    parameters: {
      q: Type.Number({ minimum: 0.01, maximum: 0.99, description: 'The fraction: 0.5 is the median.' }),
    },
    make: ({ q }) => quantile(q as number),
  },
  distinct: {
    ...numeric,
    description: 'How many different values: exact below 1,024, then with a standard error of 3.1 %.',
    takes: 'values',
    accuracy: { standardError: DISTINCT_STANDARD_ERROR, exactBelow: DISTINCT_HASHES },
    make: () => distinct,
  },
  top: {
    ...numeric,
    description: 'The most frequent values with their counts, and by how much each may be too low.',
    takes: 'values',
    showsValues: true,
    accuracy: { perValue: true },
    parameters: {
      n: Type.Optional(
        Type.Integer({ minimum: 1, maximum: MAX_TOP, default: DEFAULT_TOP, description: 'How many values: 10.' }),
      ),
    },
    make: ({ n = DEFAULT_TOP }) => top(n as number),
  },
}

export function makeMeasure(kind: MeasureKind, parameters: JsonObject = {}): Measure {
  return measures[kind].make(parameters)
}
