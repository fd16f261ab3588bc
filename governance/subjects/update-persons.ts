// Changes the entries of persons in the vault, wherever they stand: a rotation of the look-up key moves them, and others
// change them at the same time.

import type { PersonEntry, Vault } from '../../storage/vault/vault.ts'
import type { AskedPerson } from './find-asked.ts'

const ATTEMPTS = 5

/**
 * @param change of an entry as it was read; false where it does not stand like that any more: it is read again then
 * @throws Error when an entry was changed by others at every look: to be tried again
 */
export async function updatePersons(
  vault: Pick<Vault, 'findByPseudonyms'>,
  persons: Pick<AskedPerson, 'pseudonym'>[],
  change: (person: PersonEntry) => boolean | Promise<boolean>,
): Promise<void> {
  let left = persons.map(({ pseudonym }) => pseudonym)
  for (let attempt = 0; attempt < ATTEMPTS && left.length > 0; attempt++) {
    const missed: string[] = []
    for (const person of await vault.findByPseudonyms(left)) if (!(await change(person))) missed.push(person.pseudonym)
    left = missed
  }
  if (left.length > 0) throw new Error('entries of persons were changed by others while they were to be changed')
}
