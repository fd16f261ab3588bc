// Keys of windows: what aggregates keep of a person or a value, to count how many there are, is hashed under one. Each
// serves one dataset and day, and is destroyed when that day is closed: then nothing of it can be told from the hashes.

import { LRUCache } from 'lru-cache'
import { type MacKey, mac, macKey } from '../protection/mac.ts'
import type { EpochSealedKeys } from './epoch-sealed-keys.ts'

export const WINDOW_KEYS = 'window/'
const CACHED_KEYS = 1_000
/** Hex digits of 64 bits. */
const HASH_DIGITS = 16
const ID_DIGITS = 8
const DAY_MS = 86_400_000
/** How long a day stays open after its events may not come any more: clocks differ, and processors may lag. */
const GRACE_MS = DAY_MS
/** A day of the future, by a clock that is wrong, must not keep its key until it comes. */
const MAX_AHEAD_MS = 31 * DAY_MS

export interface WindowKey {
  /** Tells keys apart, and says nothing of them. */
  id: string
  /** 64 bits, unsigned. */
  hash(text: string): bigint
}

export interface WindowKeys {
  /**
   * The key of a dataset's day (`2026-11-21`, UTC), made if there is none. While events of that day come, it stays.
   * @param epoch of the day's recomputation: each is under another key
   * @param openMs how long after the day's end its windows are open
   */
  windowKey(dataset: string, day: string, epoch: number, openMs: number): Promise<WindowKey>
}

export function openWindowKeys(keys: EpochSealedKeys, now: () => number): WindowKeys {
  const known = new LRUCache<string, { key: WindowKey; endsAtMs: number }>({ max: CACHED_KEYS })
  return {
    windowKey: async (dataset, day, epoch, openMs) => {
      const name = `${WINDOW_KEYS}${dataset}/${day}/${epoch}`
      const cached = known.get(name)
      const leastMs = now() + openMs + GRACE_MS / 2
      if (cached && cached.endsAtMs >= leastMs) return cached.key
      const dayEndMs = Math.min(Date.parse(day) + DAY_MS, now() + MAX_AHEAD_MS)
      const end = Math.max(dayEndMs, now()) + openMs + GRACE_MS
      const made = await keys.make(name, end)
      // Late events, or those of a past that is imported: the day is not closed yet.
      const isOver = (made.endsAtMs ?? end) < leastMs
      if (isOver) await keys.setEnd(name, end)
      const key = windowKeyOf(macKey(made.secret))
      known.set(name, { key, endsAtMs: isOver ? end : (made.endsAtMs ?? end) })
      return key
    },
  }
}

function windowKeyOf(key: MacKey): WindowKey {
  return {
    id: mac(key, 'id', 'hex').slice(0, ID_DIGITS),
    hash: text => BigInt(`0x${mac(key, `h:${text}`, 'hex').slice(0, HASH_DIGITS)}`),
  }
}
