// How many events one caller may send a second: a token bucket each. A request is let in while the bucket is not
// empty and takes what it turns out to hold, so that a large batch delays the next request, never itself.

import { LRUCache } from 'lru-cache'
import { RequestRefused } from './body/request-refused.ts'

const REMEMBERED_KEYS = 10_000

export interface EventRate {
  /** @throws RequestRefused 429 when the key has sent too many events just now */
  admit(callerId: string): void
  /** Counts events that arrived. */
  take(callerId: string, events: number): void
}

/** @param now ms on the monotonic clock */
export function makeEventRate(eventsPerSecond: number, now: () => number = () => performance.now()): EventRate {
  const buckets = new LRUCache<string, { tokens: number; atMs: number }>({ max: REMEMBERED_KEYS })
  const bucketOf = (id: string) => {
    const atMs = now()
    const bucket = buckets.get(id) ?? { tokens: eventsPerSecond, atMs }
    bucket.tokens = Math.min(eventsPerSecond, bucket.tokens + ((atMs - bucket.atMs) / 1_000) * eventsPerSecond)
    bucket.atMs = atMs
    buckets.set(id, bucket)
    return bucket
  }
  return {
    admit: id => {
      const { tokens } = bucketOf(id)
      if (tokens > 0) return
      throw new RequestRefused({
        status: 429,
        slug: 'too-many-requests',
        detail: `This caller sends more than ${eventsPerSecond} events a second.`,
        fix: 'Wait for the time in Retry-After.',
        retryAfterSeconds: Math.ceil((1 - tokens) / eventsPerSecond),
      })
    },
    take: (id, events) => {
      bucketOf(id).tokens -= events
    },
  }
}
