// How far event time has come in each partition of the log: the latest time of the events so far, though never ahead of
// their reception, so that one clock that is fast closes no window. Each archived event keeps how far the events before
// it had come: whoever counts it again, after a crash or for an erasure, comes to the same windows.

import type { Documents } from '../../storage/documents/documents.ts'
import type { PlacedEvent } from '../read-records.ts'
import type { BatchRange } from './add-to-windows.ts'
import { nameOf, type Part } from './places-of.ts'

const COLLECTION = 'watermarks'

/** Ms; null where there was no event. */
export type Watermark = number | null

export interface Watermarks {
  /** For each event of a batch, how far those before it had come; and how far the batch comes. */
  over(part: Part, batch: BatchRange, events: PlacedEvent[]): Promise<{ marks: Watermark[]; reached: Watermark }>
  /** Keeps how far the batch came, once its events are archived. */
  keep(part: Part, batch: BatchRange, reached: Watermark): Promise<void>
  /** The offset after the last batch that anybody kept: everything before it is archived. 0 for none. */
  keptNext(part: Part): Promise<number>
}

interface Kept {
  /** The offset that comes next. */
  next: number
  ms: Watermark
}

export function openWatermarks(documents: Pick<Documents, 'get' | 'upsertNewer'>): Watermarks {
  const known = new Map<string, Kept>()

  async function kept(part: Part): Promise<Kept> {
    const body = (await documents.get(COLLECTION, nameOf(part)))?.body as unknown as Kept | undefined
    return body ?? { next: 0, ms: null }
  }

  return {
    over: async (part, { from }, events) => {
      const last = known.get(nameOf(part))
      let { ms } = last?.next === from ? last : await kept(part)
      const marks = events.map(({ record: { time, receivedAt } }) => {
        const before = ms
        ms = Math.max(ms ?? Number.NEGATIVE_INFINITY, Math.min(Date.parse(time), Date.parse(receivedAt)))
        return before
      })
      return { marks, reached: ms }
    },
    keep: async (part, { next }, ms) => {
      const name = nameOf(part)
      const body = { dataset: part.dataset, partition: part.partition, next, ms }
      await documents.upsertNewer(COLLECTION, [{ id: name, version: next, expiresAtMs: null, body }])
      known.set(name, { next, ms })
    },
    keptNext: async part => (await kept(part)).next,
  }
}
