// The lake as a holder: each file that holds a person is written anew without, and the old one deleted.

import type { AskedPerson } from '../../governance/subjects/find-asked.ts'
import type { Holder } from '../../governance/subjects/holder.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import { countPersons, type FindGone, type RemovePersonsDeps, removePersons } from '../lake/remove-persons.ts'

export interface LakeHolderDeps extends RemovePersonsDeps {
  vault: Pick<Vault, 'findErasedPseudonyms'>
  /** Names of all datasets that ever had files. */
  datasets(): Promise<string[]>
  /** Whether deleted files rest with somebody else's server. */
  isRemote: boolean
}

export function lakeHolder(deps: LakeHolderDeps): Holder {
  let turn: Promise<unknown> = Promise.resolve()

  /** One after the other: else each would write anew what another one just did. */
  function remove(findGone: FindGone): Promise<number> {
    const next = turn.then(async () => {
      let touched = 0
      for (const dataset of await deps.datasets()) touched += await removePersons(deps, dataset, findGone)
      return touched
    })
    turn = next.catch(() => {})
    return next
  }

  const findThese = (persons: AskedPerson[]): FindGone => {
    const asked = new Set(persons.map(({ pseudonym }) => pseudonym))
    return async pseudonyms => new Set(pseudonyms.filter(pseudonym => asked.has(pseudonym)))
  }

  return {
    name: 'lake',
    erase: persons => remove(findThese(persons)),
    countLeft: async persons => {
      for (const dataset of await deps.datasets()) {
        const count = await countPersons(deps, dataset, findThese(persons))
        if (count > 0) return count
      }
      return 0
    },
    scrub: async () => (deps.isRemote ? 'Deleted files leave the server’s own disks when it writes over them.' : null),
    sweep: () => remove(pseudonyms => deps.vault.findErasedPseudonyms(pseudonyms)),
  }
}
