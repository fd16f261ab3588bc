// The naive stack that Écluse's embedded side is measured against: fastify, what `naive-protect.ts` does, and one
// durable transaction per request.

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fastify } from 'fastify'
import type { Target } from './load.ts'
import { makeNaiveGovern, type Payment } from './naive-protect.ts'

export async function startNaive(dataDir: string): Promise<Target> {
  const govern = makeNaiveGovern()
  const db = new DatabaseSync(join(dataDir, 'naive.sqlite'))
  db.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE events (id INTEGER PRIMARY KEY, key TEXT, value TEXT)',
  )
  const insert = db.prepare('INSERT INTO events (key, value) VALUES (?, ?)')

  const app = fastify({ bodyLimit: 64 * 1_048_576 })
  app.post('/v1/datasets/payments/events', async (request, reply) => {
    const { results, stored } = govern((Array.isArray(request.body) ? request.body : [request.body]) as Payment[])
    db.exec('BEGIN IMMEDIATE')
    for (const event of stored) insert.run(event.customer.id!, JSON.stringify(event))
    db.exec('COMMIT')
    return reply.code(202).send({ results })
  })
  return { address: await app.listen({ host: '127.0.0.1', port: 0 }), apiKey: '' }
}
