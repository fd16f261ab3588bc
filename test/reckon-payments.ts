// Payments whose aggregate by means of payment is easily reckoned, and that reckoning.

import type { JsonObject, JsonValue } from '../storage/json.ts'
import { transactionOf } from './fixtures.ts'

/** A group of an aggregate, as a reader is shown it. */
export interface Shown {
  window: { start: string; end: string }
  group: Record<string, JsonValue>
  measures: Record<string, JsonValue>
  late: number
}

/** Local times of the feed: two hours ahead of UTC on that day. */
export const PAYMENTS_DAY = '2026-04-17'

/** 300 payments over five minutes, by persons in turn; amounts that floating point does not add exactly. */
export function paymentsOf(persons: string[]): JsonObject[] {
  return Array.from({ length: 300 }, (_, i) =>
    transactionOf(persons[(i * 7) % persons.length]!, {
      montant: Number(((i % 40) / 10 + 0.1).toFixed(1)),
      moyen_paiement: i % 7 === 0 ? 'virement_bancaire' : 'carte_de_credit',
      date: `${PAYMENTS_DAY}T12:0${Math.floor(i / 60)}:${String(i % 60).padStart(2, '0')}`,
    }),
  )
}

/** What `amount-by-payment-method` must show of these events, less the median, which is a sketch's. */
export function reckonPayments(events: JsonObject[]): Shown[] {
  const groups = Map.groupBy(events, ({ date, moyen_paiement }) => `${(date as string).slice(0, 16)} ${moyen_paiement}`)
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, of]) => {
      const [minute, means] = key.split(' ') as [string, string]
      const people = new Set(of.map(({ utilisateur }) => (utilisateur as JsonObject).idUtilisateur))
      if (people.size < 5) return []
      const start = new Date(`${minute}:00+02:00`)
      const sum = of.reduce((sum, { montant }) => sum + Math.round((montant as number) * 10), 0) / 10
      return {
        window: { start: start.toISOString(), end: new Date(start.getTime() + 60_000).toISOString() },
        group: { moyen_paiement: means },
        measures: { payments: of.length, amount: sum, mean: Number((sum / of.length).toPrecision(15)) },
        late: 0,
      }
    })
}

export function withoutMedian(shown: Shown[]): Shown[] {
  return shown.map(({ measures: { median: _, ...measures }, ...rest }) => ({ ...rest, measures }))
}
