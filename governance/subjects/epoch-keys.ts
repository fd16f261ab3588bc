// Epoch keys: each seals the persons' keys of about a month. Once every living person's key is sealed under a newer
// one, the old epoch's key is destroyed, and with it whatever rests of the erased in backups and in a store's own files.

import { type SealingKey, sealingKey } from '../protection/seal.ts'
import { SENTINEL, type SystemKeys } from './system-keys.ts'

const PREFIX = 'epoch/'

export interface EpochKeys {
  /** The newest epoch. */
  epoch: number
  epochBeganAtMs: number
  /** Those whose key stands, oldest first. */
  epochs(): number[]
  /** @throws Error for an epoch whose key is destroyed, or was not loaded */
  epochKey(epoch: number): SealingKey
  /** Reads the epochs' keys again if one of these is not known. */
  loadEpochs(epochs: number[]): Promise<void>
  /** Begins the epoch that follows this one, unless somebody did. */
  beginEpoch(after: number): Promise<void>
  refreshEpochs(): Promise<void>
}

export async function openEpochKeys(keys: SystemKeys): Promise<EpochKeys> {
  let known = new Map<number, { key: SealingKey; createdAtMs: number }>()

  async function refreshEpochs(): Promise<void> {
    const found = await keys.list(PREFIX)
    known = new Map(
      found
        .map(({ name, secret, createdAtMs }) => ({ epoch: Number(name.slice(PREFIX.length)), secret, createdAtMs }))
        .sort((a, b) => a.epoch - b.epoch)
        .map(({ epoch, secret, createdAtMs }) => [epoch, { key: sealingKey(secret), createdAtMs }]),
    )
  }

  await refreshEpochs()
  if (known.size === 0) {
    // Made after the first epoch: a vault that has it had epochs, and a new one would open nobody.
    if (await keys.find(SENTINEL))
      throw new Error(
        'the vault was restored without its epoch keys: run `ecluse vault restore`, which brings them from where they were kept',
      )
    await keys.make(epochKeyName(1))
    await refreshEpochs()
  }
  const newest = () => Math.max(...known.keys())

  return {
    get epoch() {
      return newest()
    },
    get epochBeganAtMs() {
      return known.get(newest())!.createdAtMs
    },
    epochs: () => [...known.keys()],
    epochKey: epoch => {
      const found = known.get(epoch)
      if (!found) throw new Error(`the key of epoch ${epoch} is destroyed`)
      return found.key
    },
    loadEpochs: async epochs => {
      if (epochs.some(epoch => !known.has(epoch))) await refreshEpochs()
    },
    beginEpoch: async after => {
      await keys.make(epochKeyName(after + 1))
      await refreshEpochs()
    },
    refreshEpochs,
  }
}

/** Its name in the vault. */
export function epochKeyName(epoch: number): string {
  return PREFIX + epoch
}
