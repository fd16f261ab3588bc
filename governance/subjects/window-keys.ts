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
/** How long a day stays open after its events may not come any more: clocks differ, and processors may lag. */
const GRACE_MS = 86_400_000
const DAY_MS = 86_400_000

export interface WindowKey {
  /** Tells keys apart, and says nothing of them. */
  id: string
  /** 64 bits, unsigned. */
  hash(text: string): bigint
}

export interface WindowKeys {
  /**
   * The key of a dataset's day (`2026-11-21`, UTC), made if there is none.
   * @param epoch how often the day was computed anew: each time under another key
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
      if (cached && cached.endsAtMs > now()) return cached.key
      const end = Math.max(Date.parse(day) + DAY_MS, now()) + openMs + GRACE_MS
      const made = await keys.make(name, end)
      const key = windowKeyOf(macKey(made.secret))
      known.set(name, { key, endsAtMs: made.endsAtMs ?? end })
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
