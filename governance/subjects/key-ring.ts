// The keys that are not a person's own, unsealed: opening the ring makes those it needs at first start. Nothing here
// ever writes a key in the clear.

import type { Vault } from '../../storage/vault/vault.ts'
import { type MacKey, macKey } from '../protection/mac.ts'
import { type SealingKey, sealingKey } from '../protection/seal.ts'
import { type DomainKeys, openDomainKeys } from './domain-keys.ts'
import { type EpochKeys, openEpochKeys } from './epoch-keys.ts'
import { openEpochSealedKeys } from './epoch-sealed-keys.ts'
import { type LookupKeys, openLookupKeys } from './lookup-keys.ts'
import { openQuarantineKeys, QUARANTINE_KEYS, type QuarantineKeys } from './quarantine-keys.ts'
import { openRequestKeys, REQUEST_KEYS, type RequestKeys } from './request-keys.ts'
import { type Keks, openSystemKeys } from './system-keys.ts'
import { openWindowKeys, WINDOW_KEYS, type WindowKeys } from './window-keys.ts'

type Rings = LookupKeys & EpochKeys & DomainKeys & QuarantineKeys & RequestKeys & WindowKeys

export interface KeyRing extends Rings {
  /** Seals sessions of the pages. */
  session: SealingKey
  /** Content MACs of events that are about nobody. */
  content: MacKey
  /** Ids, taken from personal fields, of events that are about nobody. */
  eventId: MacKey
  /** Seed of the Ed25519 key that signs certificates, packages and heads: 32 bytes. */
  signingSeed: Buffer
  /** Seals all keys of requests, days of quarantine and windows under the newest epoch. */
  rewrapShortLived(): Promise<void>
  /** Reads again what may have been rotated elsewhere: within one lease, that is noticed. */
  refresh(): Promise<void>
  /** Refreshes unless that was done within this time. */
  refreshIfOlder(ms: number): Promise<void>
}

/**
 * Opens the ring, making the keys it needs at first start.
 * @param keks the key-encryption key, 32 bytes; both of them while it is changed
 * @throws Error when the KEK does not open the vault's keys
 */
export async function openKeyRing(vault: Vault, keks: Buffer | Keks, now: () => number): Promise<KeyRing> {
  const keys = openSystemKeys(vault, Buffer.isBuffer(keks) ? { kek: keks } : keks, now)
  const lookups = await openLookupKeys(keys, now)
  const epochs = await openEpochKeys(keys)
  const session = sealingKey((await keys.make('session/1')).secret)
  const content = macKey((await keys.make('content/1')).secret)
  const eventId = macKey((await keys.make('event-id/1')).secret)
  const signingSeed = (await keys.make('signing/1')).secret
  const shortLived = openEpochSealedKeys(keys, epochs)
  const domains = openDomainKeys(vault, keys, now)
  let refreshedAtMs = performance.now()

  async function refresh(): Promise<void> {
    const startedAtMs = performance.now()
    await Promise.all([lookups.refreshLookups(), epochs.refreshEpochs(), domains.refreshDomains()])
    refreshedAtMs = startedAtMs
  }

  const ring = {
    ...domains,
    ...openQuarantineKeys(vault, shortLived),
    ...openRequestKeys(shortLived),
    ...openWindowKeys(shortLived, now),
    rewrapShortLived: () => shortLived.rewrap([...REQUEST_KEYS, QUARANTINE_KEYS, WINDOW_KEYS]),
    content,
    eventId,
    signingSeed,
    session,
    refresh,
    refreshIfOlder: async (ms: number) => {
      if (performance.now() - refreshedAtMs > ms) await refresh()
    },
  }
  // What changes by itself is read through: a spread would keep the value of now.
  return Object.defineProperties(ring, {
    ...Object.getOwnPropertyDescriptors(lookups),
    ...Object.getOwnPropertyDescriptors(epochs),
  }) as KeyRing
}
