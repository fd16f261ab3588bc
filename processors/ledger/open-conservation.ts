// The conservation ledger as processors keep it: the gateways' counts, what became of each record, and whether all of it
// balances.

import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { ledgerEndMs } from '../../governance/contract/log-end.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventLog, RecordBatch } from '../../storage/event-log/event-log.ts'
import type { Retentions } from '../retentions.ts'
import { openCarryLedger } from './carry-ledger.ts'
import { type LedgerCheck, openLedgerCheck } from './check-ledger.ts'
import { countEvents, type HandledBatch } from './count-events.ts'
import { openLedgerRows } from './ledger-rows.ts'

export interface ConservationDeps {
  documents: Documents
  log: Pick<EventLog, 'ends' | 'hasPassed'>
  catalogue: Pick<Catalogue, 'all' | 'find'>
  retentions: Pick<Retentions, 'inForce'>
  logger: Pick<Logger, 'error' | 'info'>
  /** The consumer group that archives events. */
  group: string
  now: () => number
}

export interface Conservation extends LedgerCheck {
  /**
   * Counts a batch of a dataset's events, once they are archived. Idempotent.
   * @param eventsMs their retention; undefined where nobody says how long
   */
  countEvents(batch: RecordBatch, handled: Omit<HandledBatch, 'records'>, eventsMs: number | undefined): Promise<void>
  /** One batch of a dataset's ledger topic; how many records of it were none. Idempotent. */
  carry(dataset: string, batch: RecordBatch): Promise<number>
}

export function openConservation(deps: ConservationDeps): Conservation {
  const { documents, catalogue, retentions } = deps
  const rows = openLedgerRows(documents)
  const carrying = openCarryLedger({ documents, rows })
  const endMs = (dataset: string, eventsMs: number | undefined) =>
    eventsMs === undefined ? undefined : ledgerEndMs(eventsMs, catalogue.find(dataset)?.retentionMs.log)
  const keptMs = async (dataset: string) => endMs(dataset, (await retentions.inForce(dataset))?.events)

  return {
    ...openLedgerCheck({ ...deps, keptMs }),
    countEvents: async (batch, handled, eventsMs) => {
      const { records, incarnation, partition } = batch
      const { dataset } = handled
      const range = { from: records[0]!.offset, next: records.at(-1)!.offset + 1 }
      const counted = await countEvents(documents, { ...handled, records })
      const part = { dataset, side: 'processors' as const, incarnation, partition }
      await rows.add(part, range, counted, endMs(dataset, eventsMs))
    },
    carry: async (dataset, batch) => carrying.carry(dataset, batch, await keptMs(dataset)),
  }
}
