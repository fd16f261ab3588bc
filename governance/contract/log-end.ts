// How long a record may stand in the log beyond its retention, and the counts of it in the ledger.

const DAY_MS = 86_400_000
/** Kafka removes records by segments, of a tenth of the retention and a day at most. */
const SEGMENT_SHARE = 10

/** The latest end of a record, ms after its reception. @param retentionMs of the topic */
export function logEndMs(retentionMs: number): number {
  return retentionMs + Math.min(DAY_MS, Math.ceil(retentionMs / SEGMENT_SHARE))
}

/**
 * The end of the ledger's counts, ms after their hour: as long as what they count is stored somewhere, and a day more.
 * @param eventsMs @param logMs retentions; of the log undefined where nobody says
 */
export function ledgerEndMs(eventsMs: number, logMs: number | undefined): number {
  return Math.max(eventsMs, logMs === undefined ? 0 : logEndMs(logMs)) + DAY_MS
}
