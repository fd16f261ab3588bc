// Sends records of one topic to their partitions, and knows where each of them stands afterwards.

import kafkajs, { type Producer, type RecordMetadata } from 'kafkajs'
import { sizeOf } from './coalesce-appends.ts'
import type { LogRecord, Position, TopicSettings } from './event-log.ts'
import { IN_ONE_PASS } from './kafka-record-batch.ts'
import type { TopicIdentity } from './kafka-topic-ids.ts'
import { partitionOf } from './partition-of.ts'

/** A partition that sends left unanswered so often is taken for gone. */
const MAX_MISSES = 3

export interface KnownTopic {
  settings: TopicSettings
  identity: TopicIdentity
  /** Last offset given, by partition. */
  lastOffsets: Map<number, number>
  /** Which partition the next record without a key goes to. */
  roundRobin: number
}

export function newlyKnown(settings: TopicSettings, identity: TopicIdentity): KnownTopic {
  return { settings, identity, lastOffsets: new Map(), roundRobin: 0 }
}

interface Sending {
  topic: string
  records: LogRecord[]
  to: KnownTopic
  gzip: boolean
  /** Of one partition in one send. */
  maxBytes: number
  /** No attempt begins after it, on the monotonic clock. */
  deadlineMs: number
}

/**
 * Sends records and makes sure that each partition answered. When a leader moves in the middle of a send, kafkajs takes
 * the answer of the new leader for its own earlier partitions as the answer for the moved ones too, and resolves
 * although these were never sent: what was not answered is sent again.
 */
export async function sendAll(
  producer: Producer,
  { topic, records, to, gzip, maxBytes, deadlineMs }: Sending,
): Promise<Position[]> {
  const { partitions, id: incarnation } = to.identity
  const waiting = Map.groupBy(records.keys(), i => {
    const { key } = records[i]!
    return key === null ? to.roundRobin++ % partitions : partitionOf(key, partitions)
  })
  const positions = new Array<Position>(records.length)
  for (let misses = 0; waiting.size > 0; ) {
    // What fits one batch of each partition; the rest follows, in order.
    const sending = new Map(
      [...waiting].map(([partition, indexes]) => [partition, fitting(records, indexes, maxBytes)]),
    )
    const messages = [...sending].flatMap(([partition, indexes]) =>
      indexes.map(i => ({ partition, deadlineMs, ...records[i]!, [IN_ONE_PASS]: true })),
    )
    const answers: RecordMetadata[] = await producer.sendBatch({
      acks: -1,
      ...(gzip && { compression: kafkajs.CompressionTypes.GZIP }),
      topicMessages: [{ topic, messages }],
    })
    if (answers.length < sending.size && ++misses === MAX_MISSES) throw unansweredPartitions(topic)
    for (const { partition, baseOffset } of answers) {
      const sent = sending.get(partition) ?? []
      for (const [n, i] of sent.entries()) positions[i] = { incarnation, partition, offset: Number(baseOffset) + n }
      const left = waiting.get(partition)?.slice(sent.length) ?? []
      if (left.length > 0) waiting.set(partition, left)
      else waiting.delete(partition)
    }
  }
  return positions
}

/** The first of these records, and as many more as fit one batch. */
function fitting(records: LogRecord[], indexes: number[], maxBytes: number): number[] {
  let sizeBytes = 0
  const end = indexes.findIndex((i, n) => {
    sizeBytes += sizeOf(records[i]!)
    return n > 0 && sizeBytes > maxBytes
  })
  return end === -1 ? indexes : indexes.slice(0, end)
}

/** As if the topic were not there: it may have been made anew with fewer partitions, and is then looked at again. */
function unansweredPartitions(topic: string): Error {
  return Object.assign(new Error(`partitions of ${topic} were not answered`), { type: 'UNKNOWN_TOPIC_OR_PARTITION' })
}

/** Whether an offset is not higher than one that the topic gave before. */
export function goesBack(positions: Position[], { lastOffsets }: KnownTopic): boolean {
  let back = false
  for (const { partition, offset } of positions) {
    if (offset <= (lastOffsets.get(partition) ?? -1)) back = true
    lastOffsets.set(partition, offset)
  }
  return back
}
