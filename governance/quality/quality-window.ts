// One window of a dataset's quality: what came in during a stretch of reception time, merged over the partitions of the
// log. Counts and statistics, nothing that names a person: whoever reads it is shown what the levels of its pointers allow.

/** What became of what was received: from the conservation ledger. */
export interface Volume {
  received: number
  accepted: number
  suppressed: number
  rejected: number
  unanswered: number
  effective: number
  duplicates: number
  conflicts: number
  held: number
}

/** Of the numbers at one pointer. */
export interface NumberStatistics {
  count: number
  /** Null where `count` is 0. */
  mean: number | null
  /** Of the population. */
  variance: number | null
}

export interface QualityWindow {
  dataset: string
  /** Of reception, ms; whole minutes, or several of them merged. */
  startMs: number
  endMs: number
  volume: Volume
  /** Effective events that were looked at: first copies, neither held nor corrections. All counts below are of them. */
  events: number
  /** By pointer of the schema: how many of `of` events declare a field there, and how many lack a value. */
  fields: Map<string, { of: number; missing: number }>
  /** By pointer: fields that are stored as numbers, of level internal or lower. */
  numbers: Map<string, NumberStatistics>
  /** From the event's own time to its reception, ms, within 1 %; null without events that have a time of their own. */
  delay: { p50: number; p95: number; p99: number } | null
  /** Events with a time of their own, and how many of them came within the policy's target; null where it sets none. */
  timed: number
  inTime: number | null
  /** Events whose own time was ahead of their reception by more than the policy allows. */
  ahead: number
  /** By rule of the policy: events that were looked at, and those that broke it. */
  consistency: Map<string, { of: number; broken: number }>
  /** Rejected events by cause: `/montant type`. */
  causes: Map<string, number>
  /** Events whose kept texts were looked at for personal data, and by pointer and kind how many texts looked like some. */
  sampled: number
  suspects: Map<string, Map<string, number>>
}
