// What producers sent, and what they were promised: every event answered `accepted` is an obligation.

import type { JsonObject } from '../../storage/json.ts'
import { transactionOf } from '../fixtures.ts'

export interface SentEvent {
  id: string
  person: string
  /** Grows by one with each event of the whole run; it is also the event's `montant`. */
  sequence: number
  event: JsonObject
}

export interface Ledger {
  sent: Map<string, SentEvent>
  /** Ids answered `accepted`. */
  accepted: Set<string>
  /** Requests by how they ended: a status, or `dropped`. */
  answers: Map<string, number>
  /** What no producer may ever be answered, whatever has broken. */
  wrong: string[]
}

export function newLedger(): Ledger {
  return { sent: new Map(), accepted: new Set(), answers: new Map(), wrong: [] }
}

/** Makes the next event of a person, and remembers it as sent. */
export function nextEvent({ sent }: Ledger, person: string): SentEvent {
  const sequence = sent.size + 1
  const details = { produit: `article ${sequence}`, quantite: 1 + (sequence % 5), prixUnitaire: sequence }
  const event = transactionOf(person, { montant: sequence, details })
  Object.assign(event.utilisateur as JsonObject, { email: `${person}@example.org`, nom: `Nom ${person}` })
  const made: SentEvent = { id: event.id_transaction as string, person, sequence, event }
  sent.set(made.id, made)
  return made
}

export function countAnswer({ answers }: Ledger, how: string): void {
  answers.set(how, (answers.get(how) ?? 0) + 1)
}
