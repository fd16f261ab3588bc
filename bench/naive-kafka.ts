// The naive stack that Écluse is measured against through Kafka: fastify, what `naive-protect.ts` does, and kafkajs with
// its defaults, which wait for all in-sync replicas: one send per request.

import { fastify } from 'fastify'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { parseServerUrl, type ServerAccess, tlsOptions } from '../storage/server-access.ts'
import type { Target } from './load.ts'
import { makeNaiveGovern, type Payment } from './naive-protect.ts'
import { acceptNdjson } from './ndjson.ts'

export async function startNaiveKafka({ access, topic }: { access: ServerAccess; topic: string }): Promise<Target> {
  const govern = makeNaiveGovern()
  const producer = makeKafka(access).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()

  const app = fastify({ bodyLimit: 64 * 1_048_576 })
  acceptNdjson(app)
  app.post('/v1/datasets/payments/events', async (request, reply) => {
    const { results, stored } = govern((Array.isArray(request.body) ? request.body : [request.body]) as Payment[])
    const messages = stored.map(event => ({ key: event.customer.id!, value: JSON.stringify(event) }))
    if (messages.length > 0) await producer.send({ topic, messages })
    return reply.code(202).send({ results })
  })
  return { address: await app.listen({ host: '127.0.0.1', port: 0 }), apiKey: '' }
}

/** kafkajs with its defaults. */
export function makeKafka(access: ServerAccess): Kafka {
  const { hosts, options } = parseServerUrl(access.url, {
    scheme: 'kafka',
    defaultPort: 9092,
    options: ['tls', 'sasl', 'compression'],
  })
  const { username, password } = access
  const tls = tlsOptions(access, options.tls)
  return new Kafka({
    brokers: hosts.map(({ host, port }) => `${host}:${port}`),
    logLevel: logLevel.ERROR,
    ...(tls && { ssl: { ...tls, ...(tls.ca && { ca: [tls.ca] }) } }),
    ...(username && password && { sasl: { mechanism: 'scram-sha-512' as const, username, password } }),
  })
}
