// What became of each record of a batch, for the ledger: every one counts once, in the minute of its reception.

import type { Documents } from '../../storage/documents/documents.ts'
import type { Position, StoredRecord } from '../../storage/event-log/event-log.ts'
import { minuteOf } from '../../storage/ledger-record.ts'
import type { ArchiveResult } from '../archive-events.ts'
import type { PlacedEvent, UnreadableRecord } from '../read-records.ts'
import type { Counted } from './ledger-rows.ts'
import { wereRemoved } from './note-removals.ts'

/** An append does not take longer. */
const LIKELY_MS = 3_600_000

export interface HandledBatch extends ArchiveResult {
  dataset: string
  records: StoredRecord[]
  passedOver: PlacedEvent[]
  unreadable: UnreadableRecord[]
}

/** In the log's order. */
export async function countEvents(documents: Pick<Documents, 'getAll'>, batch: HandledBatch): Promise<Counted[]> {
  const { effective, duplicates, conflicts, passedOver, unreadable } = batch
  // Of a batch that comes again, some may have been archived, and removed for a person who was erased in between.
  const removed = await wereRemoved(
    documents,
    batch.dataset,
    passedOver.map(({ position }) => position),
  )
  const archived = ({ record }: PlacedEvent) => (record.held ? 'held' : 'effective')
  const counted = [
    ...effective.map(event => counting(event, archived(event))),
    ...duplicates.map(event => counting(event, 'duplicates')),
    ...conflicts.map(event => counting(event, 'conflicts')),
    ...passedOver.map((event, i) => counting(event, removed[i] ? archived(event) : 'erased')),
    ...unreadable.map(({ position }) => countingUnread(batch.records, position)),
  ]
  return counted.sort((one, other) => one.offset - other.offset)
}

/** What corrects an event was no producer's: nobody accepted it. */
function counting({ record, position }: PlacedEvent, what: string): Counted {
  const counts = { [what]: 1, ...(record.rectification && { corrections: 1 }) }
  return { offset: position.offset, minute: minuteOf(record.replay?.at ?? record.receivedAt), counts }
}

/** Received when its header says so, should that be legible and likely; else when it was appended. */
function countingUnread(records: StoredRecord[], { offset }: Position): Counted {
  const { headers, timestampMs } = records.find(record => record.offset === offset)!
  const saidMs = Date.parse(headers.ecluse_received ?? '')
  const receivedMs = Math.abs(saidMs - timestampMs) <= LIKELY_MS ? saidMs : timestampMs
  return { offset, minute: minuteOf(receivedMs), counts: { unreadable: 1 } }
}
