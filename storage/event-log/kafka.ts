// The event log's real side: Kafka, by kafkajs. Sends wait for all in-sync replicas and are not idempotent: kafkajs's
// idempotent producer loses acknowledged records when one answer is lost under concurrent sends, while this one may
// store a record twice, which the archive's first-copy rule makes harmless.

import kafkajs, { type Admin, type Producer, type RecordMetadata } from 'kafkajs'
import { reach } from '../reach.ts'
import type { ServerAccess } from '../server-access.ts'
import { coalesceAppends } from './coalesce-appends.ts'
import { type EventLog, EventLogUnavailable, type LogRecord, type Position, type TopicSettings } from './event-log.ts'
import { explainKafka, type Operation } from './explain-kafka.ts'
import { isUnknownTopic, makeKafkaClient, renewable } from './kafka-client.ts'
import { consumeKafka } from './kafka-consume.ts'
import { clusterOf, fetchTopicIdentities, type TopicIdentity } from './kafka-topic-ids.ts'
import { ensureKafkaTopic, onceSettled, type TopicDefaults } from './kafka-topics.ts'
import { partitionOf } from './partition-of.ts'

export interface KafkaEventLogOptions extends TopicDefaults {
  /** Records that may wait or be on their way, bytes. */
  queueBytes: number
  /** An append that takes longer has failed for its caller. */
  appendMs: number
  /** A consumer that says nothing for this long is taken for dead. */
  sessionMs: number
}

/** In one send of one topic. kafkajs copies each partition's records once per record, so more is not cheaper. */
const MAX_SEND_RECORDS = 1_000
const MAX_SEND_BYTES = 900_000
/** A partition that a send left unanswered is sent again; see `sendAll`. */
const MAX_SENDS = 3

/**
 * Opens the log. Nothing is connected yet: each operation connects by itself, also again after an outage.
 * @throws Error that says what is wrong with the settings
 */
export function openKafkaEventLog(access: ServerAccess, options: KafkaEventLogOptions): EventLog {
  const { kafka, servers, gzip } = makeKafkaClient(access)
  const explain = (operation: Operation, resource: string) =>
    explainKafka({ servers, username: access.username }, operation, resource)
  const cluster = clusterOf(kafka)
  const admin = renewable(() => kafka.admin())
  const producer = renewable(() =>
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
  const topics = new Map<string, KnownTopic>()
  const identify = (names: string[]) => fetchTopicIdentities(cluster, names)

  async function ensure(topic: string, settings: TopicSettings): Promise<KnownTopic> {
    const identity = await onceSettled(() =>
      admin.use(each => ensureKafkaTopic({ admin: each, identify, defaults: options }, topic, settings)),
    )
    const before = topics.get(topic)
    const known =
      before?.identity.id === identity.id ? { ...before, settings, identity } : newlyKnown(settings, identity)
    topics.set(topic, known)
    return known
  }

  async function send(topic: string, records: LogRecord[]): Promise<Position[]> {
    const known = topics.get(topic)!
    const sendBy = (to: KnownTopic) => producer.use(each => sendAll(each, { topic, records, to, gzip }))
    try {
      const positions = await sendBy(known)
      if (!goesBack(positions, known)) return positions
      // It begins again at 0: somebody deleted it and made it anew. The records are in the new one.
      const { identity } = await ensure(topic, known.settings)
      return positions.map(position => ({ ...position, incarnation: identity.id }))
    } catch (error) {
      if (!isUnknownTopic(error)) throw error
      const renewed = await ensure(topic, known.settings)
      return onceSettled(() => sendBy(renewed))
    }
  }

  const append = coalesceAppends({
    maxRecords: MAX_SEND_RECORDS,
    maxBytes: MAX_SEND_BYTES,
    queueBytes: options.queueBytes,
    sendMs: options.appendMs,
    send,
  })
  const run = <T>(operation: Operation, names: string[], work: () => Promise<T>) =>
    reach(EventLogUnavailable, work, explain(operation, names.join(', ')))

  return {
    ensureTopic: (topic, settings) => run('Create', [topic], async () => void (await ensure(topic, settings))),

    append: entries => {
      const byTopic = Map.groupBy(entries.keys(), i => entries[i]!.topic)
      for (const topic of byTopic.keys()) if (!topics.has(topic)) throw new Error(`topic ${topic} was never ensured`)
      return run('Write', [...byTopic.keys()], async () => {
        const positions = new Array<Position>(entries.length)
        const sent = [...byTopic].map(async ([topic, indexes]) => {
          const records = indexes.map(i => entries[i]!.record)
          for (const [n, position] of (await append(topic, records)).entries()) positions[indexes[n]!] = position
        })
        await Promise.all(sent)
        return positions
      })
    },

    consume: async consuming =>
      consumeKafka(
        {
          kafka,
          identify,
          fetchCommitted: (groupId, topic) => admin.use(each => each.fetchOffsets({ groupId, topics: [topic] })),
          sessionMs: options.sessionMs,
          maxRecordBytes: options.maxRecordBytes,
          unavailable: cause => new EventLogUnavailable(explain('Read', consuming.topics.join(', '))(cause), { cause }),
        },
        consuming,
      ),

    lag: (group, names) =>
      run('Describe', names, () =>
        admin.use(async each => {
          const committed = await each.fetchOffsets({ groupId: group, topics: names })
          const lags = committed.map(({ topic, partitions }) => lagOf(each, topic, partitions))
          return (await Promise.all(lags)).reduce((sum, lag) => sum + lag, 0)
        }),
      ),

    // Kafka enforces retention by itself.
    expire: async () => {},
    ping: () => run('Describe', [], async () => void (await identify([...topics.keys()].slice(0, 1)))),
    close: async () => {
      await Promise.allSettled([producer.close(), admin.close(), cluster.disconnect()])
    },
  }
}

interface KnownTopic {
  settings: TopicSettings
  identity: TopicIdentity
  /** Last offset given, by partition. */
  lastOffsets: Map<number, number>
  /** Which partition the next record without a key goes to. */
  roundRobin: number
}

function newlyKnown(settings: TopicSettings, identity: TopicIdentity): KnownTopic {
  return { settings, identity, lastOffsets: new Map(), roundRobin: 0 }
}

interface Sending {
  topic: string
  records: LogRecord[]
  to: KnownTopic
  gzip: boolean
}

/**
 * Sends records and makes sure that each partition answered. When a leader moves in the middle of a send, kafkajs takes
 * the answer of the new leader for its own earlier partitions as the answer for the moved ones too, and resolves
 * although these were never sent: what was not answered is sent again.
 */
async function sendAll(producer: Producer, { topic, records, to, gzip }: Sending): Promise<Position[]> {
  const { partitions, id: incarnation } = to.identity
  const placed = records.map(record => ({
    record,
    partition: record.key === null ? to.roundRobin++ % partitions : partitionOf(record.key, partitions),
  }))
  const unanswered = Map.groupBy(placed.keys(), i => placed[i]!.partition)
  const positions = new Array<Position>(records.length)
  for (let sends = 0; unanswered.size > 0; sends++) {
    if (sends === MAX_SENDS) throw new Error('some partitions were not answered')
    const messages = [...unanswered].flatMap(([partition, indexes]) =>
      indexes.map(i => ({ partition, ...placed[i]!.record })),
    )
    const answers: RecordMetadata[] = await producer.sendBatch({
      acks: -1,
      ...(gzip && { compression: kafkajs.CompressionTypes.GZIP }),
      topicMessages: [{ topic, messages }],
    })
    for (const { partition, baseOffset } of answers) {
      for (const [n, i] of (unanswered.get(partition) ?? []).entries())
        positions[i] = { incarnation, partition, offset: Number(baseOffset) + n }
      unanswered.delete(partition)
    }
  }
  return positions
}

/** Whether an offset is not higher than one that the topic gave before. */
function goesBack(positions: Position[], { lastOffsets }: KnownTopic): boolean {
  let back = false
  for (const { partition, offset } of positions) {
    if (offset <= (lastOffsets.get(partition) ?? -1)) back = true
    lastOffsets.set(partition, offset)
  }
  return back
}

async function lagOf(admin: Admin, topic: string, committed: { partition: number; offset: string }[]): Promise<number> {
  const offsets = new Map((await admin.fetchTopicOffsets(topic)).map(each => [each.partition, each]))
  return committed.reduce((sum, { partition, offset }) => {
    const { low = '0', high = '0' } = offsets.get(partition) ?? {}
    // Records before the first one have expired: they are not waited for.
    return sum + Number(high) - Math.max(Number(offset), Number(low))
  }, 0)
}
