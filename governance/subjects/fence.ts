// Fences persons who are about to be erased, unless a legal hold stands. A hold is looked for before and after: one that
// was placed in between is seen here, and one that comes later is refused where it is placed.

import type { FoundPerson, PersonState, Vault } from '../../storage/vault/vault.ts'
import { type AskedPerson, RequestBlocked } from './find-asked.ts'

/** What persons were before they were fenced, by pseudonym: kept before it is done, for whoever goes on after a crash. */
export type FormerStates = Record<string, PersonState>

/**
 * @param former what an attempt that died kept
 * @param keep resolves once they are kept; without any, nobody is fenced by this request any more
 * @returns the persons by the look-up hashes under which they stay from now on: a fenced one is moved no more
 * @throws RequestBlocked while a legal hold stands for one of them: then all are as they were
 * @throws Error when one of them was moved in this very moment: to be tried again
 */
export async function fencePersons(
  vault: Pick<Vault, 'findByPseudonyms' | 'updatePerson'>,
  persons: AskedPerson[],
  former: FormerStates,
  keep: (former: FormerStates) => Promise<void>,
): Promise<AskedPerson[]> {
  const pseudonyms = persons.map(({ pseudonym }) => pseudonym)
  const before = await vault.findByPseudonyms(pseudonyms)
  const standing = before.filter(({ state }) => state !== 'erasing')
  const states = { ...former, ...Object.fromEntries(standing.map(({ pseudonym, state }) => [pseudonym, state])) }
  try {
    expectNoHold(before)
    await keep(states)
    for (const { lookup } of before)
      if (!(await vault.updatePerson(lookup, { state: 'erasing' })))
        throw new Error('a person’s entry was moved while it was to be fenced')
    expectNoHold(await vault.findByPseudonyms(pseudonyms))
  } catch (error) {
    if (!(error instanceof RequestBlocked)) throw error
    for (const { lookup, pseudonym } of before) {
      // Who is not among them was fenced by another request.
      const state = states[pseudonym]
      if (state) await vault.updatePerson(lookup, { state }, ['erasing'])
    }
    await keep({})
    throw error
  }
  return before.map(({ lookup, pseudonym }) => ({ lookup, pseudonym }))
}

/** @throws RequestBlocked */
export function expectNoHold(persons: FoundPerson[]): void {
  if (persons.some(person => person && person.state !== 'erased' && person.sealedHold !== null))
    throw new RequestBlocked('a legal hold stands for the person: lift it, or tell them why they cannot be erased yet')
}
