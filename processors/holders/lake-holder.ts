// The lake as a holder: each file that holds a person is written anew without, and the old one deleted.

import type { AskedPerson } from '../../governance/subjects/find-asked.ts'
import type { Holder } from '../../governance/subjects/holder.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import { inBatches } from '../in-batches.ts'
import {
  countPersons,
  type FindGone,
  type RemovePersonsDeps,
  type RowsOfPersons,
  removePersons,
} from '../lake/remove-persons.ts'

export interface LakeHolderDeps extends RemovePersonsDeps {
  vault: Pick<Vault, 'findErasedPseudonyms'>
  /** Names of all datasets that ever had files. */
  datasets(): Promise<string[]>
  /** Whether deleted files rest with somebody else's server. */
  isRemote: boolean
}

export function lakeHolder(deps: LakeHolderDeps): Holder {
  /** One turn after the other: else each would write anew what another one just did. */
  const remove = inBatches((asked: FindGone[]) => overDatasets(dataset => removePersons(deps, dataset, anyOf(asked))))
  const count = inBatches((asked: FindGone[]) => overDatasets(dataset => countPersons(deps, dataset, anyOf(asked))))

  async function overDatasets(work: (dataset: string) => Promise<RowsOfPersons>): Promise<RowsOfPersons> {
    const all: RowsOfPersons = new Map()
    for (const dataset of await deps.datasets())
      for (const [person, rows] of await work(dataset)) all.set(person, (all.get(person) ?? 0) + rows)
    return all
  }

  return {
    name: 'lake',
    erase: async persons => rowsOf(await remove(findThese(persons)), persons),
    countLeft: async persons => rowsOf(await count(findThese(persons)), persons),
    scrub: async () => (deps.isRemote ? 'Deleted files leave the server’s own disks when it writes over them.' : null),
    sweep: async () => {
      const removed = await remove(pseudonyms => deps.vault.findErasedPseudonyms(pseudonyms))
      return [...removed.values()].reduce((sum, rows) => sum + rows, 0)
    },
  }
}

function findThese(persons: AskedPerson[]): FindGone {
  const asked = new Set(persons.map(({ pseudonym }) => pseudonym))
  return async pseudonyms => new Set(pseudonyms.filter(pseudonym => asked.has(pseudonym)))
}

function anyOf(asked: FindGone[]): FindGone {
  return async pseudonyms =>
    new Set((await Promise.all(asked.map(find => find(pseudonyms)))).flatMap(found => [...found]))
}

const rowsOf = (rows: RowsOfPersons, persons: AskedPerson[]) =>
  persons.reduce((sum, { pseudonym }) => sum + (rows.get(pseudonym) ?? 0), 0)
