// Rows that count what a partition of the log holds of one hour's reception. A row is written whole, with the offset it
// includes, so that a batch that comes again counts nothing twice.

import { partOf } from '../storage/aggregate-rows.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { Position } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import type { BatchRange } from './windows/add-to-windows.ts'

/** Rows of one partition kept in memory between batches: hours in which events come in now. */
const MAX_ROWS = 4

export interface HourlyRow {
  dataset: string
  /** Its start, RFC 3339. */
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
  /** By hour, the one used last at the end. */
  rows: Map<string, Row>
}

export function openHourlyRows<Row extends HourlyRow, Item extends CountedRecord>(
  documents: Pick<Documents, 'get' | 'upsertNewer'>,
  { collection, empty, add }: RowsOptions<Row, Item>,
): HourlyRows<Row['side'], Item> {
  const parts = new Map<string, OpenPart<Row>>()

  async function read({ dataset, side, ...place }: CountedPart<Row['side']>, hour: string): Promise<Row> {
    const none = { dataset, hour, side, part: partOf(place), offset: -1 }
    const stored = await documents.get(collection, rowId(none))
    return (stored?.body as unknown as Row | undefined) ?? empty(none)
  }

  return {
    add: async (part, { from, next }, counted, keptMs) => {
      const name = `${part.side} ${part.dataset} ${partOf(part)}`
      const known = parts.get(name)
      const rows = known?.nextOffset === from ? known.rows : new Map<string, Row>()
      // Should anything fail, the rows are read again.
      parts.delete(name)
      const changed = new Set<Row>()
      for (const each of counted) {
        const hour = hourOf(each.minute)
        const row = rows.get(hour) ?? (await read(part, hour))
        rows.delete(hour)
        rows.set(hour, row)
        // Counted before.
        if (each.offset <= row.offset) continue
        row.offset = each.offset
        add(row, each)
        changed.add(row)
      }
      const written = [...changed].map(row => ({
        id: rowId(row),
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

function rowId({ dataset, hour, side, part }: HourlyRow): string {
  return `${dataset}/${hour}/${side}/${part}`
}
