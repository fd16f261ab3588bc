// How many persons a group has: what decides whether it may be shown.

import { type KeptHashes, keepHash, mergeHashes } from './kept-hashes.ts'
import type { Measure } from './measure.ts'

/**
 * Its values are persons, as texts (their pseudonyms); anything else is nobody. State: at most `cap` keyed hashes, 17
 * bytes of JSON each. Shown: how many they are, exactly below `cap`; `cap` means that many or more. States of
 * partitions may be merged also where a person has events in two of them, as after a change of their number.
 */
export const persons = (cap: number): Measure<KeptHashes> => ({
  empty: () => [],
  // Once there are so many, nobody need be told from the others: hashing is what costs.
  add: (state, value, { hash }) =>
    typeof value === 'string' && state.length < cap ? keepHash(state, hash(value), cap) : state,
  merge: (a, b) => mergeHashes(a, b, cap),
  finish: state => state.length,
})
