// The conservation ledger of a dataset, a line for each minute of reception: what gateways counted on one side, what
// processors counted of the same events on the other, and what the archive holds. Each line has to balance.

import type { StoredLedgerCheck, StoredLedgerRow } from '../../storage/stored-shapes.ts'

const MINUTE_MS = 60_000

/** What rests of one hour of a dataset's ledger. */
export interface LedgerHour {
  dataset: string
  /** Its start, RFC 3339. */
  hour: string
  rows: StoredLedgerRow[]
  check: StoredLedgerCheck | undefined
}

/** One minute of reception. */
export interface LedgerLine {
  dataset: string
  /** RFC 3339. */
  window: { start: string; end: string }
  /** Gateways: received = accepted + suppressed + rejected + unanswered. */
  received: number
  accepted: number
  suppressed: number
  rejected: number
  unanswered: number
  /** Processors: appended = effective + duplicates + conflicts + held + erased + unreadable. */
  appended: number
  effective: number
  duplicates: number
  conflicts: number
  held: number
  erased: number
  unreadable: number
  /** Copies that correct an event: appended, and accepted by nobody. */
  corrections: number
  /** In the log beyond what was accepted: appends whose answer was lost, and copies of them. */
  unacknowledged: number
  /** Accepted, and not come to the processors yet. */
  pending: number
  /** Documents: events = effective + held − erased − expired. */
  archive: ArchiveCounts
}

export interface ArchiveCounts {
  /** At the last look; null where there was none. */
  events: number | null
  /** Removed for erased persons. */
  erased: number
  /** Gone with their retention, as far as the window has ended. */
  expired: number
  checkedAt: string | null
}

/** An equation that does not hold. */
export interface Mismatch {
  equation: 'received' | 'accepted' | 'archive'
  /** What has to be there, and what is. */
  expected: number
  found: number
}

/** Lines of an hour, oldest first: of minutes in which anything was received. @param endedBeforeMs what was received before then has reached the end of its retention */
export function linesOf(hour: LedgerHour, endedBeforeMs: number): LedgerLine[] {
  const minutes = new Set([...hour.rows, ...(hour.check ? [hour.check] : [])].flatMap(row => Object.keys(row.minutes)))
  return [...minutes].sort().map(minute => lineOf(hour, minute, endedBeforeMs))
}

function lineOf({ dataset, hour, rows, check }: LedgerHour, minute: string, endedBeforeMs: number): LedgerLine {
  const startMs = Date.parse(hour) + Number(minute) * MINUTE_MS
  const sum = (name: string) => rows.reduce((total, row) => total + (row.minutes[minute]?.[name] ?? 0), 0)
  const became = {
    effective: sum('effective'),
    duplicates: sum('duplicates'),
    conflicts: sum('conflicts'),
    held: sum('held'),
    erased: sum('erased'),
    unreadable: sum('unreadable'),
  }
  const appended = Object.values(became).reduce((total, count) => total + count, 0)
  const [accepted, corrections] = [sum('accepted'), sum('corrections')]
  const beyond = appended - corrections - accepted
  const looked = check?.minutes[minute]
  const erased = looked?.erased ?? 0
  const kept = became.effective + became.held - erased
  const hasEnded = startMs < endedBeforeMs
  return {
    dataset,
    window: { start: timeOf(startMs), end: timeOf(startMs + MINUTE_MS) },
    received: sum('received'),
    accepted,
    suppressed: sum('suppressed'),
    rejected: sum('rejected'),
    unanswered: sum('unanswered'),
    appended,
    ...became,
    corrections,
    unacknowledged: Math.max(0, beyond),
    pending: Math.max(0, -beyond),
    archive: {
      events: looked?.events ?? null,
      erased,
      expired: looked && hasEnded ? Math.max(0, kept - looked.events!) : 0,
      checkedAt: looked ? check.checkedAt : null,
    },
  }
}

/** What does not balance; of a line that is still being filled, that is no news. */
export function mismatchesOf(line: LedgerLine): Mismatch[] {
  const { received, accepted, suppressed, rejected, unanswered, pending, effective, held, archive } = line
  const mismatches: Mismatch[] = []
  const compare = (equation: Mismatch['equation'], expected: number, found: number) => {
    if (expected !== found) mismatches.push({ equation, expected, found })
  }
  compare('received', accepted + suppressed + rejected + unanswered, received)
  // More than was accepted is unacknowledged, which nobody can know better.
  compare('accepted', accepted, accepted - pending)
  if (archive.events !== null) compare('archive', effective + held - archive.erased - archive.expired, archive.events)
  return mismatches
}

const timeOf = (ms: number) => new Date(ms).toISOString()
