// Windows of days that are to be computed anew, after an erasure, a correction, or the end of a restriction: which days,
// and up to which recomputation of each (its epoch) a partition was brought. A day's epoch grows before anything is
// computed: whoever adds to the day from then on sees it, and computes it anew first, so that nobody adds to rows of before.

import { changeDocument } from '../../storage/documents/change-document.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import { nameOf, type Part } from './places-of.ts'
import { type RecomputeDeps, recomputeDay } from './recompute-day.ts'
import type { Watermarks } from './watermarks.ts'

/** One document for each dataset: the epochs of its days, and which of them are still to be computed. */
const DAYS = 'window_days'
/** Up to where partitions were brought. */
const MARKS = 'window_marks'
const MAX_DATASETS = 1_000
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** Epochs are minutes since then, or more: none comes twice, even where the documents were lost. */
const FIRST_EPOCH_MS = Date.UTC(2026, 0, 1)
/** How much longer than its rows a day's epoch is known: longer than what is removed leaves marks. */
const GRACE_MS = 31 * DAY_MS
const MAX_BROUGHT = 10_000

type Epochs = Record<string, number>
type DaysBody = { dataset: string; days: Epochs; pending: Epochs }

/** A day of a dataset's windows, and which recomputation of it this is. */
export interface WindowDay {
  dataset: string
  day: string
  epoch: number
}

/** Up to where a partition was brought on a day. */
interface Mark {
  epoch: number
  /** Some windows were left as they were. */
  frozen: boolean
}

export interface Recomputations {
  /** The epoch of each day of a dataset's windows; days that never were computed anew are missing. */
  epochsOf(dataset: string): Promise<Map<string, number>>
  /** Another one for these days, which are to be computed from then on. @returns what it is */
  begin(dataset: string, days: string[]): Promise<number>
  /** Days that were begun, and are not computed in all partitions. */
  pending(): Promise<WindowDay[]>
  /** They are. */
  end(dataset: string, days: WindowDay[]): Promise<void>
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
      const body = (await documents.get(DAYS, dataset))?.body as DaysBody | undefined
      return new Map(Object.entries(body?.days ?? {}))
    },
    begin: async (dataset, days) => {
      const body: JsonObject = { dataset, days: {}, pending: {} }
      await documents.insertFirst(DAYS, [{ id: dataset, version: 0, expiresAtMs: null, body }])
      const oldest = epochAt(now() - deps.longestRetentionMs(dataset) - GRACE_MS)
      let epoch = 0
      await changeDocument(documents, DAYS, dataset, stored => {
        const body = stored as DaysBody
        const stand = Object.entries(body.days)
        epoch = Math.max(epochAt(now()), ...stand.map(([, each]) => each + 1))
        const kept = stand.filter(([, each]) => each >= oldest)
        const begun = Object.fromEntries(days.map(day => [day, epoch]))
        return { ...body, days: { ...Object.fromEntries(kept), ...begun }, pending: { ...body.pending, ...begun } }
      })
      return epoch
    },
    pending: async () => {
      const found = await documents.find(DAYS, { limit: MAX_DATASETS })
      return found.flatMap(({ body }) => {
        const { dataset, pending } = body as DaysBody
        return Object.entries(pending).map(([day, epoch]) => ({ dataset, day, epoch }))
      })
    },
    end: async (dataset, days) => {
      const ended = new Map(days.map(({ day, epoch }) => [day, epoch]))
      await changeDocument(documents, DAYS, dataset, stored => {
        const body = stored as DaysBody
        const left = Object.entries(body.pending).filter(([day, epoch]) => (ended.get(day) ?? 0) < epoch)
        return { ...body, pending: Object.fromEntries(left) }
      })
    },
    bring: async (part, day, epoch, before) => {
      const name = nameOf(part)
      const id = `${part.dataset}/${day}/${name}`
      const known = brought.get(id)
      if (known && known.epoch >= epoch) return known.frozen
      let mark = (await documents.get(MARKS, id))?.body as Mark | undefined
      if (!mark || mark.epoch < epoch) {
        // Somebody who lost the partition may come here late: what others added since then counts too.
        const all = Math.max(before, await watermarks.keptNext(part))
        mark = { epoch, frozen: await recomputeDay(deps, { part, day, epoch, before: all }) }
        const expiresAtMs = now() + deps.longestRetentionMs(part.dataset) + GRACE_MS
        const body = { dataset: part.dataset, ...mark }
        await documents.upsertNewer(MARKS, [{ id, version: epoch, expiresAtMs, body }])
      }
      if (brought.size >= MAX_BROUGHT) brought.clear()
      brought.set(id, mark)
      return mark.frozen
    },
  }
}
