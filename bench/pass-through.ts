// Écluse's own way without its work: the same server, the same event log with its group commit or coalescing, and
// nothing between: no strictness, no schema, no look-up, no protection. What governing costs is measured against this.

import { join } from 'node:path'
import { fastify } from 'fastify'
import type { EventLog } from '../storage/event-log/event-log.ts'
import { openKafkaEventLog } from '../storage/event-log/kafka.ts'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'
import type { ServerAccess } from '../storage/server-access.ts'
import type { Target } from './load.ts'
import { acceptNdjson } from './ndjson.ts'

/** With the defaults of the settings. */
const LOG_OPTIONS = {
  replication: 1,
  minInsyncReplicas: 1,
  sessionMs: 30_000,
  maxRecordBytes: 4 * 1_048_576,
  queueBytes: 64 * 1_048_576,
  appendMs: 20_000,
}
export const PARTITIONS = 6

export const openBenchLog = (access: ServerAccess): EventLog => openKafkaEventLog(access, LOG_OPTIONS)

/** @param kafka embedded if undefined */
export async function startPassThrough(
  dataDir: string,
  kafka?: { access: ServerAccess; topic: string },
): Promise<Target> {
  const log = kafka ? openBenchLog(kafka.access) : openSqliteEventLog(join(dataDir, 'event-log.sqlite'))
  const topic = kafka?.topic ?? 'raw'
  await log.ensureTopic(topic, { partitions: kafka ? PARTITIONS : 1, retentionMs: null })
  const app = fastify({ bodyLimit: 64 * 1_048_576 })
  acceptNdjson(app)
  app.post('/v1/datasets/payments/events', async (request, reply) => {
    const events = (Array.isArray(request.body) ? request.body : [request.body]) as {
      id: string
      customer: { id: string }
    }[]
    await log.append(
      events.map(event => ({
        topic,
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
    return reply.code(202).send({ results: events.map(({ id }) => ({ id, outcome: 'accepted' })) })
  })
  return { address: await app.listen({ host: '127.0.0.1', port: 0 }), apiKey: '' }
}
