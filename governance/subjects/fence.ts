// Fences persons who are about to be erased, unless a legal hold stands. The vault lets nobody be held and fenced at once:
// whichever comes first, the other is refused. So no fence is ever taken back, and several requests about one person may
// meet at it, or go on behind it, without knowing of each other.

import type { FoundPerson, Vault } from '../../storage/vault/vault.ts'
import { type AskedPerson, RequestBlocked } from './find-asked.ts'

/** Others move entries at the same time: looked at this often. */
const MAX_LOOKS = 5

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
  for (const pseudonym of pseudonyms) await fence(vault, pseudonym)
  return (await vault.findByPseudonyms(pseudonyms)).map(({ lookup, pseudonym }) => ({ lookup, pseudonym }))
}

/** Wherever the entry stands: a rotation of the look-up key moves it. Who is gone was erased meanwhile. */
async function fence(vault: Pick<Vault, 'findByPseudonyms' | 'updatePerson'>, pseudonym: string): Promise<void> {
  for (let look = 0; look < MAX_LOOKS; look++) {
    const [person] = await vault.findByPseudonyms([pseudonym])
    if (!person) return
    expectNoHold([person])
    if (await vault.updatePerson(person.lookup, { state: 'erasing' })) return
  }
  throw new Error('entries of persons were changed by others while they were to be changed')
}

/** @throws RequestBlocked */
export function expectNoHold(persons: FoundPerson[]): void {
  if (persons.some(person => person && person.state !== 'erased' && person.sealedHold !== null))
    throw new RequestBlocked('a legal hold stands for the person: lift it, or tell them why they cannot be erased yet')
}
