// Write versions: what is written later in a log's life is newer, whoever writes it. A topic's incarnations are numbered
// in the order in which they were first seen, in the vault, so that all processors agree.

import type { Position } from '../storage/event-log/event-log.ts'
import type { Vault } from '../storage/vault/vault.ts'

/**
 * Together 63 bits: 256 incarnations of a topic, 512 recomputations of each, 2³⁸ records in a partition, 255 changes of
 * what one of them caused.
 */
const EPOCH_BITS = 9n
const OFFSET_BITS = 38n
const CHANGE_BITS = 8n
const MAX_INCARNATIONS = 256
export const MAX_EPOCHS = 512
const MAX_CHANGES = 256
/** Newer than anything a record can cause. */
export const LAST_WRITE_VERSION = 2n ** 63n - 1n

export interface Incarnations {
  /**
   * The write version of what a record causes: (incarnation, epoch, offset, changes), packed so that it grows.
   * @param epoch how often what was written has been written anew
   * @param changes how often what this record caused was changed since
   * @throws RangeError when there are more of one of them than fit
   */
  writeVersion(topic: string, position: Position, epoch: number, changes: number): Promise<bigint>
}

export function openIncarnations(vault: Pick<Vault, 'settingOr'>): Incarnations {
  const ordinals = new Map<string, Promise<number>>()

  async function findOrdinal(topic: string, incarnation: string): Promise<number> {
    for (let ordinal = 0; ordinal < MAX_INCARNATIONS; ordinal++)
      if ((await vault.settingOr(`incarnation/${topic}/${ordinal}`, incarnation)) === incarnation) return ordinal
    throw new RangeError(`topic ${topic} was made anew more than ${MAX_INCARNATIONS} times`)
  }

  function ordinalOf(topic: string, incarnation: string): Promise<number> {
    const key = `${topic} ${incarnation}`
    const known = ordinals.get(key) ?? findOrdinal(topic, incarnation)
    ordinals.set(key, known)
    known.catch(() => ordinals.delete(key))
    return known
  }

  return {
    writeVersion: async (topic, { incarnation, offset }, epoch, changes) => {
      if (epoch >= MAX_EPOCHS || offset >= 2 ** Number(OFFSET_BITS) - 1 || changes >= MAX_CHANGES)
        throw new RangeError('no write version is left')
      const ordinal = BigInt(await ordinalOf(topic, incarnation))
      const recomputed = (ordinal << EPOCH_BITS) | BigInt(epoch)
      return (((recomputed << OFFSET_BITS) | BigInt(offset)) << CHANGE_BITS) | BigInt(changes)
    },
  }
}
