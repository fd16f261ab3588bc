// Receipts: what a gateway counts of each chunk of events goes to the log with it, in the same append, and stands only
// where all of the chunk does. So an event that a receipt calls accepted is in the log, whatever dies in between. What
// could not be answered is owed, and counted with the next receipt.

import { randomUUID } from 'node:crypto'
import type { EventLog, LogEntry } from '../../storage/event-log/event-log.ts'
import { type GatewayCounts, type LedgerRecord, minuteOf, writeLedgerRecord } from '../../storage/ledger-record.ts'
import { ledgerTopicOf } from '../contract/topic-of.ts'

/** Minutes of one dataset that are owed apart; during a longer outage, what comes on top is added to the last. */
const MAX_OWED_MINUTES = 1_440

/** One chunk of a request: all of it was received in one minute. */
export interface ChunkCounts extends Omit<GatewayCounts, 'unanswered'> {
  dataset: string
  receivedAtMs: number
}

export interface Receipts {
  /** Appends a chunk's records, and its receipt. @throws EventLogUnavailable as the log does: the chunk is not counted then */
  append(chunk: ChunkCounts, records: LogEntry[]): Promise<void>
  /** These events were received, and could not be answered for. */
  owe(dataset: string, receivedAtMs: number, events: number): void
}

type Counted = Pick<LedgerRecord, 'minute' | 'counts'>

export function openReceipts(log: Pick<EventLog, 'append'>): Receipts {
  const writer = randomUUID()
  let number = 0
  /** By dataset: events by minute. */
  const owed = new Map<string, Map<string, number>>()

  const entryOf = (dataset: string, counted: Counted): LogEntry => ({
    topic: ledgerTopicOf(dataset),
    record: writeLedgerRecord({ dataset, writer, number: number++, ...counted }),
  })

  function owe(dataset: string, minute: string, events: number): void {
    const minutes = owed.get(dataset) ?? new Map<string, number>()
    owed.set(dataset, minutes)
    const at = minutes.has(minute) || minutes.size < MAX_OWED_MINUTES ? minute : [...minutes.keys()].at(-1)!
    minutes.set(at, (minutes.get(at) ?? 0) + events)
  }

  return {
    append: async ({ dataset, receivedAtMs, ...counts }, records) => {
      const own = { minute: minuteOf(receivedAtMs), counts: { ...counts, unanswered: 0 } }
      let taken: Map<string, number> | undefined
      try {
        await log.append(records, () => {
          // A receipt that fails gives back what it took, and no other one takes the same.
          taken = owed.get(dataset)
          owed.delete(dataset)
          return [own, ...unansweredOf(taken)].map(counted => entryOf(dataset, counted))
        })
      } catch (error) {
        for (const [minute, events] of taken ?? []) owe(dataset, minute, events)
        throw error
      }
    },
    owe: (dataset, receivedAtMs, events) => owe(dataset, minuteOf(receivedAtMs), events),
  }
}

function unansweredOf(owed: Map<string, number> | undefined): Counted[] {
  return [...(owed ?? [])].map(([minute, events]) => ({
    minute,
    counts: { received: events, accepted: 0, suppressed: 0, rejected: 0, unanswered: events },
  }))
}
