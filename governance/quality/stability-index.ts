// How far two spreads of values are apart: the population stability index, Σ (a − e) ln(a ÷ e) over bins, where `e` and
// `a` are a bin's shares of what was expected and of what is there. Below 0.1 little changed, above 0.25 much did, say
// those who use it; by chance alone it comes to (1/n + 1/m) χ² with bins − 1 degrees of freedom (B. Yurdakul and J. Naranjo,
// Statistical properties of the population stability index, Journal of Risk Model Validation, 2020).

import type { StoredSketch } from '../../storage/stored-quality.ts'

/** Bins of numbers: each holds about so great a part of what was expected. */
const BINS = 10
/** Added to each bin, so that none is empty. */
const PSEUDO_COUNT = 0.5
/** Of the standard normal distribution: exceeded by chance once in a thousand times. */
const Z_999 = 3.0902
/** Keeps bins of negative numbers, zeros and positive ones apart: no bin of a double is further from 0. */
const APART = 10 ** 6

export interface StabilityIndex {
  psi: number
  /** What chance alone exceeds once in a thousand times, of so many values. */
  chance: number
}

/** @param expected @param actual counts by bin, in the same order, of at least two bins */
export function stabilityIndex(expected: number[], actual: number[]): StabilityIndex {
  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0)
  const [n, m] = [sum(expected), sum(actual)]
  const shareOf = (count: number, total: number) => (count + PSEUDO_COUNT) / (total + PSEUDO_COUNT * expected.length)
  let psi = 0
  for (const [i, count] of expected.entries()) {
    const [e, a] = [shareOf(count, n), shareOf(actual[i]!, m)]
    psi += (a - e) * Math.log(a / e)
  }
  return { psi, chance: (1 / n + 1 / m) * chiSquared(expected.length - 1) }
}

/** Counts of two sketches in bins that hold equal parts of the first one, as far as its own bins can be divided. */
export function binsOf(expected: StoredSketch, actual: StoredSketch): [expected: number[], actual: number[]] {
  const [first, second] = [inOrder(expected), inOrder(actual)]
  const total = first.reduce((sum, [, count]) => sum + count, 0)
  const edges: number[] = []
  let seen = 0
  for (const [place, count] of first) {
    seen += count
    if (seen >= ((edges.length + 1) * total) / BINS && seen < total) edges.push(place)
  }
  return [countsBetween(edges, first), countsBetween(edges, second)]
}

/** A sketch's bins from the least number to the greatest. */
function inOrder({ below, zeros, above }: StoredSketch): [place: number, count: number][] {
  const pairs = (bins: number[]) => bins.flatMap((bin, i) => (i % 2 === 0 ? [[bin, bins[i + 1]!] as const] : []))
  return [
    ...pairs(below)
      .map(([bin, count]): [number, number] => [-APART - bin, count])
      .reverse(),
    ...(zeros > 0 ? [[0, zeros] as [number, number]] : []),
    ...pairs(above).map(([bin, count]): [number, number] => [APART + bin, count]),
  ]
}

/** Up to and with each edge, and beyond the last one. */
function countsBetween(edges: number[], places: [place: number, count: number][]): number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0)
  let bin = 0
  for (const [place, count] of places) {
    while (bin < edges.length && place > edges[bin]!) bin++
    counts[bin]! += count
  }
  return counts
}

/** The 99.9th percentile of χ² (Wilson and Hilferty, 1931): within 3 % of it. @param degrees of freedom, 1 at least */
function chiSquared(degrees: number): number {
  const part = 2 / (9 * degrees)
  return degrees * (1 - part + Z_999 * Math.sqrt(part)) ** 3
}
