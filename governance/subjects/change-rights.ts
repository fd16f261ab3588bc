// Restricts persons, notes what they object to and what holds their erasure up: in the ledger first, then in the vault,
// which is brought to what the ledger says. So what dies between the two is finished by the request that is resumed, or
// by the next start; and a vault that was restored from a backup gets what was set or lifted since.

import { isDeepStrictEqual } from 'node:util'
import type { PersonEntry, Vault } from '../../storage/vault/vault.ts'
import type { AskedPerson } from './find-asked.ts'
import type { Rights, RightsLedger } from './rights-ledger.ts'

/** Persons at a time. */
const PAGE = 1_000
/** Others change rights at the same time: looked at this often. */
const MAX_LOOKS = 20

export interface ChangeRightsDeps {
  rights: RightsLedger
  vault: Pick<Vault, 'findByPseudonyms' | 'findErasedPseudonyms' | 'updatePerson' | 'changeObjections'>
}

/**
 * Of the living among them; who is being erased stays fenced. Idempotent.
 * @throws LakeUnavailable, VaultUnavailable: to be tried again
 */
export async function changeRights(
  deps: ChangeRightsDeps,
  persons: Pick<AskedPerson, 'pseudonym'>[],
  changed: (rights: Rights) => Rights,
): Promise<void> {
  const pseudonyms = persons.map(({ pseudonym }) => pseudonym)
  // Read before the ledger is: whoever changes them in between has entered them there first.
  await deps.rights.change(await deps.vault.findByPseudonyms(pseudonyms), changed)
  await bringToVault(deps, pseudonyms)
}

/**
 * Brings the vault to all that stands in the ledger. To be called before the first event is taken, and after who was
 * erased is erased again. Idempotent.
 * @returns of how many persons the vault had not been so
 * @throws LakeUnavailable, VaultUnavailable; Error naming the file, where the ledger is damaged
 */
export async function replayRights(deps: ChangeRightsDeps): Promise<number> {
  let brought = 0
  for await (const pseudonyms of deps.rights.list())
    for (let at = 0; at < pseudonyms.length; at += PAGE)
      brought += await bringToVault(deps, pseudonyms.slice(at, at + PAGE))
  return brought
}

/**
 * Until a look finds both alike. Whoever writes looks at the ledger once more after it, so the last of several writers
 * leaves the vault as the ledger is.
 * @returns how many were changed
 */
async function bringToVault(deps: ChangeRightsDeps, pseudonyms: string[]): Promise<number> {
  const brought = new Set<string>()
  for (let look = 0; look < MAX_LOOKS; look++) {
    const standing = await deps.rights.find(pseudonyms)
    const living = await deps.vault.findByPseudonyms([...standing.keys()])
    let isAlike = true
    for (const person of living) {
      const wanted = wantedOf(person, standing.get(person.pseudonym)!)
      const { state, objections, sealedHold } = person
      if (isDeepStrictEqual({ state, objections: objections.toSorted(), sealedHold }, wanted)) continue
      await write(deps, person, wanted)
      brought.add(person.pseudonym)
      isAlike = false
    }
    if (!isAlike) continue
    await removeErased(deps, [...standing.keys()], living)
    return brought.size
  }
  throw new Error('rights of persons were changed by others at every look: to be tried again')
}

type Standing = Pick<PersonEntry, 'state' | 'objections' | 'sealedHold'>

/** What the ledger asks of an entry. Who is fenced stays so, and of their hold nothing but its end is written. */
function wantedOf(person: PersonEntry, { restricted, objections, sealedHold }: Rights): Standing {
  if (person.state === 'erasing') return { state: 'erasing', objections, sealedHold: sealedHold && person.sealedHold }
  return { state: restricted ? 'restricted' : 'active', objections, sealedHold }
}

/** What changed in the vault since the person was read is left to the next look. */
async function write({ vault }: ChangeRightsDeps, person: PersonEntry, wanted: Standing): Promise<void> {
  const { lookup, state, sealedHold } = person
  const [before, after] = [new Set(person.objections), new Set(wanted.objections)]
  await vault.updatePerson(lookup, { state: wanted.state, sealedHold: wanted.sealedHold }, { state, sealedHold })
  for (const remove of before.difference(after)) await vault.changeObjections(lookup, { remove })
  for (const add of after.difference(before)) await vault.changeObjections(lookup, { add })
}

/** Of somebody who was erased nothing must stand there, whoever entered it while they were. */
async function removeErased({ rights, vault }: ChangeRightsDeps, standing: string[], living: PersonEntry[]) {
  const known = new Set(living.map(({ pseudonym }) => pseudonym))
  const erased = await vault.findErasedPseudonyms(standing.filter(pseudonym => !known.has(pseudonym)))
  if (erased.size > 0) await rights.remove([...erased])
}
