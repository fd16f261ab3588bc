// Fences persons who are about to be erased, unless a legal hold stands. The vault lets nobody be held and fenced at once:
// whichever comes first, the other is refused. So no fence is ever taken back, and several requests about one person may
// meet at it, or go on behind it, without knowing of each other.

import type { FoundPerson, Vault } from '../../storage/vault/vault.ts'
import { type AskedPerson, RequestBlocked } from './find-asked.ts'
import { updatePersons } from './update-persons.ts'

/**
 * Idempotent. Where a hold is placed while it goes on, those who were fenced before stay so.
 * @returns the persons by the look-up hashes under which they stay from now on: a fenced one is moved no more. Who was
 *   erased meanwhile is not among them
 * @throws RequestBlocked while a legal hold stands for one of them
 * @throws Error when one of them was moved at every look: to be tried again
 */
export async function fencePersons(
  vault: Pick<Vault, 'findByPseudonyms' | 'updatePerson'>,
  persons: AskedPerson[],
): Promise<AskedPerson[]> {
  const pseudonyms = persons.map(({ pseudonym }) => pseudonym)
  expectNoHold(await vault.findByPseudonyms(pseudonyms))
  for (const person of persons)
    await updatePersons(vault, [person], found => {
      expectNoHold([found])
      return vault.updatePerson(found.lookup, { state: 'erasing' })
    })
  return (await vault.findByPseudonyms(pseudonyms)).map(({ lookup, pseudonym }) => ({ lookup, pseudonym }))
}

/** @throws RequestBlocked */
export function expectNoHold(persons: FoundPerson[]): void {
  if (persons.some(person => person && person.state !== 'erased' && person.sealedHold !== null))
    throw new RequestBlocked('a legal hold stands for the person: lift it, or tell them why they cannot be erased yet')
}
