// Keys of named domains: tokens made with one join across people and datasets. At a rotation two keys live at once, and
// events carry both tokens.

import type { Vault } from '../../storage/vault/vault.ts'
import type { DomainKey } from '../protection/action.ts'
import { type MacKey, mac, macKey } from '../protection/mac.ts'
import type { SystemKey, SystemKeys } from './system-keys.ts'

/** Two keys of a domain live at once during a rotation, never more. */
const LIVE_DOMAIN_KEYS = 2

export interface DomainKeys {
  /** A domain's live keys, newest first. @throws Error for a domain that was never loaded */
  domainKeys(domain: string): DomainKey[]
  /** Makes the domain's first key if it has none, and reads its keys. */
  loadDomain(domain: string): Promise<void>
  /**
   * Makes a new key for a domain. The old one stays live for the overlap: until then events carry both tokens.
   * @returns the new key's number
   */
  rotateDomain(domain: string, overlapMs: number): Promise<number>
  refreshDomains(): Promise<void>
}

export function openDomainKeys(vault: Vault, keys: SystemKeys, now: () => number): DomainKeys {
  const domains = new Map<string, { id: number; key: MacKey; endsAtMs: number | null }[]>()

  async function readDomain(domain: string): Promise<void> {
    const found = await keys.list(`domain/${domain}/`)
    domains.set(
      domain,
      found
        .map(key => ({ id: idOf(key), key: macKey(key.secret), endsAtMs: key.endsAtMs }))
        .sort((a, b) => b.id - a.id),
    )
  }

  return {
    domainKeys: domain => {
      const found = domains.get(domain)
      if (!found) throw new Error(`the keys of domain ${domain} were not loaded`)
      return found
        .filter(({ endsAtMs }) => endsAtMs === null || endsAtMs > now())
        .slice(0, LIVE_DOMAIN_KEYS)
        .map(({ id, key }) => ({ id, mac: text => mac(key, text, 'base64url') }))
    },
    loadDomain: async domain => {
      // After a rotation the first key is gone for good: it must not be made anew.
      if ((await keys.list(`domain/${domain}/`)).length === 0) await keys.make(`domain/${domain}/1`)
      await readDomain(domain)
    },
    rotateDomain: async (domain, overlapMs) => {
      const found = await keys.list(`domain/${domain}/`)
      const newest = Math.max(0, ...found.map(idOf))
      await keys.make(`domain/${domain}/${newest + 1}`)
      for (const key of found) {
        const endsAtMs = idOf(key) === newest ? now() + overlapMs : now()
        if (key.endsAtMs === null || key.endsAtMs > endsAtMs) await vault.setKeyEnd(key.name, endsAtMs)
      }
      await readDomain(domain)
      return newest + 1
    },
    refreshDomains: async () => {
      for (const domain of domains.keys()) await readDomain(domain)
    },
  }
}

function idOf({ name }: SystemKey): number {
  return Number(name.slice(name.lastIndexOf('/') + 1))
}
