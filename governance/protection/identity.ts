// What stands in the places of an event that say whose it is and which it is: a subject's id becomes that person's
// pseudonym, a personal event id becomes the id under which the event is stored. Both follow from the policy's
// `event` section; a steward cannot choose otherwise.

import type { Action } from './action.ts'
import { PERSON_DOMAIN, pseudonymSchema, tokenSchema } from './token.ts'

/** A subject's id: the pseudonym of the rule's subject; null when that is nobody, or fenced off. */
export const subjectId: Action = {
  name: 'pseudonymise',
  apply: (_value, _pointer, { pseudonym }) => pseudonym ?? null,
  derive: () => ({ anyOf: [pseudonymSchema, { type: 'null' }] }),
}

/** A personal event id: the event's stored id, which is a token under the person's key. */
export const personalEventId: Action = {
  name: 'pseudonymise',
  apply: (_value, _pointer, { eventId }) => eventId,
  derive: () => tokenSchema(PERSON_DOMAIN),
}
