// The producers that share the topics.

import type { Kafka, Producer } from 'kafkajs'
import { isTopicError, type Renewable, renewable } from './kafka-client.ts'

/**
 * One producer for all topics, but for those whose last send failed for a reason that lies in some topic: each of these
 * has its own, until a send succeeds, so that a topic that is denied or has no leader fails no other.
 */
export function makeProducers(kafka: Kafka) {
  const make = () =>
    renewable(() =>
      kafka.producer({
        idempotent: false,
        allowAutoTopicCreation: false,
        // Records come with their partition: see `partitionOf`.
        createPartitioner:
          () =>
          ({ message }) =>
            message.partition!,
      }),
    )
  const shared = make()
  const apart = new Map<string, Renewable<Producer>>()

  return {
    use: async <T>(topic: string, work: (producer: Producer) => Promise<T>): Promise<T> => {
      if (!apart.has(topic)) {
        try {
          return await shared.use(work)
        } catch (error) {
          if (!isTopicError(error)) throw error
          apart.set(topic, make())
        }
      }
      const own = apart.get(topic)!
      const result = await own.use(work)
      apart.delete(topic)
      own.close().catch(() => {})
      return result
    },
    close: () => Promise.allSettled([shared, ...apart.values()].map(producer => producer.close())),
  }
}
