// Repeatable chance for the simulators: the same seed gives the same events. Never for keys, tokens or anything secret.

/**
 * A generator of numbers in [0, 1) (splitmix32).
 * @param seed any integer; its lowest 32 bits count
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000
  }
}

/** One item of a list that is not empty, each as likely as the others. */
export function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!
}

/** One of the names, each as likely as its share of the sum. */
export function pickByShare<T extends string>(random: () => number, shares: Record<T, number>): T {
  const names = Object.keys(shares) as T[]
  let left = random() * names.reduce((sum, name) => sum + shares[name], 0)
  for (const name of names) {
    left -= shares[name]
    if (left < 0) return name
  }
  return names.at(-1)!
}

/** An integer from `low` to `high`, both included. */
export function integerBetween(random: () => number, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1))
}

/** A log-normal amount, rounded to cents: half of all are below the median, a few far above it. */
export function amountAround(random: () => number, median: number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.max(0.01, Math.round(median * Math.exp(spread * normal) * 100) / 100)
}

/** A UUID of the shape of version 4 (RFC 9562), made of this chance. */
export function uuidFrom(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16))
  hex[12] = '4'
  hex[16] = (8 + Math.floor(random() * 4)).toString(16)
  const text = hex.join('')
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-')
}
