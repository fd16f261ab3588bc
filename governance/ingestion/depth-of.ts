// How deep a JSON text is nested, counted over its bytes before anything parses it.

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Levels of nested objects and arrays in a JSON text; what is no JSON gets some number. */
export function depthOf(bytes: Uint8Array): number {
  let depth = 0
  let deepest = 0
  const { length } = bytes
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]!
    if (byte === quote) i = endOfString(bytes, i)
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > deepest) deepest = depth
    } else if (byte === closeBrace || byte === closeBracket) depth--
  }
  return deepest
}

/** The offset of the quote that ends the string begun at `at`, or the length of an unended text. */
export function endOfString(bytes: Uint8Array, at: number): number {
  const { length } = bytes
  for (let i = at + 1; i < length; i++) {
    const byte = bytes[i]!
    if (byte === quote) return i
    if (byte === backslash) i++
  }
  return length
}
