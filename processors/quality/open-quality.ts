// Measures what comes in: each first copy of an event, and why others were rejected, summed up by the minute and the hour
// of reception. Exact after a crash, a replay or two owners of one partition.

import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { ledgerEndMs } from '../../governance/contract/log-end.ts'
import { type MeasuredEvent, measureEvent, receptionOf } from '../../governance/quality/measure-event.ts'
import { blindPlan, measuringPlan } from '../../governance/quality/measuring-plan.ts'
import { addCause, addMeasured, addSpread } from '../../governance/quality/quality-state.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { RecordBatch } from '../../storage/event-log/event-log.ts'
import { minuteOf } from '../../storage/ledger-record.ts'
import {
  QUALITY_HOURS,
  QUALITY_MINUTES,
  type StoredQuality,
  type StoredQualityHour,
  type StoredQualityMinutes,
  type StoredQualityRow,
} from '../../storage/stored-quality.ts'
import { type CountedPart, type CountedRecord, openHourlyRows } from '../hourly-rows.ts'
import type { PlacedEvent } from '../read-records.ts'

/** What is written with each batch is the less, the fewer minutes a row has. */
const ROW_MINUTES = 10

/** A rejected event, as far as it counts. */
export interface RejectedEvent {
  offset: number
  receivedAt: string
  /** See `causeOf`. */
  cause: string
}

export interface Quality {
  /**
   * Measures a batch's effective events, once they are archived. Idempotent.
   * @param eventsMs their retention; undefined where nobody says how long
   */
  measureEvents(
    dataset: string,
    batch: RecordBatch,
    effective: PlacedEvent[],
    eventsMs: number | undefined,
  ): Promise<void>
  /** Counts a batch's rejected events. Idempotent. */
  countCauses(
    dataset: string,
    batch: RecordBatch,
    rejected: RejectedEvent[],
    eventsMs: number | undefined,
  ): Promise<void>
}

export interface QualityDeps {
  documents: Pick<Documents, 'get' | 'upsertNewer'>
  catalogue: Pick<Catalogue, 'find'>
}

/** A record that counts as a measured event, or by its cause. */
type Measured = CountedRecord & ({ measured: MeasuredEvent } | { cause: string })

export function openQuality({ documents, catalogue }: QualityDeps): Quality {
  const minutes = openHourlyRows<StoredQualityMinutes, Measured>(documents, {
    collection: QUALITY_MINUTES,
    rowMinutes: ROW_MINUTES,
    empty: row => ({ ...row, plans: {}, minutes: {} }),
    add: (row, each) => {
      const minute = each.minute.slice(14)
      row.minutes[minute] ??= {}
      addTo(row, row.minutes[minute], each)
    },
  })
  const hours = openHourlyRows<StoredQualityHour, Measured>(documents, {
    collection: QUALITY_HOURS,
    empty: row => ({ ...row, plans: {}, whole: {}, spread: {} }),
    add: (row, each) => {
      addTo(row, row.whole, each)
      if ('measured' in each) addSpread(row.spread, each.measured)
    },
  })

  async function add(
    part: CountedPart<StoredQualityRow['side']>,
    { records }: RecordBatch,
    measured: Measured[],
    eventsMs: number | undefined,
  ): Promise<void> {
    const range = { from: records[0]!.offset, next: records.at(-1)!.offset + 1 }
    const logMs = catalogue.find(part.dataset)?.retentionMs.log
    const keptMs = eventsMs === undefined ? undefined : ledgerEndMs(eventsMs, logMs)
    await minutes.add(part, range, measured, keptMs)
    await hours.add(part, range, measured, keptMs)
  }

  return {
    measureEvents: async (dataset, batch, effective, eventsMs) => {
      const contract = catalogue.find(dataset)
      const looked = effective.filter(({ record }) => !record.held && !record.rectification)
      const measured = looked.map(({ record, position }): Measured => {
        const plan = (contract && measuringPlan(contract, record.schema)) ?? blindPlan
        const minute = minuteOf(receptionOf(record))
        return { offset: position.offset, minute, measured: measureEvent(plan, record, position.offset) }
      })
      await add({ dataset, side: 'events', ...placeOf(batch) }, batch, measured, eventsMs)
    },
    countCauses: async (dataset, batch, rejected, eventsMs) => {
      const counted = rejected.map(({ receivedAt, ...each }): Measured => ({ ...each, minute: minuteOf(receivedAt) }))
      await add({ dataset, side: 'quarantine', ...placeOf(batch) }, batch, counted, eventsMs)
    },
  }
}

function addTo({ plans }: StoredQualityRow, state: StoredQuality, each: Measured): void {
  if ('cause' in each) addCause(state, each.cause)
  else {
    const { plan } = each.measured
    plans[plan.name] ??= plan.pointers
    addMeasured(state, each.measured)
  }
}

const placeOf = ({ incarnation, partition }: RecordBatch) => ({ incarnation, partition })
