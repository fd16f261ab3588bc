// Reads anomalies for alerts: in the order of their detection; a second time somewhat later, for those that were written
// late or by a process whose clock is behind; and those that came again.

import type { Documents, FindOptions } from '../../storage/documents/documents.ts'
import type { StoredAlertPosition } from '../../storage/stored-alert.ts'
import type { AlertStore } from './alert-store.ts'
import type { SeenAnomaly } from './group-anomalies.ts'

/** Longer than clocks differ, and than a write takes. */
export const LATE_MS = 300_000
const PAGE = 500
/** Pages of one look in one turn; where there are more, the next turn goes on. */
const MAX_PAGES = 20
const MAX_IDS = 1_000

interface Look {
  name: string
  by: 'detectedAt' | 'lastSeenAt'
  delayMs: number
}

const looks: Look[] = [
  { name: 'detected', by: 'detectedAt', delayMs: 0 },
  { name: 'detected-late', by: 'detectedAt', delayMs: LATE_MS },
  { name: 'seen', by: 'lastSeenAt', delayMs: 0 },
  { name: 'seen-late', by: 'lastSeenAt', delayMs: LATE_MS },
]

export interface FindAnomaliesDeps {
  documents: Pick<Documents, 'find' | 'getAll'>
  store: Pick<AlertStore, 'position' | 'advance'>
  now: () => number
}

/**
 * Hands on what was not read yet, page by page; a page counts as read once that is done, so it may come again. The
 * first time of all nothing is old: only what comes from then on is read.
 * @param handOn called with `inOrder` for each anomaly's first reading
 */
export async function readAnomalies(
  { documents, store, now }: FindAnomaliesDeps,
  handOn: (anomalies: SeenAnomaly[], inOrder: boolean) => Promise<void>,
): Promise<void> {
  let position = await store.position()
  const nowMs = now()
  if (!position) {
    const start = { value: iso(nowMs), id: '' }
    position = await store.advance(Object.fromEntries(looks.map(({ name }) => [name, start])))
  }
  for (const look of looks) position = await readLook(look, position)

  async function readLook({ name, by, delayMs }: Look, from: StoredAlertPosition['looks']) {
    let at = from
    for (let page = 0; page < MAX_PAGES; page++) {
      const after = at[name]!
      const before = iso(nowMs - delayMs + 1)
      if (after.value >= before) break
      const options: FindOptions = { sort: { by, order: 'ascending' }, after, where: { [by]: { before } }, limit: PAGE }
      const found = await documents.find('anomalies', options)
      if (found.length === 0) break
      const anomalies = found.map(({ body }) => body as unknown as SeenAnomaly & { lastSeenAt?: string })
      const inOrder = name === 'detected'
      // What the first look has still to come to is left to it: there it is counted.
      const passed = anomalies.filter(({ detectedAt }) => inOrder || detectedAt <= at.detected!.value)
      await handOn(passed, inOrder)
      at = await store.advance({ [name]: { value: anomalies.at(-1)![by]!, id: found.at(-1)!.id } })
      if (found.length < PAGE) break
    }
    return at
  }
}

/** By id; undefined: gone. */
export async function getAnomalies(
  documents: Pick<Documents, 'getAll'>,
  ids: string[],
): Promise<Map<string, SeenAnomaly | undefined>> {
  const found = new Map<string, SeenAnomaly | undefined>()
  for (let from = 0; from < ids.length; from += MAX_IDS) {
    const some = ids.slice(from, from + MAX_IDS)
    const documentsOf = await documents.getAll('anomalies', some)
    for (const [i, id] of some.entries()) found.set(id, documentsOf[i]?.body as unknown as SeenAnomaly | undefined)
  }
  return found
}

const iso = (ms: number) => new Date(ms).toISOString()
