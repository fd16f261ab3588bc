// The embedded log's consumer: one batch at a time, shard after shard, each position saved after its batch was
// handled. A batch that cannot be handled holds up its shard alone, and comes again.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ConsumeOptions, type Consumer, EventLogUnavailable, ReadFrom, type StoredRecord } from './event-log.ts'

/** Pause before a failed batch is tried again: doubled up to the longest. */
const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 5_000

/** One partition of one topic. */
export interface Shard {
  id: number
  topic: string
  incarnation: string
  partition: number
  nextOffset: number
}

export interface ShardSource {
  shards(): Shard[]
  position(shard: Shard): number
  read(shard: Shard, fromOffset: number, limit: number): StoredRecord[]
  commit(shard: Shard, nextOffset: number): void
  /** Functions called after each append. */
  wakers: Set<() => void>
}

/** Starts consuming; returns at once. */
export function consumeShards(options: ConsumeOptions, source: ShardSource): Consumer {
  const retries = new Map<number, { attempts: number; notBeforeMs: number }>()
  /** Where reading goes on, where that is not at the group's position. */
  const readAt = new Map<number, number>()
  const begun = new Set<number>()
  let stopped = false
  let wake = () => {}
  const wakeUp = () => wake()
  source.wakers.add(wakeUp)

  async function begin(shard: Shard): Promise<number> {
    if (!options.begin || begun.has(shard.id)) return source.position(shard)
    const offset = Math.min(await options.begin(shard), source.position(shard))
    begun.add(shard.id)
    readAt.set(shard.id, offset)
    return offset
  }

  /** Handles one batch of a shard; whether there was one. */
  async function step(shard: Shard): Promise<boolean> {
    const retry = retries.get(shard.id)
    if (retry && performance.now() < retry.notBeforeMs) return false
    try {
      const records = source.read(shard, readAt.get(shard.id) ?? (await begin(shard)), options.batchSize)
      if (records.length === 0) return false
      const { topic, partition, incarnation } = shard
      await options.handle({ topic, partition, incarnation, records })
      const next = records.at(-1)!.offset + 1
      if (options.commits === 'by hand') readAt.set(shard.id, next)
      else {
        source.commit(shard, next)
        readAt.delete(shard.id)
      }
      retries.delete(shard.id)
      return true
    } catch (error) {
      if (error instanceof ReadFrom) {
        readAt.set(shard.id, error.offset)
        return true
      }
      const attempts = (retry?.attempts ?? 0) + 1
      const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LONGEST_RETRY_MS)
      retries.set(shard.id, { attempts, notBeforeMs: performance.now() + pauseMs })
      options.onError(
        error instanceof Error ? error : new EventLogUnavailable('a batch was not handled', { cause: error }),
        { topic: shard.topic, partition: shard.partition },
      )
      return false
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const woken = new Promise<void>(resolve => {
        wake = resolve
      })
      let busy = false
      for (const shard of source.shards()) {
        if (stopped) break
        if (await step(shard)) busy = true
        await nextTurn()
      }
      if (!busy && !stopped) await idle(woken)
    }
  }

  /** Until an append, a retry that is due, or `stop`. */
  async function idle(woken: Promise<void>): Promise<void> {
    const due = Math.min(...[...retries.values()].map(retry => retry.notBeforeMs))
    if (due === Number.POSITIVE_INFINITY) return woken
    const timer = setTimeout(wakeUp, Math.max(1, due - performance.now()))
    await woken
    clearTimeout(timer)
  }

  const running = run()
  return {
    stop: async () => {
      stopped = true
      wakeUp()
      await running
      source.wakers.delete(wakeUp)
    },
    commit: async ends => {
      const shards = source.shards()
      for (const { topic, incarnation, partition, offset } of ends) {
        const shard = shards.find(
          each => each.topic === topic && each.partition === partition && each.incarnation === incarnation,
        )
        if (shard) source.commit(shard, offset)
      }
      return true
    },
  }
}
