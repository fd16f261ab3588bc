// Reads a batch's records. One that cannot be read is set aside and told, so that it never holds up those behind it.

import type { Position, RecordBatch } from '../storage/event-log/event-log.ts'
import { type EventRecord, readEventRecord } from '../storage/event-record.ts'

export interface PlacedEvent {
  record: EventRecord
  position: Position
}

export interface UnreadableRecord {
  position: Position
  /** Holds nothing of the record. */
  reason: string
}

export function readRecords({ incarnation, partition, records }: RecordBatch): {
  events: PlacedEvent[]
  unreadable: UnreadableRecord[]
} {
  const events: PlacedEvent[] = []
  const unreadable: UnreadableRecord[] = []
  for (const stored of records) {
    const position = { incarnation, partition, offset: stored.offset }
    try {
      events.push({ record: readEventRecord(stored), position })
    } catch (error) {
      unreadable.push({ position, reason: (error as Error).message })
    }
  }
  return { events, unreadable }
}
