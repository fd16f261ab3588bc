// What a gateway took in, counted: appended with the events it counts, and summed by processors. No values, nobody's.

import type { LogRecord } from './event-log/event-log.ts'
import { isJsonObject } from './json.ts'

/** What a gateway counts: received = accepted + suppressed + rejected + unanswered. */
export const gatewayCounts = ['received', 'accepted', 'suppressed', 'rejected', 'unanswered'] as const
export type GatewayCounts = Record<(typeof gatewayCounts)[number], number>

export interface LedgerRecord {
  dataset: string
  /** Random, of the process that counted, and its how-manieth record this is: a copy is told by the two. */
  writer: string
  number: number
  /** The minute of reception: see `minuteOf`. */
  minute: string
  counts: GatewayCounts
}

const MINUTE = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/

/** The minute of a time, as the ledger names it: `2026-11-21T17:08`, in UTC. @param time RFC 3339 in UTC, or ms */
export function minuteOf(time: string | number): string {
  // Years beyond four digits are written with a sign; no event is received then.
  const text = typeof time === 'string' && MINUTE.test(time.slice(0, 16)) ? time : new Date(time).toISOString()
  return text.slice(0, 16)
}

/** One key: a dataset's records stand in the order in which they were written. */
export function writeLedgerRecord(record: LedgerRecord): LogRecord {
  return {
    key: record.dataset,
    value: Buffer.from(JSON.stringify(record)),
    headers: { 'content-type': 'application/json' },
  }
}

/** Reads what `writeLedgerRecord` wrote for the dataset; undefined when it is no such record. */
export function readLedgerRecord(dataset: string, { value }: LogRecord): LedgerRecord | undefined {
  try {
    const record: unknown = JSON.parse(value.toString())
    return isLedgerRecord(record) && record.dataset === dataset ? record : undefined
  } catch {
    return undefined
  }
}

function isLedgerRecord(record: unknown): record is LedgerRecord {
  if (!isJsonObject(record)) return false
  const { writer, number, minute, counts } = record
  return (
    typeof writer === 'string' &&
    writer.isWellFormed() &&
    isCount(number) &&
    typeof minute === 'string' &&
    MINUTE.test(minute) &&
    !Number.isNaN(Date.parse(`${minute}Z`)) &&
    isJsonObject(counts) &&
    gatewayCounts.every(name => isCount(counts[name]))
  )
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
