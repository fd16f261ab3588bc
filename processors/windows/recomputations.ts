// Windows of days that are to be computed anew, after an erasure, a correction, or the end of a restriction: which days,
// and up to which recomputation of each (its epoch) a partition was brought. A day's epoch grows before anything is
// computed: whoever adds to the day from then on sees it, and computes it anew first, so that nobody adds to rows of before.

import type { Documents } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import { changeDocument } from '../change-document.ts'
import { nameOf, type Part } from './places-of.ts'
import { type RecomputeDeps, recomputeDay } from './recompute-day.ts'
import type { Watermarks } from './watermarks.ts'

const COLLECTION = 'window_days'
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** Epochs are minutes since then, or more: none comes twice, even where the documents were lost. */
const FIRST_EPOCH_MS = Date.UTC(2026, 0, 1)
/** How much longer than its rows a day's epoch is known: longer than what is removed leaves marks. */
const GRACE_MS = 31 * DAY_MS
const MAX_BROUGHT = 10_000

type Epochs = Record<string, number>

/** Up to where a partition was brought on a day. */
interface Mark {
  epoch: number
  /** Some windows were left as they were. */
  frozen: boolean
}

export interface Recomputations {
  /** The epoch of each day of a dataset's windows; days that never were computed anew are missing. */
  epochsOf(dataset: string): Promise<Map<string, number>>
  /** Another one for these days. @returns what it is */
  begin(dataset: string, days: string[]): Promise<number>
  /**
   * Makes sure that one partition's rows of a day are those of the epoch. Idempotent.
   * @param before the records before this offset count: all of them are archived, and nobody adds them any more
   * @returns whether some windows were left as they were
   */
  bring(part: Part, day: string, epoch: number, before: number): Promise<boolean>
}

export interface RecomputationsDeps extends RecomputeDeps {
  documents: Pick<Documents, 'get' | 'find' | 'insertFirst' | 'upsertNewer'>
  watermarks: Pick<Watermarks, 'keptNext'>
  longestRetentionMs: (dataset: string) => number
}

export function openRecomputations(deps: RecomputationsDeps): Recomputations {
  const { documents, watermarks, now } = deps
  /** As far as this process knows. */
  const brought = new Map<string, Mark>()
  const epochAt = (ms: number) => Math.max(1, Math.floor((ms - FIRST_EPOCH_MS) / MINUTE_MS))

  return {
    epochsOf: async dataset => {
      const body = (await documents.get(COLLECTION, dataset))?.body as { days: Epochs } | undefined
      return new Map(Object.entries(body?.days ?? {}))
    },
    begin: async (dataset, days) => {
      const first = { id: dataset, version: 0, expiresAtMs: null, body: { dataset, days: {} } as JsonObject }
      await documents.insertFirst(COLLECTION, [first])
      const oldest = epochAt(now() - deps.longestRetentionMs(dataset) - GRACE_MS)
      let epoch = 0
      await changeDocument(documents, COLLECTION, dataset, body => {
        const stand = Object.entries(body.days as Epochs)
        epoch = Math.max(epochAt(now()), ...stand.map(([, each]) => each + 1))
        const kept = stand.filter(([, each]) => each >= oldest)
        return { ...body, days: Object.fromEntries([...kept, ...days.map(day => [day, epoch])]) }
      })
      return epoch
    },
    bring: async (part, day, epoch, before) => {
      const name = nameOf(part)
      const id = `${part.dataset}/${day}/${name}`
      const known = brought.get(id)
      if (known && known.epoch >= epoch) return known.frozen
      let mark = (await documents.get(COLLECTION, id))?.body as Mark | undefined
      if (!mark || mark.epoch < epoch) {
        // Somebody who lost the partition may come here late: what others added since then counts too.
        const all = Math.max(before, await watermarks.keptNext(part))
        mark = { epoch, frozen: await recomputeDay(deps, { part, day, epoch, before: all }) }
        const expiresAtMs = now() + deps.longestRetentionMs(part.dataset) + GRACE_MS
        const body = { dataset: part.dataset, ...mark }
        await documents.upsertNewer(COLLECTION, [{ id, version: epoch, expiresAtMs, body }])
      }
      if (brought.size >= MAX_BROUGHT) brought.clear()
      brought.set(id, mark)
      return mark.frozen
    },
  }
}
