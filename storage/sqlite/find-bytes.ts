// Searches bytes for many needles at once, skipping most of them (Wu and Manber, "A fast algorithm for multi-pattern
// searching", 1994): what three bytes cannot end any needle's beginning is jumped over.

const BLOCK = 3
/** Shorter needles are found by chance. */
export const MIN_NEEDLE_BYTES = 8

/** Six bits of each of three bytes: enough to tell hexadecimal and base64 digits apart. */
const BLOCK_VALUES = 1 << 18
/** Hashes of four bytes, by Knuth's multiplication. */
const BEGINNING_BITS = 17
const MULTIPLIER = 0x9e3779b1

/**
 * Prepares a search.
 * @param needles each of at least `MIN_NEEDLE_BYTES`
 * @returns whether one of them stands in the bytes
 */
export function byteFinder(needles: Buffer[]): (bytes: Buffer) => boolean {
  if (needles.length === 0) return () => false
  const window = Math.min(255, ...needles.map(({ length }) => length))
  if (window < MIN_NEEDLE_BYTES) throw new RangeError(`a needle has at least ${MIN_NEEDLE_BYTES} bytes`)
  const last = window - BLOCK
  /** By a block: how far the window may move when it ends with it. */
  const shifts = new Uint8Array(BLOCK_VALUES).fill(last + 1)
  const mayBegin = new Uint8Array(1 << BEGINNING_BITS)
  /** By their first four bytes. */
  const candidates = new Map<number, Buffer[]>()
  for (const needle of needles) {
    for (let i = 0; i <= last; i++) {
      const block = blockAt(needle, i)
      shifts[block] = Math.min(shifts[block]!, last - i)
    }
    const beginning = fourAt(needle, 0)
    mayBegin[hashOf(beginning)] = 1
    const alike = candidates.get(beginning)
    if (alike) alike.push(needle)
    else candidates.set(beginning, [needle])
  }

  return bytes => {
    for (let at = last; at + BLOCK <= bytes.length; ) {
      const shift = shifts[blockAt(bytes, at)]!
      if (shift > 0) {
        at += shift
        continue
      }
      const start = at - last
      const beginning = fourAt(bytes, start)
      if (
        mayBegin[hashOf(beginning)] === 1 &&
        candidates.get(beginning)?.some(needle => standsAt(bytes, start, needle))
      )
        return true
      at += 1
    }
    return false
  }
}

function blockAt(bytes: Buffer, at: number): number {
  return ((bytes[at]! & 63) << 12) | ((bytes[at + 1]! & 63) << 6) | (bytes[at + 2]! & 63)
}

function fourAt(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function hashOf(four: number): number {
  return Math.imul(four, MULTIPLIER) >>> (32 - BEGINNING_BITS)
}

function standsAt(bytes: Buffer, start: number, needle: Buffer): boolean {
  const end = start + needle.length
  return end <= bytes.length && needle.compare(bytes, start, end) === 0
}
