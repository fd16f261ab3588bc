// quantile: the number at the pointer that a given fraction of the numbers does not exceed, from a DDSketch (Masson,
// Rim, Lee: DDSketch, PVLDB 12(12), 2019, doi:10.14778/3352063.3352135). The library gives the mapping between numbers
// and bins. The bins are kept here: sparse and as plain JSON, and because the library's `merge` (2.1.1) loses the
// negative numbers.

import { DDSketch } from '@datadog/sketches-js'
import type { Measure } from './measure.ts'
import { storedNumber } from './stored-number.ts'

/** What is shown is at most this fraction away from a number that was added, the one of the rank asked for. */
export const QUANTILE_RELATIVE_ERROR = 0.01
/**
 * Bins kept of positive numbers, and of negative ones. Numbers that fill each bin need so many only if the greatest is
 * 6 × 10¹⁷ times the least; beyond, those nearest to zero fall into one bin, and ranks among them read as its number.
 */
export const MAX_QUANTILE_BINS = 2_048
/** Digits shown; the bins are narrower by what rounding may add. */
const DIGITS = 6
const { mapping } = new DDSketch({ relativeAccuracy: QUANTILE_RELATIVE_ERROR - 10 ** (1 - DIGITS) })

/** Bins in ascending order, flat: bin, count, bin, count … */
type Bins = number[]
type QuantileState = { below: Bins; zeros: number; above: Bins }

/**
 * State: counts by bin of magnitude, of numbers below zero and above it, and of zeros (any number nearer to zero than
 * 1.2e-308 is one): at most 2 × 2,048 bins, about 10 bytes of JSON each; 150 bins for amounts from 1 to 20. The
 * same numbers give the same state, in whatever order, and whatever `q`.
 * @param q fraction, 0 to 1. Shown: the number of rank ⌊q (n - 1)⌋ from below, counting from 0
 */
export const quantile = (q: number): Measure<QuantileState> => ({
  empty: () => ({ below: [], zeros: 0, above: [] }),
  add(state, value) {
    const number = storedNumber(value)
    if (number === undefined) return state
    if (number > mapping.minPossible) addToBin(state.above, mapping.key(number))
    else if (number < -mapping.minPossible) addToBin(state.below, mapping.key(-number))
    else state.zeros++
    return state
  },
  merge: (a, b) => ({
    below: mergeBins(a.below, b.below),
    zeros: a.zeros + b.zeros,
    above: mergeBins(a.above, b.above),
  }),
  finish({ below, zeros, above }) {
    const negatives = countOf(below)
    const total = negatives + zeros + countOf(above)
    if (total === 0) return null
    const rank = Math.floor(q * (total - 1))
    // Of the negative ones, the greatest magnitude comes first.
    if (rank < negatives) return -magnitudeAt(below, negatives - 1 - rank)
    return rank < negatives + zeros ? 0 : magnitudeAt(above, rank - negatives - zeros)
  },
})

function addToBin(bins: Bins, bin: number): void {
  let [low, high] = [0, bins.length / 2]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bins[2 * middle]! < bin) low = middle + 1
    else high = middle
  }
  if (bins[2 * low] === bin) bins[2 * low + 1]!++
  else {
    bins.splice(2 * low, 0, bin, 1)
    collapse(bins)
  }
}

function mergeBins(a: Bins, b: Bins): Bins {
  const merged: Bins = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const bin = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY)
    let counted = 0
    if (a[i] === bin) {
      counted += a[i + 1]!
      i += 2
    }
    if (b[j] === bin) {
      counted += b[j + 1]!
      j += 2
    }
    merged.push(bin, counted)
  }
  collapse(merged)
  return merged
}

/** What is below the greatest bins goes into the least of them; so the result does not depend on the order. */
function collapse(bins: Bins): void {
  const first = bins.length - 2 * MAX_QUANTILE_BINS
  if (first <= 0) return
  const lost = bins.splice(0, first)
  bins[1]! += countOf(lost)
}

function countOf(bins: Bins): number {
  let total = 0
  for (let i = 1; i < bins.length; i += 2) total += bins[i]!
  return total
}

/** @param rank from 0, less than the count of the bins */
function magnitudeAt(bins: Bins, rank: number): number {
  let [i, seen] = [0, bins[1]!]
  while (seen <= rank) {
    i += 2
    seen += bins[i + 1]!
  }
  // The middle of the last bin is beyond what a double holds.
  return Number(Math.min(mapping.value(bins[i]!), Number.MAX_VALUE).toPrecision(DIGITS))
}
