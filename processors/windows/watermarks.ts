// How far event time has come in each partition of the log: the latest time of the events so far, though never ahead of
// their reception, so that one clock that is fast closes no window. Each archived event keeps how far the events before
// it had come: whoever counts it again, after a crash or for an erasure, comes to the same windows.

import type { Documents } from '../../storage/documents/documents.ts'
import type { PlacedEvent } from '../read-records.ts'
import type { BatchRange } from './add-to-windows.ts'
import { nameOf, type Part } from './places-of.ts'

const COLLECTION = 'watermarks'

export interface Watermarks {
  /** For each event of a batch, how far those before it had come, ms; null where there was none. */
  before(part: Part, batch: BatchRange, events: PlacedEvent[]): Promise<(number | null)[]>
  /** Keeps how far the batch came, once its events are archived. */
  keep(part: Part, batch: BatchRange): Promise<void>
  /** The offset after the last batch that anybody kept: everything before it is archived. 0 for none. */
  keptNext(part: Part): Promise<number>
}

interface Reached {
  /** The offset that comes next. */
  next: number
  ms: number | null
}

export function openWatermarks(documents: Pick<Documents, 'get' | 'upsertNewer'>): Watermarks {
  const reached = new Map<string, Reached>()

  async function kept(part: Part): Promise<Reached> {
    const body = (await documents.get(COLLECTION, nameOf(part)))?.body as unknown as Reached | undefined
    return body ?? { next: 0, ms: null }
  }

  return {
    before: async (part, { from, next }, events) => {
      const name = nameOf(part)
      const known = reached.get(name)
      reached.delete(name)
      let { ms } = known?.next === from ? known : await kept(part)
      const marks = events.map(({ record: { time, receivedAt } }) => {
        const before = ms
        ms = Math.max(ms ?? Number.NEGATIVE_INFINITY, Math.min(Date.parse(time), Date.parse(receivedAt)))
        return before
      })
      reached.set(name, { next, ms })
      return marks
    },
    keep: async (part, { next }) => {
      const ms = reached.get(nameOf(part))?.ms ?? null
      const body = { dataset: part.dataset, partition: part.partition, next, ms }
      await documents.upsertNewer(COLLECTION, [{ id: nameOf(part), version: next, expiresAtMs: null, body }])
    },
    keptNext: async part => (await kept(part)).next,
  }
}
