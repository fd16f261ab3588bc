// Reads a dataset's ledger, hour by hour, from where processors left it.

import type { Documents, FindOptions } from '../../storage/documents/documents.ts'
import type { StoredLedgerCheck, StoredLedgerRow } from '../../storage/stored-shapes.ts'
import type { LedgerHour } from './ledger-line.ts'

const PAGE = 1_000
const HOUR_MS = 3_600_000

/** An hour's rows as they stand now: one for each partition of the two topics. */
export async function readHour(
  documents: Pick<Documents, 'find' | 'get'>,
  dataset: string,
  hour: string,
): Promise<LedgerHour> {
  const next = new Date(Date.parse(hour) + HOUR_MS).toISOString()
  const rows: StoredLedgerRow[] = []
  for (let after: FindOptions['after']; ; ) {
    const where = { dataset, hour: { from: hour, before: next } }
    const page = await documents.find('ledger', { where, limit: PAGE, ...(after && { after }) })
    rows.push(...page.map(({ body }) => body as unknown as StoredLedgerRow))
    if (page.length < PAGE) break
    after = { id: page.at(-1)!.id }
  }
  const check = await documents.get('ledger_checks', checkId(dataset, hour))
  return { dataset, hour, rows, check: check?.body as unknown as StoredLedgerCheck | undefined }
}

/** The first hour from this time on in which anything was received; undefined if there is none. @param from RFC 3339 */
export async function nextHour(
  documents: Pick<Documents, 'find'>,
  dataset: string,
  from: string,
): Promise<string | undefined> {
  const sort = { by: 'hour', order: 'ascending' } as const
  const [row] = await documents.find('ledger', { where: { dataset, hour: { from } }, sort, limit: 1 })
  return (row?.body as unknown as StoredLedgerRow | undefined)?.hour
}

/** What was received before then has ended, ms: by the longest retention that was in force at each moment since. */
export async function endedBefore(documents: Pick<Documents, 'get'>, dataset: string): Promise<number> {
  const stored = await documents.get('ledger_checks', dataset)
  return (stored?.body.endedBeforeMs as number | undefined) ?? Number.NEGATIVE_INFINITY
}

export function checkId(dataset: string, hour: string): string {
  return `${dataset}/${hour}`
}

/** Of the anomaly that a line's mismatch is. @param start of the line's window */
export function mismatchId(dataset: string, start: string): string {
  return `ledger/${dataset}/${start}`
}
