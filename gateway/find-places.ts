// Where a stored event rests, store by store, and until when. Each that can be asked at the cost of one look is asked; of
// the log it is known what it keeps for how long, and of a store that does not answer nothing is said.

import type { LiveContract } from '../governance/contract/catalogue.ts'
import { logEndMs } from '../governance/contract/log-end.ts'
import { hasEventRow } from '../storage/event-rows.ts'
import type { Lake } from '../storage/lake/lake.ts'
import { readManifest } from '../storage/lake-manifest.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import type { Tables } from '../storage/tables/tables.ts'
import type { FoundEvent } from './find-event.ts'

const DAY_MS = 86_400_000

export const holderNames = ['documents', 'tables', 'lake', 'log'] as const

export interface Place {
  holder: (typeof holderNames)[number]
  /** Missing where nobody looked, or no answer came. */
  found?: boolean
  /** The latest end of what is there, RFC 3339; missing where it has none, or nothing is there. */
  until?: string
  /** Of the lake: the day (UTC) among whose files it is. */
  day?: string
}

export interface FindPlacesDeps {
  eventTables: Pick<Tables, 'read'>
  lake: Pick<Lake, 'get'>
}

/** @param loggedAt when the log took the last of the event's copies, as far as that is known, RFC 3339 */
export async function findPlaces(
  deps: FindPlacesDeps,
  { dataset, retentionMs }: Pick<LiveContract, 'dataset' | 'retentionMs'>,
  { stored, expiresAtMs }: Pick<FoundEvent, 'stored' | 'expiresAtMs'>,
  loggedAt: string,
): Promise<Place[]> {
  const end = expiresAtMs === null ? {} : { until: timeOf(expiresAtMs) }
  const [hasRow, lake] = await Promise.all([
    hasEventRow(deps.eventTables, stored).catch(() => undefined),
    inLake(deps.lake, dataset, stored).catch(() => undefined),
  ])
  const day = stored.receivedAt.slice(0, 10)
  return [
    { holder: 'documents', found: true, ...end },
    // A row ends with its event.
    { holder: 'tables', ...foundAs(hasRow), ...(hasRow && end) },
    {
      holder: 'lake',
      ...foundAs(lake),
      ...(lake && { day, until: timeOf(Date.parse(day) + DAY_MS + retentionMs.lake) }),
    },
    { holder: 'log', until: timeOf(Date.parse(loggedAt) + logEndMs(retentionMs.log)) },
  ]
}

/** As the manifest tells it, which decides what is in the lake: no file is opened. */
async function inLake(lake: Pick<Lake, 'get'>, dataset: string, { id, position, receivedAt }: StoredEvent) {
  const manifest = (await readManifest(lake, dataset))?.manifest
  if (!manifest) return false
  const { incarnation, partition, offset } = position
  const isTakenIn = manifest.positions.some(
    reached => reached.incarnation === incarnation && reached.partition === partition && reached.offset > offset,
  )
  const waits = manifest.held.some(held => held.id === id)
  return isTakenIn && !waits && manifest.files.some(({ date }) => date === receivedAt.slice(0, 10))
}

const foundAs = (found: boolean | undefined) => (found === undefined ? {} : { found })

const timeOf = (ms: number) => new Date(ms).toISOString()
