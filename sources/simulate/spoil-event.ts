// Makes a bad event of a good one, in a way the contract must notice. It never adds a value that could be personal.

import type { JsonObject } from '../../storage/json.ts'
import { pick } from './seeded-random.ts'

export type SimulatedSource = 'transactions' | 'user-profiles'
export type Spoilage = 'missing-field' | 'wrong-type' | 'unknown-member' | 'bad-enum' | 'negative-number' | 'bad-date'

type Spoil = (event: JsonObject) => void

const spoils: Record<SimulatedSource, Record<Spoilage, Spoil>> = {
  transactions: {
    'missing-field': event => delete event.montant,
    'wrong-type': event => {
      event.montant = String(event.montant)
    },
    'unknown-member': event => {
      event.commentaire = 'x'
    },
    'bad-enum': event => {
      event.moyen_paiement = 'troc'
    },
    'negative-number': event => {
      event.montant = -1
    },
    'bad-date': event => {
      event.date = '2025-02-30T10:00:00'
    },
  },
  'user-profiles': {
    'missing-field': event => delete event.email,
    // As version 1.2 of the API sent it.
    'wrong-type': event => {
      member(event, 'location').street = '1 main street'
    },
    'unknown-member': event => {
      event.nickname = 'x'
    },
    'bad-enum': event => {
      event.gender = 'f'
    },
    'negative-number': event => {
      member(event, 'dob').age = -1
    },
    'bad-date': event => {
      member(event, 'dob').date = '30/02/1980'
    },
  },
}

/** A copy of the event with one fault of a random kind, and that kind's name. */
export function spoilEvent(
  event: JsonObject,
  source: SimulatedSource,
  random: () => number,
): { event: JsonObject; spoilage: Spoilage } {
  const spoilage = pick(random, Object.keys(spoils[source]) as Spoilage[])
  const spoiled = structuredClone(event)
  spoils[source][spoilage](spoiled)
  return { event: spoiled, spoilage }
}

function member(event: JsonObject, name: string): JsonObject {
  return event[name] as JsonObject
}
