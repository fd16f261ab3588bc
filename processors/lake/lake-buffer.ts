// What was read of a dataset's topic and is not in the lake yet: ids and offsets alone, by partition, without a gap.

import { type LogEnd, ReadFrom, type RecordBatch } from '../../storage/event-log/event-log.ts'
import type { LakeManifest } from '../../storage/lake-manifest.ts'
import { positionIn, type ReadRange } from './take-in.ts'

interface Partition extends ReadRange {
  topic: string
  records: { offset: number; id: string; size: number }[]
  bytes: number
  /** When the first of its records came, ms. */
  sinceMs: number
  /** What was asked for anew: records before the ones that then come are no more. */
  askedFrom: number | undefined
  /** To where the group's position was brought. */
  committed: number
}

export interface LakeBuffer {
  /**
   * Adds a batch; what is in the lake, or was added before, is passed by.
   * @throws ReadFrom where records before it are missing
   */
  add(batch: RecordBatch): Promise<void>
  records(): number
  /** Of the records' values. */
  bytes(): number
  /** Since when the oldest has waited, ms; undefined if none waits. */
  sinceMs(): number | undefined
  /** What waits, as it is now. */
  ranges(): (ReadRange & { topic: string })[]
  /** Forgets what stands in the manifest. */
  settle(manifest: LakeManifest): void
  /** Where the group's position can be brought to, and was not. */
  uncommitted(): LogEnd[]
  committed(ends: LogEnd[]): void
  /** Forgets everything: it is read again. */
  clear(): void
}

/** @param position of a partition in the lake */
export function openLakeBuffer(
  position: (place: { incarnation: string; partition: number }) => Promise<number>,
  now: () => number,
): LakeBuffer {
  const partitions = new Map<string, Partition>()
  const all = () => [...partitions.values()]

  async function find({ topic, incarnation, partition }: RecordBatch): Promise<Partition> {
    const key = `${incarnation}/${partition}`
    const known = partitions.get(key)
    if (known) return known
    const from = await position({ incarnation, partition })
    const place = { topic, incarnation, partition, from, next: from }
    const begun: Partition = { ...place, records: [], bytes: 0, sinceMs: 0, askedFrom: undefined, committed: 0 }
    partitions.set(key, begun)
    return begun
  }

  return {
    add: async batch => {
      const into = await find(batch)
      const first = batch.records[0]!.offset
      if (first > into.next && into.askedFrom !== into.next) {
        // Another member may have taken in what lies between.
        skipTo(into, await position(into))
        if (first > into.next) {
          into.askedFrom = into.next
          throw new ReadFrom(into.next)
        }
      }
      const fresh = batch.records.filter(({ offset }) => offset >= into.next)
      if (into.from === into.next) into.sinceMs = now()
      for (const { offset, headers, value } of fresh) {
        // What cannot be read is in no archive, and passed by there.
        if (headers.ce_id === undefined) continue
        into.records.push({ offset, id: headers.ce_id, size: value.length })
        into.bytes += value.length
      }
      into.next = Math.max(into.next, batch.records.at(-1)!.offset + 1)
    },
    records: () => all().reduce((sum, { from, next }) => sum + next - from, 0),
    bytes: () => all().reduce((sum, { bytes }) => sum + bytes, 0),
    sinceMs: () => {
      const waiting = all().filter(({ from, next }) => next > from)
      return waiting.length === 0 ? undefined : Math.min(...waiting.map(({ sinceMs }) => sinceMs))
    },
    ranges: () =>
      all()
        .filter(({ from, next }) => next > from)
        .map(({ topic, incarnation, partition, from, next, records }) => ({
          topic,
          incarnation,
          partition,
          from,
          next,
          records: [...records],
        })),
    settle: manifest => {
      for (const partition of all()) skipTo(partition, positionIn(manifest, partition))
    },
    uncommitted: () =>
      all()
        .filter(({ from, committed }) => from > committed)
        .map(({ topic, incarnation, partition, from }) => ({ topic, incarnation, partition, offset: from })),
    committed: ends => {
      for (const { incarnation, partition, offset } of ends)
        partitions.get(`${incarnation}/${partition}`)!.committed = offset
    },
    clear: () => partitions.clear(),
  }
}

/** To where others have brought the lake, too. */
function skipTo(partition: Partition, position: number): void {
  if (position <= partition.from) return
  partition.from = position
  partition.next = Math.max(partition.next, position)
  partition.records = partition.records.filter(({ offset }) => offset >= position)
  partition.bytes = partition.records.reduce((sum, { size }) => sum + size, 0)
}
