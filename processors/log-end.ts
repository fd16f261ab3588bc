// How long a record may stand in the log beyond its retention.

const DAY_MS = 86_400_000
/** Kafka removes records by segments, of a tenth of the retention and a day at most. */
const SEGMENT_SHARE = 10

/** The latest end of a record, ms after its reception. @param retentionMs of the topic */
export function logEndMs(retentionMs: number): number {
  return retentionMs + Math.min(DAY_MS, Math.ceil(retentionMs / SEGMENT_SHARE))
}
