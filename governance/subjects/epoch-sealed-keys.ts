// Keys that live shorter than the vault: beside the KEK, the epoch seals them, so that copies of them in backups die
// with the epoch like the persons' keys.

import { randomBytes } from 'node:crypto'
import { open, seal } from '../protection/seal.ts'
import type { EpochKeys } from './epoch-keys.ts'
import type { SystemKey, SystemKeys } from './system-keys.ts'

const KEY_BYTES = 32
const EPOCH_BYTES = 4

/** A key, opened. */
export interface EpochSealedKey {
  secret: Buffer
  endsAtMs: number | null
}

export interface EpochSealedKeys {
  /** The key of this name, made if it is not there, with this end. */
  make(name: string, endsAtMs: number | null): Promise<EpochSealedKey>
  /** Undefined once it is destroyed. */
  find(name: string): Promise<EpochSealedKey | undefined>
  setEnd(name: string, endsAtMs: number | null): Promise<void>
  /** Seals all keys of these prefixes under the newest epoch. */
  rewrap(prefixes: string[]): Promise<void>
}

export function openEpochSealedKeys(keys: SystemKeys, epochs: EpochKeys): EpochSealedKeys {
  const sealed = (name: string, secret: Buffer): Buffer => {
    const number = Buffer.alloc(EPOCH_BYTES)
    number.writeUInt32BE(epochs.epoch)
    return Buffer.concat([number, seal(epochs.epochKey(epochs.epoch), secret, placeOf(name))])
  }
  const opened = async ({ name, secret, endsAtMs }: SystemKey): Promise<EpochSealedKey> => {
    const epoch = epochOf(secret)
    await epochs.loadEpochs([epoch])
    return { secret: open(epochs.epochKey(epoch), secret.subarray(EPOCH_BYTES), placeOf(name)), endsAtMs }
  }
  const find = async (name: string) => {
    const found = await keys.find(name)
    return found && opened(found)
  }

  return {
    make: async (name, endsAtMs) =>
      (await find(name)) ?? opened(await keys.put(name, sealed(name, randomBytes(KEY_BYTES)), endsAtMs)),
    find,
    setEnd: keys.setEnd,
    rewrap: async prefixes => {
      const all = (await Promise.all(prefixes.map(keys.list))).flat()
      const old = all.filter(({ secret }) => epochOf(secret) < epochs.epoch)
      const anew = old.map(async key => ({ name: key.name, secret: sealed(key.name, (await opened(key)).secret) }))
      await keys.replace(await Promise.all(anew))
    },
  }
}

const epochOf = (secret: Buffer) => secret.readUInt32BE()
const placeOf = (name: string) => `epoch-sealed\0${name}`
