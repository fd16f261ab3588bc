// The keys that are not a person's own: each made once, sealed under the key-encryption key (KEK), kept in the vault.
// Opening the ring unseals them; nothing here ever writes a key in the clear.

import { randomBytes } from 'node:crypto'
import type { SealedKey, Vault } from '../../storage/vault/vault.ts'
import type { DomainKey } from '../protection/action.ts'
import { type MacKey, mac, macKey } from '../protection/mac.ts'
import { open, type SealingKey, seal, sealingKey } from '../protection/seal.ts'

const KEY_BYTES = 32
const DAY_MS = 86_400_000
/** Two keys of a domain live at once during a rotation, never more. */
const LIVE_DOMAIN_KEYS = 2

export interface KeyRing {
  /** Look-up hash of a person or an alias: hex HMAC-SHA-256 over the length-prefixed parts. */
  lookupHash(...parts: string[]): string
  epoch: number
  /** Wraps the persons' keys. @throws Error for an epoch whose key is destroyed */
  epochKey(epoch: number): SealingKey
  /** Content MACs of events that are about nobody. */
  content: MacKey
  /** Ids, taken from personal fields, of events that are about nobody. */
  eventId: MacKey
  /** A domain's live keys, newest first. @throws Error for a domain that was never loaded */
  domainKeys(domain: string): DomainKey[]
  /** Makes the domain's first key if it has none, and reads its keys. */
  loadDomain(domain: string): Promise<void>
  /**
   * Makes a new key for a domain. The old one stays live for the overlap: until then events carry both tokens.
   * @returns the new key's number
   */
  rotateDomain(domain: string, overlapMs: number): Promise<number>
  /** Reads the loaded domains' keys again, so that a rotation elsewhere is noticed within one lease. */
  refresh(): Promise<void>
  /** The key that seals a dataset's originals of unknown persons on one UTC day; destroyed after `retentionMs`. */
  quarantineKey(dataset: string, nowMs: number, retentionMs: number): Promise<{ name: string; key: SealingKey }>
  /** Brings the end of a dataset's quarantine keys to the end of their day + `retentionMs`. */
  setQuarantineRetention(dataset: string, retentionMs: number): Promise<void>
  /** A quarantine key by name; undefined once it is destroyed. */
  findQuarantineKey(name: string): Promise<SealingKey | undefined>
}

/**
 * Opens the ring, making the keys it needs at first start.
 * @param kek the key-encryption key, 32 bytes
 * @throws Error when the KEK does not open the vault's keys
 */
export async function openKeyRing(vault: Vault, kek: Buffer, now: () => number): Promise<KeyRing> {
  const wrapping = sealingKey(kek)
  const unseal = ({ name, sealed }: SealedKey): Buffer => {
    try {
      return open(wrapping, sealed, `key\0${name}`)
    } catch {
      throw new Error(
        `ECLUSE_KEK does not open this vault (key ${name}): it was made under another key-encryption key. ` +
          'Start with the KEK the vault was made with, or with an empty vault.',
      )
    }
  }
  const keyNamed = async (name: string, endsAtMs: number | null = null): Promise<Buffer> =>
    unseal(
      await vault.putKeyIfAbsent({
        name,
        sealed: seal(wrapping, randomBytes(KEY_BYTES), `key\0${name}`),
        createdAtMs: now(),
        endsAtMs,
      }),
    )

  const lookup = macKey(await keyNamed('lookup/1'))
  const content = macKey(await keyNamed('content/1'))
  const eventId = macKey(await keyNamed('event-id/1'))
  const epochs = new Map([[1, sealingKey(await keyNamed('epoch/1'))]])
  const domains = new Map<string, { id: number; key: MacKey; endsAtMs: number | null }[]>()
  const quarantine = new Map<string, SealingKey>()

  async function readDomain(domain: string): Promise<void> {
    const keys = await vault.listKeys(`domain/${domain}/`)
    domains.set(
      domain,
      keys
        .map(sealed => ({ id: domainKeyId(sealed), key: macKey(unseal(sealed)), endsAtMs: sealed.endsAtMs }))
        .sort((a, b) => b.id - a.id),
    )
  }

  return {
    lookupHash: (...parts) => mac(lookup, lengthPrefixed(parts), 'hex'),
    epoch: 1,
    epochKey: epoch => {
      const key = epochs.get(epoch)
      if (!key) throw new Error(`the key of epoch ${epoch} is destroyed`)
      return key
    },
    content,
    eventId,
    domainKeys: domain => {
      const keys = domains.get(domain)
      if (!keys) throw new Error(`the keys of domain ${domain} were not loaded`)
      return keys
        .filter(({ endsAtMs }) => endsAtMs === null || endsAtMs > now())
        .slice(0, LIVE_DOMAIN_KEYS)
        .map(({ id, key }) => ({ id, mac: text => mac(key, text, 'base64url') }))
    },
    loadDomain: async domain => {
      // After a rotation the first key is gone for good: it must not be made anew.
      if ((await vault.listKeys(`domain/${domain}/`)).length === 0) await keyNamed(`domain/${domain}/1`)
      await readDomain(domain)
    },
    rotateDomain: async (domain, overlapMs) => {
      const keys = await vault.listKeys(`domain/${domain}/`)
      const newest = Math.max(0, ...keys.map(domainKeyId))
      await keyNamed(`domain/${domain}/${newest + 1}`)
      for (const key of keys) {
        const endsAtMs = domainKeyId(key) === newest ? now() + overlapMs : now()
        if (key.endsAtMs === null || key.endsAtMs > endsAtMs) await vault.setKeyEnd(key.name, endsAtMs)
      }
      await readDomain(domain)
      return newest + 1
    },
    refresh: async () => {
      for (const domain of domains.keys()) await readDomain(domain)
    },
    quarantineKey: async (dataset, nowMs, retentionMs) => {
      const day = new Date(nowMs).toISOString().slice(0, 10)
      const name = `quarantine/${dataset}/${day}`
      const known = quarantine.get(name)
      if (known) return { name, key: known }
      const key = sealingKey(await keyNamed(name, quarantineKeyEnd(name, retentionMs)))
      // Today's and yesterday's keys of each dataset are all that is written with.
      for (const old of quarantine.keys()) if (old.startsWith(`quarantine/${dataset}/`)) quarantine.delete(old)
      quarantine.set(name, key)
      return { name, key }
    },
    setQuarantineRetention: async (dataset, retentionMs) => {
      for (const { name, endsAtMs } of await vault.listKeys(`quarantine/${dataset}/`)) {
        const end = quarantineKeyEnd(name, retentionMs)
        if (end !== endsAtMs) await vault.setKeyEnd(name, end)
      }
    },
    findQuarantineKey: async name => {
      const found = (await vault.listKeys(name)).find(key => key.name === name)
      return found && sealingKey(unseal(found))
    },
  }
}

function domainKeyId(key: SealedKey): number {
  return Number(key.name.slice(key.name.lastIndexOf('/') + 1))
}

/** Retention runs from reception: the day's last original was received at its end. */
function quarantineKeyEnd(name: string, retentionMs: number): number {
  return Date.parse(name.slice(name.lastIndexOf('/') + 1)) + DAY_MS + retentionMs
}

/** Unambiguous: no two lists of parts give one text. */
function lengthPrefixed(parts: string[]): string {
  return parts.map(part => `${Buffer.byteLength(part)}:${part}`).join('')
}
