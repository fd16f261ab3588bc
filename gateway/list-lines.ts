// Lines of the ledger, page by page, oldest first.

import { type LedgerLine, linesOf } from '../governance/ledger/ledger-line.ts'
import { endedBefore, nextHour, readHour } from '../governance/ledger/read-ledger.ts'
import type { Documents } from '../storage/documents/documents.ts'
import { readCursor, writeCursor } from './cursor.ts'

const HOUR_MS = 3_600_000
/** A page ends early after so many hours in which something was received. */
const MAX_HOURS = 100

export interface LinesQuery {
  /** Windows that begin from then on, ms. */
  fromMs: number
  /** … and before. */
  toMs: number
  limit: number
  cursor: string | undefined
}

/** @throws RequestRefused 400 for a cursor that is none of ours */
export async function listLines(
  documents: Pick<Documents, 'find' | 'get'>,
  dataset: string,
  { fromMs, toMs, limit, cursor }: LinesQuery,
): Promise<{ lines: LedgerLine[]; next: string | null }> {
  const goOn = readCursor(cursor)?.value
  const startMs = typeof goOn === 'number' ? Math.max(fromMs, goOn) : fromMs
  const endedMs = await endedBefore(documents, dataset)
  const lines: LedgerLine[] = []
  let fromHourMs = Math.floor(startMs / HOUR_MS) * HOUR_MS
  for (let hours = 0; hours < MAX_HOURS; hours++) {
    const hour = await nextHour(documents, dataset, new Date(fromHourMs).toISOString())
    if (hour === undefined || Date.parse(hour) >= toMs) return { lines, next: null }
    const found = linesOf(await readHour(documents, dataset, hour), endedMs)
    for (const line of found) {
      const lineMs = Date.parse(line.window.start)
      if (lineMs < startMs || lineMs >= toMs) continue
      if (lines.length === limit) return { lines, next: cursorAt(lineMs) }
      lines.push(line)
    }
    fromHourMs = Date.parse(hour) + HOUR_MS
  }
  return { lines, next: cursorAt(fromHourMs) }
}

const cursorAt = (ms: number) => writeCursor({ value: ms, id: '' })
