// The naive stack that Écluse is measured against, as it is often written: fastify, ajv, createHmac with a Buffer key,
// AES-256-GCM with a Buffer key and fresh random bytes, and one durable transaction per request. It has one salt for
// everybody, no erasure, no quarantine, no conflict detection: only the same fields are treated.

import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { fastify } from 'fastify'

type Payment = { id: string; customer: Record<string, string> }

/** Starts the naive stack on a free port. @returns its address */
export async function startNaive(dataDir: string): Promise<string> {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'contract/schemas/payments/1-0-0.json'), 'utf8'))
  const validate = new Ajv2020({ allErrors: true }).compile(schema)
  const hmacKey = randomBytes(32)
  const aesKey = randomBytes(32)
  const db = new DatabaseSync(join(dataDir, 'naive.sqlite'))
  db.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE events (id INTEGER PRIMARY KEY, key TEXT, value TEXT)',
  )
  const insert = db.prepare('INSERT INTO events (key, value) VALUES (?, ?)')

  const token = (value: string) => createHmac('sha256', hmacKey).update(value).digest('base64url')
  const encrypt = (value: string) => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', aesKey, iv)
    return Buffer.concat([iv, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }
  const protect = (event: Payment) => {
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

  const app = fastify({ bodyLimit: 64 * 1_048_576 })
  app.post('/v1/datasets/payments/events', async (request, reply) => {
    const events = (Array.isArray(request.body) ? request.body : [request.body]) as Payment[]
    const results = events.map(event => ({ id: event.id, ok: validate(event) as boolean }))
    db.exec('BEGIN IMMEDIATE')
    for (const [i, event] of events.entries()) {
      if (!results[i]!.ok) continue
      const stored = protect(event)
      insert.run(stored.customer.id, JSON.stringify(stored))
    }
    db.exec('COMMIT')
    return reply.code(202).send({ results })
  })
  return app.listen({ host: '127.0.0.1', port: 0 })
}
