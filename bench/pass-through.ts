// Écluse's own way without its work: the same server, the same event log with its group commit, and nothing between:
// no strictness, no schema, no look-up, no protection. What governing costs is measured against this.

import { join } from 'node:path'
import { fastify } from 'fastify'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'

/** Starts the pass-through on a free port. @returns its address */
export async function startPassThrough(dataDir: string): Promise<string> {
  const log = openSqliteEventLog(join(dataDir, 'event-log.sqlite'))
  await log.ensureTopic('raw', { partitions: 1, retentionMs: null })
  const app = fastify({ bodyLimit: 64 * 1_048_576 })
  app.post('/v1/datasets/payments/events', async (request, reply) => {
    const events = (Array.isArray(request.body) ? request.body : [request.body]) as {
      id: string
      customer: { id: string }
    }[]
    await log.append(
      events.map(event => ({
        topic: 'raw',
        record: {
          key: event.customer.id,
          value: Buffer.from(JSON.stringify(event)),
          headers: {
            'content-type': 'application/json',
            ce_specversion: '1.0',
            ce_id: event.id,
            ce_source: 'bench',
            ce_type: 'payments',
          },
        },
      })),
    )
    return reply.code(202).send({ results: events.map(({ id }) => ({ id, ok: true })) })
  })
  return app.listen({ host: '127.0.0.1', port: 0 })
}
