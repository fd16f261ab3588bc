// Look-up keys: a person is found by an HMAC of type and id. When the key is rotated, the new hash is tried first, then
// the old one; the old key stays, since hashes of the erased were made with it, and nobody can make those anew.
//
// Two processes must not make one person twice, under either hash. So a new key rests for a while, until every process
// knows it and looks for both; then new persons are made under it. Around that moment, when clocks may differ, none are.

import { type MacKey, mac, macKey } from '../protection/mac.ts'
import type { SystemKeys } from './system-keys.ts'

const PREFIX = 'lookup/'
/** How long a new key is known before it is used: many times what passes between two refreshes of a process. */
export const SETTLE_MS = 600_000
/** By how much clocks may differ, and a write be under way. */
const DRIFT_MS = 15_000

export interface LookupKeys {
  /** Hex HMAC-SHA-256 over the length-prefixed parts, under the key that new entries are made with. */
  lookupHash(...parts: string[]): string
  /** The same under every key that an entry may have been made with, newest first. */
  lookupHashes(...parts: string[]): string[]
  /** How many keys those are. */
  lookupKeys: number
  /** Number of the key that new entries are made with. */
  lookupKey: number
  /** Whether new persons may be made, and others moved, now. */
  mayCreate(): boolean
  /** Where an entry belongs that stands under an older key than new entries; undefined for any other, and while nobody is moved. @param hashes as `lookupHashes` gives them */
  movedHash(hashes: string[], lookup: string): string | undefined
  /** Makes a new key. @returns its number and from when on it is used, ms since the epoch */
  rotateLookup(): Promise<{ id: number; usedFromMs: number }>
  refreshLookups(): Promise<void>
}

interface LookupKey {
  id: number
  key: MacKey
  usedFromMs: number
}

export async function openLookupKeys(keys: SystemKeys, now: () => number): Promise<LookupKeys> {
  /** Newest first. */
  let known: LookupKey[] = []

  async function refreshLookups(): Promise<void> {
    const found = await keys.list(PREFIX)
    const ordered = found
      .map(each => ({ ...each, id: Number(each.name.slice(PREFIX.length)) }))
      .sort((a, b) => a.id - b.id)
    known = ordered
      .map(({ id, secret, createdAtMs }, i) => ({
        id,
        key: macKey(secret),
        usedFromMs: i === 0 ? 0 : createdAtMs + SETTLE_MS,
      }))
      .reverse()
  }

  await refreshLookups()
  if (known.length === 0) {
    await keys.make(`${PREFIX}1`)
    await refreshLookups()
  }
  const inUse = (atMs = now()) => known.find(({ usedFromMs }) => usedFromMs <= atMs)!
  const mayCreate = () => inUse(now() - DRIFT_MS) === inUse(now() + DRIFT_MS)
  const hash = ({ key }: LookupKey, parts: string[]) => mac(key, lengthPrefixed(parts), 'hex')

  return {
    lookupHash: (...parts) => hash(inUse(), parts),
    lookupHashes: (...parts) => known.map(each => hash(each, parts)),
    get lookupKeys() {
      return known.length
    },
    get lookupKey() {
      return inUse().id
    },
    mayCreate,
    movedHash: (hashes, lookup) => {
      const used = known.indexOf(inUse())
      return hashes.indexOf(lookup) > used && mayCreate() ? hashes[used] : undefined
    },
    rotateLookup: async () => {
      const { createdAtMs } = await keys.make(`${PREFIX}${known[0]!.id + 1}`)
      await refreshLookups()
      return { id: known[0]!.id, usedFromMs: createdAtMs + SETTLE_MS }
    },
    refreshLookups,
  }
}

/** Unambiguous: no two lists of parts give one text. */
function lengthPrefixed(parts: string[]): string {
  return parts.map(part => `${Buffer.byteLength(part)}:${part}`).join('')
}
