// Payments as they stand in the log, protected as the project's policy has it, in the order in which they were appended:
// some later than their windows allow, some twice, some without what they should have. The same seed gives the same, in
// the days before today.

import { hash } from 'node:crypto'
import { type EventRecord, writeEventRecord } from '../storage/event-record.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Of reception. */
export const START_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 72 * HOUR_MS
/** A tenth of a second apart, so a million are 28 hours. */
const STEP_MS = 100
const OUT_OF_ORDER_MS = 2 * MINUTE_MS
/** Later than the hour that windows are open. */
const LATE_MS = 3 * HOUR_MS
const WITHOUT_MEANS = 0.03
const TOWNS = 30
const MEANS = ['carte_de_credit', 'virement_bancaire', 'especes', 'cheque', 'paypal']
const TYPES = ['achat', 'virement', 'remboursement', 'retrait']

export interface PaymentsOptions {
  events: number
  persons: number
  /** Parts of all. */
  duplicates: number
  late: number
}

/** @param random below 1 */
export function* paymentRecords(
  { events, persons, duplicates, late }: PaymentsOptions,
  random: () => number,
): Generator<EventRecord> {
  const people = Array.from({ length: persons }, (_, i) => `p1.${hash('sha256', `${i}`, 'base64url').slice(0, 22)}`)
  const oneOf = <T>(items: T[]) => items[Math.floor(random() * items.length)]!
  const recent: EventRecord[] = []
  for (let i = 0; i < events; i++) {
    const offMs = random() < late ? LATE_MS : random() * OUT_OF_ORDER_MS
    const receivedMs = START_MS + i * STEP_MS
    const [receivedAt, time] = [receivedMs, Math.round(receivedMs - offMs)].map(ms => new Date(ms).toISOString())
    const event = {
      ...{ id_transaction: `t${i}`, type_transaction: oneOf(TYPES), devise: 'EUR' },
      ...(random() >= WITHOUT_MEANS && { moyen_paiement: oneOf(MEANS) }),
      ...{
        montant: Math.round(random() * 200_000) / 100,
        lieu: `Ville ${Math.floor(random() ** 2 * TOWNS)}`,
        date: time!,
      },
      details: { produit: 'Livre', quantite: 1 },
      utilisateur: {
        idUtilisateur: oneOf(people),
        nom: `enc1.${i}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`,
        email: `tok1.person.1.AAAAAAAAAAAAAAAAAAAAAA${i}`,
        adresse: `enc1.${i}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`,
      },
    }
    const record: EventRecord = {
      ...{ dataset: 'transactions', id: `t${i}`, source: 'urn:ecluse:transactions', type: 'transactions', time: time! },
      ...{
        timeAmbiguous: false,
        receivedAt: receivedAt!,
        subject: event.utilisateur.idUtilisateur,
        others: [],
        schema: '1-0-0',
      },
      ...{ policy: '0123456789abcdef', content: `c${i}`, held: false, traceparent: '00-0-0-01', event },
    }
    yield record
    recent[i % 1_000] = record
    if (random() < duplicates) yield { ...oneOf(recent), receivedAt: receivedAt! }
  }
}

export function toLogRecord(record: EventRecord) {
  return writeEventRecord(record, Buffer.alloc(5))
}

/** mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
