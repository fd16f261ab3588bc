// Keys that are nobody's own, as they rest in the vault: each made once, sealed under the key-encryption key (KEK).
// While the KEK is changed there are two of them, and each key is sealed under one or the other.

import { randomBytes } from 'node:crypto'
import type { SealedKey, Vault } from '../../storage/vault/vault.ts'
import { open, type SealingKey, seal, sealingKey } from '../protection/seal.ts'

const KEY_BYTES = 32
/** Made with the vault, never rotated: under which KEK it is sealed is the one in use. */
export const SENTINEL = 'content/1'

export interface SystemKey {
  name: string
  secret: Buffer
  createdAtMs: number
  endsAtMs: number | null
}

export interface SystemKeys {
  /** The key of this name, made if it is not there. */
  make(name: string, endsAtMs?: number | null): Promise<SystemKey>
  /** Puts a key whose secret is given, unless its name is taken. @returns what stands there */
  put(name: string, secret: Buffer, endsAtMs?: number | null): Promise<SystemKey>
  /** Null takes its end away. */
  setEnd(name: string, endsAtMs: number | null): Promise<void>
  find(name: string): Promise<SystemKey | undefined>
  /** By prefix, sorted by name. */
  list(prefix: string): Promise<SystemKey[]>
  /** Changes the secrets of keys that are there. */
  replace(keys: { name: string; secret: Buffer }[]): Promise<void>
}

export interface Keks {
  kek: Buffer
  /** The KEK that takes its place; set while it is changed. */
  nextKek?: Buffer | undefined
}

/** Every method throws Error when neither KEK opens a key. */
export function openSystemKeys(vault: Vault, { kek, nextKek }: Keks, now: () => number): SystemKeys {
  const keks = [kek, ...(nextKek ? [nextKek] : [])].map(sealingKey)

  const unsealed = ({ sealed, ...key }: SealedKey): SystemKey => {
    const { secret } = unsealWith(keks, { sealed, ...key })
    return { ...key, secret }
  }
  const list = async (prefix: string) => (await vault.listKeys(prefix)).map(unsealed)
  const find = async (name: string) => (await list(name)).find(key => key.name === name)

  /** Asked for each time: another process may have changed it. */
  async function kekInUse(): Promise<SealingKey> {
    const sentinel = (await vault.listKeys(SENTINEL)).find(({ name }) => name === SENTINEL)
    return sentinel ? unsealWith(keks, sentinel).kek : keks[0]!
  }

  async function put(name: string, secret: Buffer, endsAtMs: number | null = null): Promise<SystemKey> {
    const sealed = seal(await kekInUse(), secret, placeOf(name))
    return unsealed(await vault.putKeyIfAbsent({ name, sealed, createdAtMs: now(), endsAtMs }))
  }

  return {
    make: async (name, endsAtMs) => (await find(name)) ?? put(name, randomBytes(KEY_BYTES), endsAtMs),
    put,
    setEnd: (name, endsAtMs) => vault.setKeyEnd(name, endsAtMs),
    find,
    list,
    replace: async keys => {
      if (keys.length === 0) return
      const inUse = await kekInUse()
      await vault.replaceKeys(keys.map(({ name, secret }) => ({ name, sealed: seal(inUse, secret, placeOf(name)) })))
    },
  }
}

function unsealWith(keks: SealingKey[], { name, sealed }: SealedKey): { secret: Buffer; kek: SealingKey } {
  for (const kek of keks) {
    try {
      return { secret: open(kek, sealed, placeOf(name)), kek }
    } catch {
      // the other one, then
    }
  }
  throw new Error(
    `ECLUSE_KEK does not open this vault (key ${name}): it was made under another key-encryption key. ` +
      'Start with the KEK the vault was made with, with the new one if it was rotated, or with an empty vault.',
  )
}

const placeOf = (name: string) => `key\0${name}`

/** Keys put by others in the meantime are met in a further round. */
const MAX_ROUNDS = 10

/**
 * Seals every key of the vault under another KEK. Again is harmless, also after it died half-way.
 * @returns how many keys were sealed anew
 * @throws Error, before anything is changed, for a key that neither KEK opens
 */
export async function rotateKek(vault: Vault, kek: Buffer, nextKek: Buffer): Promise<number> {
  const [before, after] = [sealingKey(kek), sealingKey(nextKek)]
  let replaced = 0
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const opened = (await vault.listKeys('')).map(key => ({ ...unsealWith([after, before], key), name: key.name }))
    const left = opened.filter(key => key.kek === before)
    if (left.length === 0) return replaced
    await vault.replaceKeys(left.map(({ name, secret }) => ({ name, sealed: seal(after, secret, placeOf(name)) })))
    replaced += left.length
  }
  throw new Error('keys under the old KEK were put at every look: stop the processes that have no ECLUSE_KEK_NEXT')
}
