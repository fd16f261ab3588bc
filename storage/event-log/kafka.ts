// The event log's real side: Kafka, by kafkajs. Sends wait for all in-sync replicas and are not idempotent: kafkajs's
// idempotent producer loses acknowledged records when one answer is lost under concurrent sends, while this one may
// store a record twice, which the archive's first-copy rule makes harmless.

import { reach } from '../reach.ts'
import type { ServerAccess } from '../server-access.ts'
import { coalesceAppends } from './coalesce-appends.ts'
import {
  type EventLog,
  EventLogUnavailable,
  type LogEntry,
  type LogRecord,
  type Position,
  type TopicSettings,
} from './event-log.ts'
import { explainKafka, type Operation } from './explain-kafka.ts'
import { isUnknownTopic, LONGEST_ATTEMPT_MS, makeKafkaClient, renewable } from './kafka-client.ts'
import { consumeKafka } from './kafka-consume.ts'
import { endsOf, hasPassed, lagOf } from './kafka-positions.ts'
import { makeProducers } from './kafka-producers.ts'
import { writeBatchesInOnePass } from './kafka-record-batch.ts'
import { goesBack, type KnownTopic, newlyKnown, sendAll } from './kafka-send.ts'
import { clusterOf, fetchTopicIdentities, MetadataRefused } from './kafka-topic-ids.ts'
import { ensureKafkaTopic, onceSettled, type TopicDefaults } from './kafka-topics.ts'

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
/**
 * No attempt begins once its append was given up (see `makeProducers`). One that had begun may still connect,
 * authenticate and wait for an answer, and a record the leader has then appears when the replicas that lag behind are
 * left out: after `replica.lag.time.max.ms`, 30 s by default. A broker that stood still in between may take longer.
 */
const LONGEST_APPEND_MS = LONGEST_ATTEMPT_MS + 30_000

/**
 * Opens the log. Nothing is connected yet: each operation connects by itself, also again after an outage.
 * @throws Error that says what is wrong with the settings
 */
export function openKafkaEventLog(access: ServerAccess, options: KafkaEventLogOptions): EventLog {
  const { kafka, servers, gzip } = makeKafkaClient(access)
  writeBatchesInOnePass()
  const explain = (operation: Operation, resource: string) =>
    explainKafka({ servers, username: access.username }, operation, resource)
  const cluster = clusterOf(kafka)
  const admin = renewable(() => kafka.admin())
  const producers = makeProducers(kafka)
  const topics = new Map<string, KnownTopic>()
  // Half, since sizes are estimated: a batch that is too large would be refused whole.
  const maxBytes = Math.min(MAX_SEND_BYTES, options.maxRecordBytes / 2)
  const identify = (names: string[]) => fetchTopicIdentities(cluster, names)
  const positions = { admin, identify }

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
    const deadlineMs = performance.now() + options.appendMs
    const sendBy = (to: KnownTopic) =>
      producers.use(topic, each => sendAll(each, { topic, records, to, gzip, maxBytes, deadlineMs }))
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
    maxBytes,
    queueBytes: options.queueBytes,
    sendMs: options.appendMs,
    send,
  })
  const run = <T>(operation: Operation, names: string[], work: () => Promise<T>) =>
    reach(EventLogUnavailable, work, explain(operation, names.join(', ')))

  function appendAll(entries: LogEntry[]): Promise<Position[]> {
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
  }

  return {
    ensureTopic: (topic, settings) => run('Create', [topic], async () => void (await ensure(topic, settings))),

    append: async (entries, receipt) => {
      const positions = await appendAll(entries)
      if (receipt) await appendAll(receipt())
      return positions
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

    lag: (group, names) => run('Describe', names, () => lagOf(positions, group, names)),
    ends: names => run('Describe', names, () => endsOf(positions, names)),
    hasPassed: (group, ends) =>
      run('Describe', [...new Set(ends.map(({ topic }) => topic))], () => hasPassed(positions, group, ends)),
    longestAppendMs: LONGEST_APPEND_MS,

    // Kafka enforces retention by itself.
    expire: async () => {},
    ping: () =>
      run('Describe', [], async () => {
        // The first one that was ensured stands for all: the rights of one prefix cover them.
        for (const found of (await identify([...topics.keys()].slice(0, 1))).values())
          if (found instanceof MetadataRefused) throw found
      }),
    close: async () => {
      await Promise.allSettled([producers.close(), admin.close(), cluster.disconnect()])
    },
  }
}
