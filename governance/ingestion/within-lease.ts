// Steps 4 and 5 within one lease: whatever is made of what the vault said is made of an answer that still holds at the
// moment it goes to the log.

import { VaultUnavailable } from '../../storage/vault/vault.ts'
import type { People, Person } from '../subjects/people.ts'
import type { CheckedEvent } from './check-event.ts'
import { lookUpSubjects } from './look-up-subjects.ts'

/** A look-up that outlives its lease is repeated this often before the vault counts as too slow to be used. */
const LOOK_UP_ATTEMPTS = 5

/**
 * Looks up the persons of all events at once, and does the work; both again where that took longer than a lease.
 * @param work is given the subjects of each event, as the vault knows them; has no effect outside
 * @throws VaultUnavailable
 */
export async function withinLease<T>(
  people: People,
  checked: CheckedEvent[],
  work: (subjects: (Person | undefined)[][]) => Promise<T>,
  options?: { createPersons: boolean },
): Promise<T> {
  for (let attempt = 0; attempt < LOOK_UP_ATTEMPTS; attempt++) {
    const { subjects, lookedUpAtMs } = await lookUpSubjects(people, checked, options)
    const done = await work(subjects)
    if (performance.now() - lookedUpAtMs <= people.leaseMs) return done
  }
  throw new VaultUnavailable('the vault answers slower than its lease lasts')
}
