// Entries of an export that stand there as hashes alone. That a hash fits the tree shows that the entry was signed, and
// nothing of what it says: so they are told by number, and those whose retention cannot have ended are told apart.

const DAY_MS = 86_400_000
/** Stretches of numbers that are told; of more, how many there are. */
const MAX_STRETCHES = 20

/** By number, in order. */
export interface EntryNumbers {
  entries: number
  /** First and last of each stretch, `MAX_STRETCHES` at most. */
  stretches: [first: number, last: number][]
}

export interface Kept {
  /** For how long entries were kept, ms: the shortest that was ever set. */
  retentionMs: number
  /** Whether somebody said so. Else a beginning that is missing is no sign: it was perhaps kept for less. */
  isSaid: boolean
  /** Now, ms since the epoch. */
  nowMs: number
}

export interface MissingContents {
  /** The next entry; without bytes where only its hash is there. */
  see(bytes: Buffer | undefined): void
  /** A tree that ends here was signed at this time, ms since the epoch. */
  signed(atMs: number): void
  all: EntryNumbers
  /** Those after an entry that is there, or after a tree signed, too lately to have expired. */
  withheld: EntryNumbers
}

/** @param kept unless it is known, nothing counts as withheld */
export function openMissingContents(kept: Kept | undefined): MissingContents {
  const all: EntryNumbers = { entries: 0, stretches: [] }
  const withheld: EntryNumbers = { entries: 0, stretches: [] }
  let index = 0
  let signedMs = Number.NEGATIVE_INFINITY
  /** When the last one that is there was recorded. */
  let lastMs = Number.NEGATIVE_INFINITY
  return {
    all,
    withheld,
    signed: atMs => {
      if (kept?.isSaid) signedMs = Math.max(signedMs, atMs)
    },
    see: bytes => {
      if (bytes) lastMs = timeOf(bytes) ?? lastMs
      else {
        add(all, index)
        if (kept && !mayHaveEnded(Math.max(signedMs, lastMs), kept)) add(withheld, index)
      }
      index++
    },
  }
}

/**
 * Entries stand in the order in which they were recorded, but for what commands note in the vault: that comes into the
 * audit later, under its own time. So may any entry come into the tree later than it was recorded. A day is more than
 * either takes where processors run.
 */
function mayHaveEnded(recordedMs: number, { retentionMs, nowMs }: Kept): boolean {
  return recordedMs + retentionMs - Math.min(DAY_MS, retentionMs / 2) <= nowMs
}

/** Undefined for a record that is no entry. */
function timeOf(bytes: Buffer): number | undefined {
  try {
    const timeMs = Date.parse(JSON.parse(bytes.toString()).at)
    return Number.isNaN(timeMs) ? undefined : timeMs
  } catch {
    return undefined
  }
}

function add(numbers: EntryNumbers, index: number): void {
  const isNext = numbers.entries > 0 && numbers.stretches.at(-1)![1] === index - 1
  numbers.entries++
  if (isNext) numbers.stretches.at(-1)![1] = index
  else if (numbers.stretches.length < MAX_STRETCHES) numbers.stretches.push([index, index])
}

/** `0–12, 16`; of many stretches the first ones, and that there are more. */
export function formatNumbers({ entries, stretches }: EntryNumbers): string {
  const told = stretches.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  const texts = stretches.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`))
  return texts.join(', ') + (told < entries ? ` and ${entries - told} more` : '')
}
