// What the naive stacks do to an event, as it is often written: ajv, createHmac with a Buffer key, AES-256-GCM with a
// Buffer key and fresh random bytes. One salt for everybody, no erasure, no quarantine, no conflict detection: only the
// same fields are treated.

import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'

export type Payment = { id: string; customer: Record<string, string> }

export interface NaiveResult {
  id: string
  outcome: 'accepted' | 'rejected'
}

/** @returns for each event what became of it, and those to store */
export type NaiveGovern = (events: Payment[]) => { results: NaiveResult[]; stored: Payment[] }

export function makeNaiveGovern(): NaiveGovern {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'contract/schemas/payments/1-0-0.json'), 'utf8'))
  const validate = new Ajv2020({ allErrors: true }).compile(schema)
  const hmacKey = randomBytes(32)
  const aesKey = randomBytes(32)

  const token = (value: string) => createHmac('sha256', hmacKey).update(value).digest('base64url')
  const encrypt = (value: string) => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', aesKey, iv)
    return Buffer.concat([iv, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }
  const protect = (event: Payment): Payment => {
    const { id, name: _name, address, email, phone, iban, device, card, ...rest } = event.customer
    return {
      ...event,
      customer: {
        ...rest,
        id: token(id!),
        address: encrypt(address!),
        email: token(email!),
        phone: token(phone!),
        iban: token(iban!),
        device: token(device!),
        card: `****${card!.slice(-4)}`,
      },
    }
  }

  return events => {
    const results = events.map(event => {
      const outcome = validate(event) ? ('accepted' as const) : ('rejected' as const)
      return { id: event.id, outcome }
    })
    const stored = events.filter((_, i) => results[i]!.outcome === 'accepted').map(protect)
    return { results, stored }
  }
}
