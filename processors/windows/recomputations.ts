// Windows of days that are to be computed anew, after an erasure, a correction, or the end of a restriction: which days,
// how often so far, and up to which of these each partition was brought. A day's number grows before anything is
// computed: whoever adds to the day from then on sees it, and computes it anew first, so that nobody adds to rows of before.

import { partOf } from '../../storage/aggregate-rows.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import { changeDocument } from '../change-document.ts'
import type { Part } from './aggregate-store.ts'
import { type RecomputeDeps, recomputeDay } from './recompute-day.ts'

const COLLECTION = 'window_days'
const DAY_MS = 86_400_000

export interface Recomputations {
  /** How often each day of a dataset's windows was to be computed anew; days that never were are missing. */
  epochsOf(dataset: string): Promise<Map<string, number>>
  /** Another time for these days. Days without rows any more are forgotten. @returns their epochs */
  begin(dataset: string, days: string[]): Promise<Map<string, number>>
  /**
   * Makes sure that one partition's rows of a day are those of the epoch. Idempotent.
   * @param before the records before this offset count: all of them are archived, and nobody adds them any more
   */
  bring(part: Part, day: string, epoch: number, before: number): Promise<void>
}

export function openRecomputations(
  deps: RecomputeDeps & {
    documents: Pick<Documents, 'get' | 'insertFirst' | 'upsertNewer'>
    longestRetentionMs: (dataset: string) => number
  },
): Recomputations {
  const { documents, now } = deps
  /** As far as this process knows. */
  const brought = new Map<string, number>()

  async function epochsOf(dataset: string): Promise<Map<string, number>> {
    const body = (await documents.get(COLLECTION, dataset))?.body as { days: Record<string, number> } | undefined
    return new Map(Object.entries(body?.days ?? {}))
  }

  return {
    epochsOf,
    begin: async (dataset, days) => {
      const first = { id: dataset, version: 0, expiresAtMs: null, body: { dataset, days: {} } as JsonObject }
      await documents.insertFirst(COLLECTION, [first])
      const oldest = new Date(now() - deps.longestRetentionMs(dataset) - 2 * DAY_MS).toISOString().slice(0, 10)
      await changeDocument(documents, COLLECTION, dataset, body => {
        const epochs = Object.entries(body.days as Record<string, number>).filter(([day]) => day >= oldest)
        const next = new Map(epochs)
        for (const day of days) next.set(day, (next.get(day) ?? 0) + 1)
        return { ...body, days: Object.fromEntries(next) }
      })
      return epochsOf(dataset)
    },
    bring: async (part, day, epoch, before) => {
      const id = `${part.dataset}/${day}/${partOf(part)}`
      if ((brought.get(id) ?? 0) >= epoch) return
      const mark = (await documents.get(COLLECTION, id))?.body as { epoch: number } | undefined
      if ((mark?.epoch ?? 0) < epoch) {
        await recomputeDay(deps, { part, day, epoch, before })
        const expiresAtMs = now() + deps.longestRetentionMs(part.dataset) + 2 * DAY_MS
        await documents.upsertNewer(COLLECTION, [
          { id, version: epoch, expiresAtMs, body: { dataset: part.dataset, epoch } },
        ])
      }
      brought.set(id, epoch)
    },
  }
}
