// Reads a batch's records. One that cannot be read is set aside and told, so that it never holds up those behind it.

import { topicOf } from '../governance/contract/topic-of.ts'
import type { Position, RecordBatch } from '../storage/event-log/event-log.ts'
import { type EventRecord, readEventRecord } from '../storage/event-record.ts'

export interface PlacedEvent {
  record: EventRecord
  position: Position
  /** How far the events before it in its partition had come, ms; null where there was none, or nobody knows. */
  watermark?: number | null
}

export interface UnreadableRecord {
  position: Position
  /** Holds nothing of the record. */
  reason: string
}

export function readRecords({ topic, incarnation, partition, records }: RecordBatch): {
  events: PlacedEvent[]
  unreadable: UnreadableRecord[]
} {
  const events: PlacedEvent[] = []
  const unreadable: UnreadableRecord[] = []
  for (const stored of records) {
    const position = { incarnation, partition, offset: stored.offset }
    try {
      const record = readEventRecord(stored)
      // Else a record of one topic could take the event ids of another's dataset.
      if (topicOf(record.dataset) !== topic) throw new Error('the record is of another dataset')
      events.push({ record, position })
    } catch (error) {
      unreadable.push({ position, reason: (error as Error).message })
    }
  }
  return { events, unreadable }
}
