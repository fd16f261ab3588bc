// Maintenance of what seals the persons' keys: a new epoch about once a month, every living person's key sealed under
// it, and the keys of the epochs before destroyed once nothing is left under them. After a rotation of the look-up key,
// entries are brought under the new one in the same pass. Idempotent, and safe with several processes at once.

import type { PersonEntry, Vault } from '../../storage/vault/vault.ts'
import { personKeys } from '../protection/person-keys.ts'
import { open } from '../protection/seal.ts'
import { epochKeyName } from './epoch-keys.ts'
import type { KeyRing } from './key-ring.ts'
import { SETTLE_MS } from './lookup-keys.ts'
import { moveEntry, openPersonKey, personIdPlace, sealPersonKey } from './meet-persons.ts'

/** Persons at a time. */
const PAGE = 500
/** Setting: up to which look-up key all entries were moved. */
const MOVED_SETTING = 'lookupMoved'

export interface RewrapOptions {
  /** How long an epoch lasts. */
  epochMs: number
  leaseMs: number
  now: () => number
}

export interface Rewrapped {
  /** Whether a new epoch was begun. */
  begun: boolean
  persons: number
  moved: number
  /** Entries that nobody can open. */
  unreadable: number
  /** Names of the keys destroyed. */
  destroyed: string[]
}

/** @throws VaultUnavailable; what was done until then stands, and is not done again */
export async function rewrapPersons(
  vault: Vault,
  ring: KeyRing,
  { epochMs, leaseMs, now }: RewrapOptions,
): Promise<Rewrapped> {
  await ring.refresh()
  const begun = now() - ring.epochBeganAtMs >= epochMs
  if (begun) await ring.beginEpoch(ring.epoch)
  const moves = ring.mayCreate() && ring.lookupKey !== Number(await vault.settingOr(MOVED_SETTING, '1'))
  const done: Rewrapped = { begun, persons: 0, moved: 0, unreadable: 0, destroyed: [] }
  const { epoch, lookupKey } = ring
  // Before the pass: under it, nobody is made with an older one after this long.
  const settled = now() - ring.epochBeganAtMs >= Math.max(SETTLE_MS, 3 * leaseMs)
  const left = new Set<number>()
  for await (const page of pages(vault, moves ? {} : { epochBelow: epoch })) {
    await Promise.all(page.map(entry => bringUpToDate(vault, ring, entry, { moves, done, left })))
  }
  if (moves && left.size === 0) await vault.putSetting(MOVED_SETTING, String(lookupKey))
  await ring.rewrapShortLived()
  if (!settled) return done
  // What another process was sealing anew while we looked counts as left: the next turn finds nothing.
  for (const old of ring.epochs().filter(each => each < epoch && !left.has(each))) {
    if (await vault.deleteKey(epochKeyName(old))) done.destroyed.push(epochKeyName(old))
  }
  if (done.destroyed.length > 0) await ring.refresh()
  return done
}

async function* pages(vault: Vault, which: { epochBelow?: number }): AsyncGenerator<PersonEntry[]> {
  for (let after: string | undefined; ; ) {
    const page = await vault.listPersons({ limit: PAGE, ...(after && { after }), ...which })
    if (page.length === 0) return
    yield page
    after = page.at(-1)!.lookup
  }
}

interface Pass {
  moves: boolean
  done: Rewrapped
  /** Epochs under which something is left. */
  left: Set<number>
}

async function bringUpToDate(vault: Vault, ring: KeyRing, entry: PersonEntry, { moves, done, left }: Pass) {
  const { lookup, sealedKey, epoch } = entry
  await ring.loadEpochs([epoch])
  const opened = openEntry(ring, entry)
  if (!opened) {
    done.unreadable++
    return
  }
  const to = moves ? ring.movedHash(ring.lookupHashes('person', opened.type, opened.id), lookup) : undefined
  if (to !== undefined) {
    if (await moveEntry(vault, ring, entry, to)) done.moved++
    else left.add(epoch)
  } else if (epoch < ring.epoch) {
    const anew = { sealedKey: sealPersonKey(ring, opened.secret, lookup), epoch: ring.epoch }
    if (await vault.rewrapPerson(lookup, sealedKey, anew)) done.persons++
    else left.add(epoch)
  }
}

/** Undefined for one that nobody can open: its epoch's key is destroyed, or it is damaged. */
function openEntry(ring: KeyRing, entry: PersonEntry): { secret: Buffer; type: string; id: string } | undefined {
  try {
    const secret = openPersonKey(ring, entry)
    const text = open(personKeys(secret).id, entry.sealedId, personIdPlace(entry.pseudonym)).toString()
    const [type, id] = JSON.parse(text) as [string, string]
    return { secret, type, id }
  } catch {
    return undefined
  }
}
