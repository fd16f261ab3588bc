// Rows that count what a partition of the log holds of one hour's reception, or of a part of the hour. A row is written whole, with the offset it
// includes, so that a batch that comes again counts nothing twice.

import { partOf } from '../storage/aggregate-rows.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { Position } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import type { BatchRange } from './windows/add-to-windows.ts'

/** Rows of one partition kept in memory between batches: of the time in which events come in now. */
const MAX_ROWS = 4

export interface HourlyRow {
  dataset: string
  /** Start of the hour that it is of, RFC 3339. */
  hour: string
  /** Which of the dataset's topics it counts. */
  side: string
  /** `<incarnation>/<partition>` of the log. */
  part: string
  /** Of the last record that is in it. */
  offset: number
}

/** One partition of one of a dataset's counted topics. */
export interface CountedPart<Side extends string> extends Pick<Position, 'incarnation' | 'partition'> {
  dataset: string
  side: Side
}

/** A record that is counted. */
export interface CountedRecord {
  offset: number
  /** Of its reception: see `minuteOf`. */
  minute: string
}

export interface RowsOptions<Row extends HourlyRow, Item extends CountedRecord> {
  collection: string
  /** Where an hour has several rows, how long each of them is: a part of 60. */
  rowMinutes?: number
  /** A row in which nothing was counted. */
  empty(row: HourlyRow & Pick<Row, 'side'>): Row
  /** Changes the row. Called once for each record. */
  add(row: Row, item: Item): void
}

export interface HourlyRows<Side extends string, Item extends CountedRecord> {
  /**
   * Adds one batch's records, in the log's order. Idempotent.
   * @param keptMs how long after its hour a row is kept; undefined where nobody says
   */
  add(part: CountedPart<Side>, batch: BatchRange, counted: Item[], keptMs: number | undefined): Promise<void>
}

interface OpenPart<Row> {
  /** The offset after the last batch: another one means that somebody else had the partition meanwhile. */
  nextOffset: number
  /** By id, the one used last at the end. */
  rows: Map<string, Row>
}

export function openHourlyRows<Row extends HourlyRow, Item extends CountedRecord>(
  documents: Pick<Documents, 'get' | 'upsertNewer'>,
  { collection, rowMinutes = 60, empty, add }: RowsOptions<Row, Item>,
): HourlyRows<Row['side'], Item> {
  const parts = new Map<string, OpenPart<Row>>()

  async function read({ dataset, side, ...place }: CountedPart<Row['side']>, id: string, hour: string): Promise<Row> {
    const stored = await documents.get(collection, id)
    return (
      (stored?.body as unknown as Row | undefined) ?? empty({ dataset, hour, side, part: partOf(place), offset: -1 })
    )
  }

  return {
    add: async (part, { from, next }, counted, keptMs) => {
      const name = `${part.side} ${part.dataset} ${partOf(part)}`
      const known = parts.get(name)
      const rows = known?.nextOffset === from ? known.rows : new Map<string, Row>()
      // Should anything fail, the rows are read again.
      parts.delete(name)
      const changed = new Map<string, Row>()
      const ids = new Map<string, string>()
      for (const each of counted) {
        const { minute } = each
        const id = ids.get(minute) ?? `${part.dataset}/${startOf(minute, rowMinutes)}/${part.side}/${partOf(part)}`
        ids.set(minute, id)
        const row = rows.get(id) ?? (await read(part, id, hourOf(minute)))
        rows.delete(id)
        rows.set(id, row)
        // Counted before.
        if (each.offset <= row.offset) continue
        row.offset = each.offset
        add(row, each)
        changed.set(id, row)
      }
      const written = [...changed].map(([id, row]) => ({
        id,
        version: row.offset + 1,
        expiresAtMs: keptMs === undefined ? null : Date.parse(row.hour) + keptMs,
        body: row as unknown as JsonObject,
      }))
      if (written.length > 0) await documents.upsertNewer(collection, written)
      parts.set(name, { nextOffset: next, rows: new Map([...rows].slice(-MAX_ROWS)) })
    },
  }
}

/** Start of a minute's hour, RFC 3339. */
export function hourOf(minute: string): string {
  return `${minute.slice(0, 13)}:00:00.000Z`
}

/** Start of the row that a minute is in. */
function startOf(minute: string, rowMinutes: number): string {
  const start = Math.floor(Number(minute.slice(14)) / rowMinutes) * rowMinutes
  return `${minute.slice(0, 14)}${String(start).padStart(2, '0')}:00.000Z`
}
