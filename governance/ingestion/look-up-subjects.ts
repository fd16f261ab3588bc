// Step 4 of an event's way: one vault look-up for all persons of a chunk.

import type { People, Person, SubjectReference } from '../subjects/people.ts'
import type { CheckedEvent } from './check-event.ts'

/** The persons of each event, in the order of its subjects; undefined where there is nobody. */
export interface LookedUpSubjects {
  subjects: (Person | undefined)[][]
  /** The oldest answer's age, on the monotonic clock. */
  lookedUpAtMs: number
}

/**
 * A valid event's persons get an entry if they are new; an invalid event's are looked up and never created.
 * @param options.createPersons false: nobody gets an entry, and no alias is noted
 * @throws VaultUnavailable
 */
export async function lookUpSubjects(
  people: People,
  events: CheckedEvent[],
  { createPersons }: { createPersons: boolean } = { createPersons: true },
): Promise<LookedUpSubjects> {
  const references: SubjectReference[] = []
  const places: { event: number; subject: number }[] = []
  for (const [event, checked] of events.entries()) {
    for (const [subject, reference] of referencesOf(checked, createPersons).entries()) {
      if (!reference) continue
      references.push(reference)
      places.push({ event, subject })
    }
  }
  const subjects: (Person | undefined)[][] = events.map(() => [])
  if (references.length === 0) return { subjects, lookedUpAtMs: performance.now() }
  const persons = await people.lookUp(references)
  let lookedUpAtMs = performance.now()
  for (const [i, { event, subject }] of places.entries()) {
    const person = persons[i]
    subjects[event]![subject] = person
    if (person && person.lookedUpAtMs < lookedUpAtMs) lookedUpAtMs = person.lookedUpAtMs
  }
  return { subjects, lookedUpAtMs }
}

function referencesOf({ valid, subjects }: CheckedEvent, createPersons: boolean): (SubjectReference | undefined)[] {
  const create = valid && createPersons
  return subjects.map(({ rule, id, aliases }) =>
    id === undefined ? undefined : { type: rule.type, id, aliases: create ? aliases : [], create },
  )
}
