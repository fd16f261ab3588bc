// Write versions: what is written later in a log's life is newer, whoever writes it. A topic's incarnations are numbered
// in the order in which they were first seen, in the vault, so that all processors agree.

import type { Position } from '../storage/event-log/event-log.ts'
import type { Vault } from '../storage/vault/vault.ts'

/** Together 63 bits: 2,048 incarnations of a topic, 2,048 recomputations of each, 2⁴¹ records in a partition. */
const EPOCH_BITS = 11n
const OFFSET_BITS = 41n
const MAX_INCARNATIONS = 2_048
export const MAX_EPOCHS = 2_048

export interface Incarnations {
  /**
   * The write version of what a record causes: (incarnation, epoch, offset), packed so that it grows.
   * @param epoch how often what was written has been written anew
   * @throws RangeError when there are more of one of them than fit
   */
  writeVersion(topic: string, position: Position, epoch: number): Promise<bigint>
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
    writeVersion: async (topic, { incarnation, offset }, epoch) => {
      if (epoch >= MAX_EPOCHS || offset >= 2 ** Number(OFFSET_BITS)) throw new RangeError('no write version is left')
      const ordinal = BigInt(await ordinalOf(topic, incarnation))
      return (((ordinal << EPOCH_BITS) | BigInt(epoch)) << OFFSET_BITS) | BigInt(offset)
    },
  }
}
