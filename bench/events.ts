// The benchmark's events: 566 bytes on average, 10,000 persons, ids that never repeat.

import { randomUUID } from 'node:crypto'

const PERSONS = 10_000

export function benchEvent(): Record<string, unknown> {
  const person = Math.floor(Math.random() * PERSONS)
  const digits = String(person).padStart(6, '0')
  return {
    id: randomUUID(),
    type: 'purchase',
    amount: Math.round(Math.random() * 1e5) / 100,
    currency: 'EUR',
    at: '2026-04-17T10:30:00',
    place: 'Paris, Rue de Paris',
    means: 'card',
    details: { product: 'Ordinateur portable', quantity: 1, unitPrice: 250.75 },
    customer: {
      id: `customer-${digits}`,
      name: `Alice Dubois-${digits}`,
      address: `${person} Rue de Lyon, 75012 Paris, France`,
      email: `alice.dubois.${digits}@example.com`,
      phone: `+33 6 12 ${digits}`,
      iban: `FR76 3000 6000 0112 3456 7${digits}`,
      device: `9f07341f-c7e6-45b7-bab0-${digits}5a4582`,
      card: `4970 1012 34${digits.slice(0, 2)} ${digits.slice(2)}`,
    },
  }
}
