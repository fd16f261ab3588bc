// Reads Kafka topics from their beginning to where they end now, record by record, as raw bytes: what any consumer of
// the user's could see.

import { randomUUID } from 'node:crypto'
import { makeKafkaClient } from '../storage/event-log/kafka-client.ts'
import type { ServerAccess } from '../storage/server-access.ts'
import { eventually } from './eventually.ts'

export interface RawRecord {
  topic: string
  partition: number
  offset: number
  key: Buffer | null
  value: Buffer | null
  /** As they are on the wire: one name may come several times. */
  headers: [name: string, value: Buffer][]
}

const READ_MS = 60_000

/** @param access of a user who may read them, in a group that begins with `ecluse.` */
export async function readTopics(access: ServerAccess, topics: string[]): Promise<RawRecord[]> {
  const { kafka } = makeKafkaClient(access)
  const admin = kafka.admin()
  const consumer = kafka.consumer({ groupId: `ecluse.reading.${randomUUID()}` })
  const records = new Map<string, RawRecord>()
  let failure: Error | undefined
  try {
    await admin.connect()
    const missing = new Set<string>()
    for (const topic of topics)
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
        if (BigInt(high) > BigInt(low)) missing.add(`${topic}/${partition}/${BigInt(high) - 1n}`)
    await consumer.connect()
    await consumer.subscribe({ topics, fromBeginning: true })
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) failure = payload.error
    })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const { offset, key, value, headers } = message
        const place = `${topic}/${partition}/${offset}`
        records.set(place, { topic, partition, offset: Number(offset), key, value, headers: listed(headers) })
        missing.delete(place)
      },
    })
    await eventually(
      'the topics are read to their end',
      () => {
        if (failure) throw failure
        return missing.size === 0
      },
      READ_MS,
    )
  } finally {
    await Promise.allSettled([consumer.disconnect(), admin.disconnect()])
  }
  return [...records.values()]
}

function listed(headers: Record<string, unknown> = {}): [name: string, value: Buffer][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each): [string, Buffer] => [name, Buffer.from(each as Buffer)]),
  )
}
