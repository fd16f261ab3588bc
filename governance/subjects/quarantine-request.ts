// What is asked of a dataset's quarantine, and how it ends, in counts.

/** Entries named one by one, at most. */
export const MAX_NAMED_ENTRIES = 500

/** What became of an entry at a replay. */
export const replayOutcomes = {
  accepted: 'protected and appended to the log, under its own id; it left the quarantine',
  duplicate: 'the same event was accepted since: it left the quarantine without effect',
  conflict: 'other content was accepted since under its id: it stays, untouched',
  suppressed: 'nothing may be stored of its person: it left the quarantine',
  rejected: 'it still breaks the contract: it stays, with its reasons of today',
  gone: 'its original can be opened no more, or was past its retention as an event',
} as const

/** What became of an entry that was to be discarded. */
export const discardOutcomes = {
  discarded: 'destroyed',
  kept: 'its person is restricted or under a legal hold: it stays',
  gone: 'it was not there any more',
} as const

export type ReplayOutcome = keyof typeof replayOutcomes
export type DiscardOutcome = keyof typeof discardOutcomes

/** Of these, the entry leaves the quarantine. */
export const leavingOutcomes: readonly string[] = ['accepted', 'duplicate', 'suppressed', 'discarded']

/** Exactly one of `cause` and `ids`. */
export interface AskedQuarantine {
  cause?: string
  /** Of entries, each once. */
  ids?: string[]
  /** Entries there were when it was filed. */
  total: number
}

export interface AskedReplay extends AskedQuarantine {
  /** Only counts. */
  dryRun: boolean
  /** The schema version to check against, in the place of the one an event names. */
  schema?: string
}

export interface AskedDiscard extends AskedQuarantine {
  /** Recorded as it is. */
  reason: string
}

export type Counts = Record<string, number>

/** Entries by outcome, all of them named. */
export function countsOf(outcomes: object, counted: Iterable<[outcome: string, count: number]>): Counts {
  const counts: Counts = Object.fromEntries(Object.keys(outcomes).map(outcome => [outcome, 0]))
  for (const [outcome, count] of counted) counts[outcome] = (counts[outcome] ?? 0) + count
  return counts
}
