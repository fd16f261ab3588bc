// Of an event that is mainly about somebody else: where it holds what is of these persons.

import { redactSubjects } from '../governance/subjects/redact-subjects.ts'
import type { JsonObject } from '../storage/json.ts'
import type { StoredContract } from '../storage/stored-shapes.ts'
import { placesOf } from './places-of.ts'

/** What a redaction would take away; every place where nobody knows the contract. */
export function placesOnlyOf(
  event: JsonObject,
  contract: StoredContract | undefined,
  pseudonyms: ReadonlySet<string>,
): string[] {
  if (!contract) return placesOf(event)
  const others = new Set(placesOf(redactSubjects(event, contract, pseudonyms)))
  return placesOf(event).filter(place => !others.has(place))
}
