// Keys that seal originals of rejected events whose person is not known: one a dataset and UTC day, destroyed when the
// quarantine's retention ends.

import type { Vault } from '../../storage/vault/vault.ts'
import { type SealingKey, sealingKey } from '../protection/seal.ts'
import type { EpochSealedKeys } from './epoch-sealed-keys.ts'

export const QUARANTINE_KEYS = 'quarantine/'
const DAY_MS = 86_400_000

export interface QuarantineKeys {
  /** The key that seals a dataset's originals of unknown persons on one UTC day; destroyed after `retentionMs`. */
  quarantineKey(dataset: string, nowMs: number, retentionMs: number): Promise<{ name: string; key: SealingKey }>
  /** Brings the end of a dataset's quarantine keys to the end of their day + `retentionMs`. */
  setQuarantineRetention(dataset: string, retentionMs: number): Promise<void>
  /** A quarantine key by name; undefined once it is destroyed. */
  findQuarantineKey(name: string): Promise<SealingKey | undefined>
}

export function openQuarantineKeys(vault: Vault, keys: EpochSealedKeys): QuarantineKeys {
  const known = new Map<string, SealingKey>()
  return {
    quarantineKey: async (dataset, nowMs, retentionMs) => {
      const day = new Date(nowMs).toISOString().slice(0, 10)
      const name = `${QUARANTINE_KEYS}${dataset}/${day}`
      const found = known.get(name)
      if (found) return { name, key: found }
      const key = sealingKey((await keys.make(name, endOf(name, retentionMs))).secret)
      // Today's and yesterday's keys of each dataset are all that is written with.
      for (const old of known.keys()) if (old.startsWith(`${QUARANTINE_KEYS}${dataset}/`)) known.delete(old)
      known.set(name, key)
      return { name, key }
    },
    setQuarantineRetention: async (dataset, retentionMs) => {
      for (const { name, endsAtMs } of await vault.listKeys(`${QUARANTINE_KEYS}${dataset}/`)) {
        const end = endOf(name, retentionMs)
        if (end !== endsAtMs) await vault.setKeyEnd(name, end)
      }
    },
    findQuarantineKey: async name => {
      const found = await keys.find(name)
      return found && sealingKey(found.secret)
    },
  }
}

/** Retention runs from reception: the day's last original was received at its end. */
function endOf(name: string, retentionMs: number): number {
  return Date.parse(name.slice(name.lastIndexOf('/') + 1)) + DAY_MS + retentionMs
}
