// Finds many values at once in a run of bytes, in every form that storing software gives a text. For tests only: it
// proves that no personal value rests anywhere, so it must miss none, and never repeats one.

/** Shorter values (in bytes of UTF-8), and shorter forms of values, stand in any data by chance: they are left out. */
export const MIN_VALUE_BYTES = 6
const BITMAP_BITS = 24
/**
 * In a long run of an alphabet, short values stand by chance: digits in a hash written in hexadecimal or in a UUID, a
 * few letters in a ciphertext written in base64url. Plain text has no such runs.
 */
const CHANCE = [
  { alphabet: /[0-9a-f]/, runLength: 32, belowBytes: 10 },
  { alphabet: /[0-9a-f-]/, runLength: 36, belowBytes: 10 },
  { alphabet: /[A-Za-z0-9_-]/, runLength: 40, belowBytes: 8 },
].map(({ alphabet, ...bounds }) => ({
  ...bounds,
  holds: Uint8Array.from({ length: 256 }, (_, byte) => Number(byte < 128 && alphabet.test(String.fromCharCode(byte)))),
}))

export interface Match {
  offset: number
  form: string
  valueIndex: number
}

interface Pattern {
  bytes: Buffer
  /** Where its rarest six bytes stand: many values begin alike (`https:`, `+33 6 `). */
  anchor: number
  form: string
  valueIndex: number
}

export interface Matcher {
  /** Which hashes of six bytes some pattern is anchored at. */
  bitmap: Uint8Array
  /** Patterns by the six bytes at their anchor, as a number of 48 bits. */
  patterns: Map<number, Pattern[]>
  /** How many values were too short to be searched, or are exceptions. */
  leftOut: number
}

/** Prepares a search; a value that equals one of the exceptions may stand anywhere and is left out. */
export function createMatcher(values: string[], exceptions: string[] = []): Matcher {
  const matcher: Matcher = { bitmap: new Uint8Array(2 ** (BITMAP_BITS - 3)), patterns: new Map(), leftOut: 0 }
  const allowed = new Set(exceptions)
  const patterns = new Map<string, Pattern>()
  for (const [valueIndex, value] of values.entries()) {
    if (Buffer.byteLength(value) < MIN_VALUE_BYTES || allowed.has(value)) {
      matcher.leftOut += 1
      continue
    }
    for (const [form, bytes] of formsOf(value)) {
      const key = bytes.toString('latin1')
      // Two ideographs are six bytes of UTF-8 and only four of UTF-16.
      if (bytes.length >= MIN_VALUE_BYTES && !patterns.has(key))
        patterns.set(key, { bytes, anchor: 0, form, valueIndex })
    }
  }
  anchorPatterns(matcher, [...patterns.values()])
  return matcher
}

/** Every place where a value stands. Looks at the bytes as they are, opens nothing. */
export function matchBytes(bytes: Buffer, { bitmap, patterns }: Matcher): Match[] {
  const matches: Match[] = []
  // Windows of four bytes that end here, one byte and two bytes ago: together the last six bytes.
  let [window, windowBefore, windowTwoBefore] = [0, 0, 0]
  for (let i = 0; i < bytes.length; i++) {
    windowTwoBefore = windowBefore
    windowBefore = window
    window = (window << 8) | bytes[i]!
    const hash = hashOf(windowTwoBefore, window)
    if ((bitmap[hash >>> 3]! & (1 << (hash & 7))) === 0 || i < MIN_VALUE_BYTES - 1) continue
    for (const pattern of patterns.get(keyOf(windowTwoBefore, window)) ?? []) {
      const offset = i - MIN_VALUE_BYTES + 1 - pattern.anchor
      const end = offset + pattern.bytes.length
      if (offset < 0 || end > bytes.length || pattern.bytes.compare(bytes, offset, end) !== 0) continue
      if (isChance(bytes, offset, end)) continue
      matches.push({ offset, form: pattern.form, valueIndex: pattern.valueIndex })
    }
  }
  return matches
}

/** Whether these bytes are a short part of such a run. */
function isChance(bytes: Buffer, offset: number, end: number): boolean {
  return CHANCE.some(({ holds, runLength, belowBytes }) => {
    if (end - offset >= belowBytes) return false
    for (let at = offset; at < end; at++) if (holds[bytes[at]!] === 0) return false
    let [from, to] = [offset, end]
    while (from > 0 && to - from < runLength && holds[bytes[from - 1]!] === 1) from--
    while (to < bytes.length && to - from < runLength && holds[bytes[to]!] === 1) to++
    return to - from >= runLength
  })
}

function anchorPatterns({ bitmap, patterns }: Matcher, all: Pattern[]): void {
  const keyAt = (bytes: Buffer, at: number) => keyOf(bytes.readInt32BE(at), bytes.readInt32BE(at + 2))
  const counts = new Map<number, number>()
  const keysOf = ({ bytes }: Pattern) =>
    Array.from({ length: bytes.length - MIN_VALUE_BYTES + 1 }, (_, at) => keyAt(bytes, at))
  for (const pattern of all) for (const key of keysOf(pattern)) counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const pattern of all) {
    const rarity = keysOf(pattern).map(key => counts.get(key)!)
    pattern.anchor = rarity.indexOf(Math.min(...rarity))
    const hash = hashOf(pattern.bytes.readInt32BE(pattern.anchor), pattern.bytes.readInt32BE(pattern.anchor + 2))
    bitmap[hash >>> 3]! |= 1 << (hash & 7)
    const key = keyAt(pattern.bytes, pattern.anchor)
    const same = patterns.get(key)
    if (same) same.push(pattern)
    else patterns.set(key, [pattern])
  }
}

const hashOf = (first: number, last: number) =>
  (Math.imul(first, 0x9e3779b1) ^ Math.imul(last, 0x85ebca6b)) >>> (32 - BITMAP_BITS)
const keyOf = (first: number, last: number) => (first >>> 0) * 0x10000 + (last & 0xffff)

function* formsOf(value: string): Generator<[form: string, bytes: Buffer]> {
  const utf8 = Buffer.from(value)
  yield ['utf8', utf8]
  const json = JSON.stringify(value).slice(1, -1)
  const escaped = json.replace(/[^\0-~]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const upperCase = escaped.replace(/\\u[0-9a-f]{4}/g, unit => `\\u${unit.slice(2).toUpperCase()}`)
  for (const text of [json, escaped, upperCase]) {
    yield ['json', Buffer.from(text)]
    yield ['json', Buffer.from(text.replaceAll('/', '\\/'))]
  }
  yield ['utf16le', Buffer.from(value, 'utf16le')]
  for (const shift of [0, 1, 2]) {
    const bytes = Buffer.concat([Buffer.alloc(shift), utf8])
    // Only the characters that the neighbours of the value have no part in.
    const [start, end] = [Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6)]
    for (const form of ['base64', 'base64url'] as const)
      yield [form, Buffer.from(bytes.toString(form).slice(start, end))]
  }
  yield ['hex', Buffer.from(utf8.toString('hex'))]
  yield ['hex', Buffer.from(utf8.toString('hex').toUpperCase())]
}
