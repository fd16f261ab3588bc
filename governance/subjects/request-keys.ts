// A key for each request of a person, and for each package that an export made: what is sealed under it is gone with it.
// Beside the KEK, the epoch seals it, so that copies of it in backups die with the epoch like the persons' keys.

import { randomBytes } from 'node:crypto'
import { open, type SealingKey, seal, sealingKey } from '../protection/seal.ts'
import type { EpochKeys } from './epoch-keys.ts'
import type { SystemKey, SystemKeys } from './system-keys.ts'

const REQUEST = 'request/'
const PACKAGE = 'package/'
const KEY_BYTES = 32
const EPOCH_BYTES = 4

export interface RequestKeys {
  /** The key of a request, made if it is not there, with this end. It is destroyed by `vault.deleteKey('request/<id>')`. */
  requestKey(id: string, endsAtMs: number | null): Promise<SealingKey>
  /** Takes away its end. */
  keepRequestKey(id: string): Promise<void>
  /** The key of a request; undefined once it is destroyed. */
  findRequestKey(id: string): Promise<SealingKey | undefined>
  /** Likewise of an export's package: `package/<id of the request>`. */
  packageKey(id: string): Promise<SealingKey>
  findPackageKey(id: string): Promise<SealingKey | undefined>
  /** Seals all of them under the newest epoch. */
  rewrapRequests(): Promise<void>
}

export function openRequestKeys(keys: SystemKeys, epochs: EpochKeys): RequestKeys {
  const sealed = (name: string, secret: Buffer): Buffer => {
    const number = Buffer.alloc(EPOCH_BYTES)
    number.writeUInt32BE(epochs.epoch)
    return Buffer.concat([number, seal(epochs.epochKey(epochs.epoch), secret, placeOf(name))])
  }
  const opened = async ({ name, secret }: SystemKey): Promise<Buffer> => {
    const epoch = epochOf(secret)
    await epochs.loadEpochs([epoch])
    return open(epochs.epochKey(epoch), secret.subarray(EPOCH_BYTES), placeOf(name))
  }
  const find = async (name: string) => {
    const found = await keys.find(name)
    return found && sealingKey(await opened(found))
  }

  const make = async (name: string, endsAtMs: number | null) =>
    (await find(name)) ?? sealingKey(await opened(await keys.put(name, sealed(name, randomBytes(KEY_BYTES)), endsAtMs)))

  return {
    requestKey: (id, endsAtMs) => make(REQUEST + id, endsAtMs),
    keepRequestKey: id => keys.setEnd(REQUEST + id, null),
    findRequestKey: id => find(REQUEST + id),
    packageKey: id => make(PACKAGE + id, null),
    findPackageKey: id => find(PACKAGE + id),
    rewrapRequests: async () => {
      const all = [...(await keys.list(REQUEST)), ...(await keys.list(PACKAGE))]
      const old = all.filter(({ secret }) => epochOf(secret) < epochs.epoch)
      const anew = old.map(async key => ({ name: key.name, secret: sealed(key.name, await opened(key)) }))
      await keys.replace(await Promise.all(anew))
    },
  }
}

const epochOf = (secret: Buffer) => secret.readUInt32BE()
const placeOf = (name: string) => `request-key\0${name}`
