// The number that stands in a protected event, if one does: as it was sent, or as the band that `generalise` made of it.

import type { JsonValue } from '../../storage/json.ts'

/** A band as `generalise: { band }` writes it; no number in it is longer. */
const BAND = /^\[(-?\d{1,22}(?:\.\d{1,100})?(?:e[+-]\d{1,3})?), (-?\d{1,22}(?:\.\d{1,100})?(?:e[+-]\d{1,3})?)\)$/

/**
 * A JSON number as it is; of a band, its midpoint, at most half of the band's width from the number that was sent:
 * "[20, 30)" is 25. Undefined for anything else, also for other texts that look like numbers.
 */
export function storedNumber(value: JsonValue): number | undefined {
  if (typeof value === 'number') return value
  const edges = typeof value === 'string' && value.startsWith('[') ? BAND.exec(value) : null
  if (!edges) return undefined
  // Halved first, lest it overflow; 15 digits, as 0.1 / 2 + 0.2 / 2 is a little more than 0.15.
  return Number((Number(edges[1]) / 2 + Number(edges[2]) / 2).toPrecision(15))
}
