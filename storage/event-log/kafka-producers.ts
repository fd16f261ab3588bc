// The producers that share the topics.

import type { Kafka, PartitionerArgs, Producer } from 'kafkajs'
import { isTopicError, type Renewable, renewable } from './kafka-client.ts'

/**
 * Records come with their partition: see `partitionOf`. kafkajs asks for it at every attempt, so that this is where
 * attempts end: what was given up must not be stored minutes later.
 */
function givenPartition({ message }: PartitionerArgs): number {
  if (performance.now() > (message as { deadlineMs?: number }).deadlineMs!)
    throw Object.assign(new Error('the append was given up'), { retriable: false })
  return message.partition!
}

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
        createPartitioner: () => givenPartition,
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
