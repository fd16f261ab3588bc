// Rows of a dataset that each hold what one partition of the log has of an hour, hour by hour, oldest first.

import type { Documents, FindOptions } from '../../storage/documents/documents.ts'

/** Rows of an hour may have tens of kilobytes. */
const PAGE = 100

export interface HourRows<Row> {
  /** Its start. */
  hourMs: number
  rows: Row[]
}

export interface HoursPlace {
  dataset: string
  /** A whole hour. */
  fromMs: number
  beforeMs: number
}

/** Hours that have a row. */
export async function* rowsByHour<Row extends { hour: string }>(
  documents: Pick<Documents, 'find'>,
  collection: string,
  { dataset, fromMs, beforeMs }: HoursPlace,
): AsyncGenerator<HourRows<Row>> {
  const [from, before] = [fromMs, beforeMs].map(ms => new Date(ms).toISOString()) as [string, string]
  const where = { dataset, hour: { from, before } }
  const sort = { by: 'hour', order: 'ascending' } as const
  let hour: HourRows<Row> | undefined
  for (let after: FindOptions['after'] | null; after !== null; ) {
    const page = await documents.find(collection, { where, sort, limit: PAGE, ...(after && { after }) })
    for (const row of page.map(({ body }) => body as unknown as Row)) {
      const hourMs = Date.parse(row.hour)
      if (hour && hour.hourMs !== hourMs) yield hour
      if (hour?.hourMs !== hourMs) hour = { hourMs, rows: [] }
      hour.rows.push(row)
    }
    const last = page.length === PAGE ? page.at(-1)! : undefined
    after = last ? { value: last.body.hour as string, id: last.id } : null
  }
  if (hour) yield hour
}
