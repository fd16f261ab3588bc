// The least hashes of a set, at most so many: all that is needed to say how large the set is, exactly while they are
// all kept, else as an estimate. Which ones are kept does not depend on the order.

/** Hashes in ascending order, each once: whole numbers below 2⁵³, at most 16 digits of JSON. */
export type KeptHashes = number[]

/** Hashes are less than this. */
export const HASH_RANGE = 2 ** 53

/** Changes `kept`. @param hash 64 bits, of which the first 53 are used: JSON numbers hold no more */
export function keepHash(kept: KeptHashes, hash: bigint, atMost: number): KeptHashes {
  const short = Number(hash >> 11n)
  if (kept.length >= atMost && short > kept[kept.length - 1]!) return kept
  let [low, high] = [0, kept.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (kept[middle]! < short) low = middle + 1
    else high = middle
  }
  if (kept[low] === short) return kept
  kept.splice(low, 0, short)
  if (kept.length > atMost) kept.pop()
  return kept
}

/** A new list of the least of both. */
export function mergeHashes(a: KeptHashes, b: KeptHashes, atMost: number): KeptHashes {
  const merged: KeptHashes = []
  let [i, j] = [0, 0]
  while (merged.length < atMost && (i < a.length || j < b.length)) {
    const next = Math.min(a[i] ?? HASH_RANGE, b[j] ?? HASH_RANGE)
    if (a[i] === next) i++
    if (b[j] === next) j++
    merged.push(next)
  }
  return merged
}
