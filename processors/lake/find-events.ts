// What the lake holds of persons: it may keep events longer than the archive does.

import type { Lake } from '../../storage/lake/lake.ts'
import type { ColumnKind } from '../../storage/lake-manifest.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import { openFile, openWhole } from './lake-files.ts'
import { eventOf, type LakeRow } from './lake-table.ts'
import { personsOf } from './leave-out.ts'
import { walkFiles } from './rewrite-files.ts'

/** Columns that say whom a row is about. */
const WHO = ['subject', 'others']

/**
 * Tells of each event in a dataset's files that names one of these persons. One may be told of twice, while files are
 * put together.
 * @param date day of reception, UTC
 */
export async function findLakeEvents(
  lake: Pick<Lake, 'get' | 'read'>,
  dataset: string,
  persons: ReadonlySet<string>,
  onEvent: (event: StoredEvent, date: string) => Promise<void>,
): Promise<void> {
  const isTheirs = (row: LakeRow) => personsOf(row).some(person => persons.has(person))
  await walkFiles(lake, dataset, async ({ columns }, file) => {
    let holds = false
    for await (const rows of (await openFile(lake, file)).groups(WHO)) holds ||= rows.some(isTheirs)
    if (!holds) return true
    for await (const rows of (await openWhole(lake, file.path)).groups())
      for (const row of rows.filter(isTheirs)) await onEvent(toStored(row, columns), file.date)
    return true
  })
}

/** As far as the lake keeps it. */
function toStored(row: LakeRow, columns: Record<string, ColumnKind>): StoredEvent {
  const { dataset, id, subject, others, schema, policy, rectifies, incarnation, partition, offset } = row
  const timeOf = (ms: LakeRow[string] | undefined) => new Date(ms as number).toISOString()
  return {
    ...({ dataset, id, subject, schema, policy, rectifies } as Pick<
      StoredEvent,
      'dataset' | 'id' | 'subject' | 'schema' | 'policy' | 'rectifies'
    >),
    time: timeOf(row.time),
    timeAmbiguous: false,
    receivedAt: timeOf(row.received_at),
    others: typeof others === 'string' ? (JSON.parse(others) as string[]) : [],
    position: { incarnation, partition, offset } as StoredEvent['position'],
    content: '',
    changes: 0,
    held: 0,
    rectifiedAt: row.rectified_at ? timeOf(row.rectified_at) : null,
    rectifiedBy: null,
    reprotectedAt: null,
    event: eventOf(row, columns),
  }
}
