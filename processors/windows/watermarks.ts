// How far event time has come in each partition of the log: the latest time of the events so far, though never ahead of
// their reception, so that one clock that is fast closes no window. Each archived event keeps how far the events before
// it had come: whoever counts it again, after a crash or for an erasure, comes to the same windows.

import { partOf } from '../../storage/aggregate-rows.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { PlacedEvent } from '../read-records.ts'
import type { BatchRange } from './add-to-windows.ts'
import type { Part } from './aggregate-store.ts'

const COLLECTION = 'watermarks'

export interface Watermarks {
  /** For each event of a batch, how far those before it had come, ms; null where there was none. */
  before(part: Part, batch: BatchRange, events: PlacedEvent[]): Promise<(number | null)[]>
  /** Keeps how far the batch came, once its events are archived. */
  keep(part: Part, batch: BatchRange): Promise<void>
}

interface Reached {
  /** The offset that comes next. */
  next: number
  ms: number | null
}

export function openWatermarks(documents: Pick<Documents, 'get' | 'upsertNewer'>): Watermarks {
  const reached = new Map<string, Reached>()
  const idOf = (part: Part) => `${part.dataset}/${partOf(part)}`

  async function load(part: Part, from: number): Promise<number | null> {
    const known = reached.get(idOf(part))
    if (known?.next === from) return known.ms
    return ((await documents.get(COLLECTION, idOf(part)))?.body.ms as number | null | undefined) ?? null
  }

  return {
    before: async (part, { from, next }, events) => {
      let ms = await load(part, from)
      reached.delete(idOf(part))
      const marks = events.map(({ record: { time, receivedAt } }) => {
        const before = ms
        ms = Math.max(ms ?? Number.NEGATIVE_INFINITY, Math.min(Date.parse(time), Date.parse(receivedAt)))
        return before
      })
      reached.set(idOf(part), { next, ms })
      return marks
    },
    keep: async (part, { next }) => {
      const ms = reached.get(idOf(part))?.ms ?? null
      if (ms === null) return
      const body = { dataset: part.dataset, partition: part.partition, next, ms }
      await documents.upsertNewer(COLLECTION, [{ id: idOf(part), version: next, expiresAtMs: null, body }])
    },
  }
}
