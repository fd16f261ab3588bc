// Made-up payments in the shape of the French payments feed: who pays, how and what for occurs in realistic shares.

import type { JsonObject } from '../../storage/json.ts'
import { countries } from './countries.ts'
import { makePerson, type Person, POOL_SIZE } from './make-person.ts'
import { amountAround, integerBetween, pick, pickByShare, uuidFrom } from './seeded-random.ts'

/** When the payments of a caller who names no time happened: 2026-01-15T12:00:00Z. */
const EXAMPLE_TIME_MS = Date.UTC(2026, 0, 15, 12)

const TYPE_SHARES = { achat: 82, transfert: 14, remboursement: 4 }
type PaymentType = keyof typeof TYPE_SHARES

const MEANS_SHARES: Record<PaymentType, Record<string, number>> = {
  achat: { carte_de_credit: 80, especes: 14, virement_bancaire: 6 },
  transfert: { virement_bancaire: 100 },
  remboursement: { carte_de_credit: 75, virement_bancaire: 25 },
}
const CURRENCY_SHARES = { EUR: 93, USD: 3, GBP: 2, CHF: 2 }

/** Products by the median of their price. */
const PRODUCTS: [product: string, median: number][] = [
  ['Baguette', 1.3],
  ['Café en grains', 9.5],
  ['Livre de poche', 8.9],
  ['Billet de train', 48],
  ['Chaussures', 85],
  ['Lampe de bureau', 39],
  ['Téléphone', 520],
  ['Ordinateur', 950],
]
const TRANSFER_MEDIAN = 180

/**
 * One event of `transactions`, paid by somebody in the pool.
 * @param atMs when it is sent, in ms since the epoch: it happened at most two minutes before
 */
export function makeTransaction(random: () => number, atMs: number = EXAMPLE_TIME_MS): JsonObject {
  const payer = makePerson(payerIndex(random))
  const type = pickByShare(random, TYPE_SHARES)
  const purchase = type === 'transfert' ? undefined : makePurchase(random)
  const amount = purchase ? purchase.quantite * purchase.prixUnitaire : amountAround(random, TRANSFER_MEDIAN, 1.1)
  const place = random() < 0.8 ? { town: payer.town, streets: payer.country.streets } : placeAway(random)
  const event: JsonObject = {
    id_transaction: uuidFrom(random),
    type_transaction: type,
    montant: Math.round(amount * 100) / 100,
    devise: pickByShare(random, CURRENCY_SHARES),
    date: parisTime(atMs - Math.floor(random() * 120_000)),
    lieu: `${place.town.name}, ${pick(random, place.streets)}`,
    moyen_paiement: pickByShare(random, MEANS_SHARES[type]),
  }
  if (purchase) event.details = purchase
  event.utilisateur = customer(payer)
  return event
}

/** A few people pay often, most of them seldom. */
function payerIndex(random: () => number): number {
  return Math.floor(random() ** 2 * POOL_SIZE)
}

function placeAway(random: () => number) {
  const { towns, streets } = countries[0]!
  return { town: pick(random, towns), streets }
}

function makePurchase(random: () => number) {
  const [produit, median] = pick(random, PRODUCTS)
  return {
    produit,
    quantite: random() < 0.7 ? 1 : integerBetween(random, 2, 4),
    prixUnitaire: amountAround(random, median, 0.35),
  }
}

function customer(person: Person): JsonObject {
  return {
    idUtilisateur: person.id,
    nom: `${person.firstName} ${person.lastName}`,
    adresse: `${person.houseNumber} ${person.street}, ${person.town.name}`,
    email: person.email,
  }
}

const parisClock = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Europe/Paris',
  dateStyle: 'short',
  timeStyle: 'medium',
})

/** The wall clock of Paris at an instant, without an offset. As it shows what was, it is never in a clock change's gap. */
function parisTime(instantMs: number): string {
  return parisClock.format(instantMs).replace(' ', 'T')
}
