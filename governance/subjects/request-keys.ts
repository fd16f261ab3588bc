// A key for each request of a person, and for each package that an export made: what is sealed under it is gone with it.

import { type SealingKey, sealingKey } from '../protection/seal.ts'
import type { EpochSealedKeys } from './epoch-sealed-keys.ts'

export const REQUEST_KEYS = ['request/', 'package/']
const [REQUEST, PACKAGE] = REQUEST_KEYS as [string, string]

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
}

export function openRequestKeys(keys: EpochSealedKeys): RequestKeys {
  const find = async (name: string) => {
    const found = await keys.find(name)
    return found && sealingKey(found.secret)
  }
  const make = async (name: string, endsAtMs: number | null) => sealingKey((await keys.make(name, endsAtMs)).secret)

  return {
    requestKey: (id, endsAtMs) => make(REQUEST + id, endsAtMs),
    keepRequestKey: id => keys.setEnd(REQUEST + id, null),
    findRequestKey: id => find(REQUEST + id),
    packageKey: id => make(PACKAGE + id, null),
    findPackageKey: id => find(PACKAGE + id),
  }
}
