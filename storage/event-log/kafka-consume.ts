// A member of a consumer group. A batch is handled, then committed; one that fails pauses its partition alone and comes
// again. Rebalances are eager here, so two owners of a partition may overlap: the stores' guards make that harmless.

import type { EachBatchPayload, IHeaders, Kafka, Consumer as KafkaConsumer } from 'kafkajs'
import { assignSubscribed } from './assign-subscribed.ts'
import { type ConsumeOptions, type Consumer, type LogEnd, ReadFrom, type StoredRecord } from './event-log.ts'
import { type Committed, goBack } from './kafka-go-back.ts'
import { MetadataRefused, type TopicIdentities } from './kafka-topic-ids.ts'

/** Pause before a failed batch, or a consumer that failed, is tried again: doubled up to the longest. */
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 5_000
/** Partitions handled side by side, so that one slow batch does not hold up the others. */
const CONCURRENT_PARTITIONS = 4
/** How long a broker may hold an empty fetch; stopping waits for it. */
const FETCH_WAIT_MS = 500
/** Why a member ended that has nothing wrong with it. */
const TOPICS_CHANGED = Symbol('topics changed')
const FETCH_BYTES = 8 * 1_048_576

export interface ConsumeDeps {
  kafka: Kafka
  identify: (topics: string[]) => Promise<TopicIdentities>
  fetchCommitted: (group: string, topic: string) => Promise<Committed[]>
  /** A member that says nothing for this long is taken for dead. */
  sessionMs: number
  maxRecordBytes: number
  /** Turns an error of kafkajs into the port's own. */
  unavailable: (error: unknown) => Error
}

/** Starts consuming and goes on by itself, whatever fails, until stopped. */
export async function consumeKafka(deps: ConsumeDeps, options: ConsumeOptions): Promise<Consumer> {
  let stopped = false
  let running: Awaited<ReturnType<typeof runMember>> | undefined
  let wake = () => {}

  async function supervise(): Promise<void> {
    for (let attempts = 0; !stopped; attempts++) {
      try {
        running = await runMember(deps, options)
        if (stopped) break
        const crash = await running.crashed
        if (stopped) break
        if (running.hasJoined()) attempts = 0
        if (crash !== TOPICS_CHANGED) throw crash
      } catch (error) {
        options.onError(deps.unavailable(error))
      }
      await running?.stop()
      running = undefined
      await pause(attempts)
    }
    await running?.stop()
  }

  async function pause(attempts: number): Promise<void> {
    if (stopped) return
    const { promise, resolve } = Promise.withResolvers<void>()
    wake = resolve
    const timer = setTimeout(resolve, Math.min(FIRST_RETRY_MS * 2 ** attempts, LONGEST_RETRY_MS))
    await promise
    clearTimeout(timer)
  }

  const supervised = supervise()
  return {
    stop: async () => {
      stopped = true
      wake()
      await running?.stop()
      await supervised
    },
    commit: async ends => running !== undefined && (await running.commit(ends)),
  }
}

/** One life of a member: until it crashes or is stopped. */
async function runMember(deps: ConsumeDeps, options: ConsumeOptions) {
  const { kafka, sessionMs, maxRecordBytes } = deps
  const identities = await usable(deps, options)
  const topics = [...identities.keys()]
  const consumer = kafka.consumer({
    groupId: options.group,
    sessionTimeout: sessionMs,
    heartbeatInterval: Math.ceil(sessionMs / 10),
    rebalanceTimeout: 2 * sessionMs,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: Math.max(1_048_576, maxRecordBytes),
    maxBytes: Math.max(FETCH_BYTES, maxRecordBytes),
    // This page decides what happens after a crash.
    retry: { restartOnFailure: async () => false },
    partitionAssigners: [assignSubscribed],
  })
  const retries = new Map<string, { attempts: number; timer: NodeJS.Timeout }>()
  const { promise: crashed, resolve: crash } = Promise.withResolvers<unknown>()
  consumer.on(consumer.events.CRASH, ({ payload }) => crash(payload.error))
  let joined = false
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    joined = true
    options.onJoin?.()
    void goBack({ ...deps, consumer, identities }, options, payload.memberAssignment)
  })
  const watch = setInterval(() => void lookForChanges(deps, options.topics, identities, crash), LONGEST_RETRY_MS)
  const stop = async () => {
    crash(undefined)
    clearInterval(watch)
    for (const { timer } of retries.values()) clearTimeout(timer)
    await consumer.disconnect().catch(() => {})
  }
  try {
    await consumer.connect()
    await consumer.subscribe({ topics, fromBeginning: true })
    const incarnations = watchIncarnations(deps, consumer, options.group)
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: CONCURRENT_PARTITIONS,
      eachBatch: payload => eachBatch(payload, options, { consumer, incarnations, retries, sessionMs }),
    })
    for (const [topic, id] of identities) await incarnations.begin(topic, id)
  } catch (error) {
    await stop()
    throw error
  }
  /** What this member may not commit any more, another one does. */
  const commit = (ends: LogEnd[]) =>
    consumer
      .commitOffsets(
        ends.map(({ incarnation, offset, ...place }) => ({ ...place, offset: String(offset), metadata: incarnation })),
      )
      .then(
        () => true,
        () => false,
      )
  return { crashed, stop, commit, hasJoined: () => joined }
}

/** kafkajs cannot consume a list of topics of which one is gone, denied or broken: it must not hold up the others. */
async function usable(
  { identify, unavailable }: ConsumeDeps,
  { topics, onError }: ConsumeOptions,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  let refused: MetadataRefused | undefined
  for (const [topic, found] of await identify(topics)) {
    if (!(found instanceof MetadataRefused)) ids.set(topic, found.id)
    else {
      refused = found
      onError(unavailable(found), { topic, partition: null })
    }
  }
  if (ids.size === 0 && refused) throw refused
  return ids
}

/** Ends this life of the member once a topic that it left out can be read, or one that it reads was made anew. */
async function lookForChanges(
  { identify }: ConsumeDeps,
  topics: string[],
  known: Map<string, string>,
  crash: (reason: unknown) => void,
): Promise<void> {
  // Without an answer there is nothing to compare.
  const identities = await identify(topics).catch(() => new Map())
  for (const [topic, found] of identities)
    if (!(found instanceof MetadataRefused) && found.id !== known.get(topic)) crash(TOPICS_CHANGED)
}

interface BatchDeps {
  consumer: KafkaConsumer
  incarnations: ReturnType<typeof watchIncarnations>
  retries: Map<string, { attempts: number; timer: NodeJS.Timeout }>
  sessionMs: number
}

async function eachBatch(payload: EachBatchPayload, options: ConsumeOptions, deps: BatchDeps): Promise<void> {
  const { batch, resolveOffset, commitOffsetsIfNecessary, heartbeat, isRunning, isStale } = payload
  const { topic, partition } = batch
  const incarnation = await deps.incarnations.of(topic, partition)
  if (incarnation === undefined) return
  for (let start = 0; start < batch.messages.length && isRunning() && !isStale(); start += options.batchSize) {
    const records = batch.messages
      .slice(start, start + options.batchSize)
      .map((message): StoredRecord => toRecord(topic, partition, message))
    const beating = setInterval(() => void heartbeat().catch(() => {}), Math.ceil(deps.sessionMs / 10))
    try {
      await options.handle({ topic, partition, incarnation, records })
    } catch (error) {
      if (error instanceof ReadFrom) {
        deps.consumer.seek({ topic, partition, offset: String(error.offset) })
        return
      }
      comeAgain(payload, deps.retries)
      options.onError(error instanceof Error ? error : new Error('a batch was not handled', { cause: error }), {
        topic,
        partition,
      })
      return
    } finally {
      clearInterval(beating)
    }
    deps.retries.delete(`${topic}/${partition}`)
    const next = String(records.at(-1)!.offset + 1)
    resolveOffset(batch.messages[start + records.length - 1]!.offset)
    const partitions = [{ partition, offset: next, metadata: incarnation }]
    // By this call, since the consumer's own does nothing while it stops: what was handled would come again.
    if (options.commits !== 'by hand') await commitOffsetsIfNecessary({ topics: [{ topic, partitions }] })
    await heartbeat()
  }
}

/** Pauses the partition for a growing while; what was not resolved is then fetched again. */
function comeAgain({ batch: { topic, partition }, pause }: EachBatchPayload, retries: BatchDeps['retries']): void {
  const attempts = (retries.get(`${topic}/${partition}`)?.attempts ?? 0) + 1
  const resume = pause()
  const timer = setTimeout(resume, Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LONGEST_RETRY_MS))
  retries.set(`${topic}/${partition}`, { attempts, timer })
}

/**
 * Knows which incarnation a batch belongs to. It is asked before and after each batch was fetched, so to say: if the
 * topic's id is still what it was at the batch before, all that came between belongs to it. A position committed for
 * another incarnation, or a topic that changed, starts again from the first record.
 */
function watchIncarnations({ identify, fetchCommitted }: ConsumeDeps, consumer: KafkaConsumer, group: string) {
  const known = new Map<string, string>()

  /** A position that was committed for another incarnation may lie beyond the end of this one: nothing would come. */
  async function begin(topic: string, id: string): Promise<void> {
    const [committed] = await fetchCommitted(group, topic)
    for (const { partition, metadata } of committed?.partitions ?? []) {
      if (!metadata || metadata === id) continue
      known.set(`${topic}/${partition}`, id)
      consumer.seek({ topic, partition, offset: '0' })
    }
  }

  /** The incarnation, or undefined for a batch to drop, because reading starts anew. */
  async function of(topic: string, partition: number): Promise<string | undefined> {
    const found = (await identify([topic])).get(topic)!
    if (found instanceof MetadataRefused) throw found
    const { id } = found
    const key = `${topic}/${partition}`
    const before = known.get(key) ?? (await committedFor(topic, partition)) ?? id
    known.set(key, id)
    if (before === id) return id
    consumer.seek({ topic, partition, offset: '0' })
  }

  async function committedFor(topic: string, partition: number): Promise<string | undefined> {
    const [committed] = await fetchCommitted(group, topic)
    return committed?.partitions.find(each => each.partition === partition)?.metadata || undefined
  }

  return { begin, of }
}

function toRecord(topic: string, partition: number, message: EachBatchPayload['batch']['messages'][0]): StoredRecord {
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key === null ? null : message.key.toString(),
    headers: headersOf(message.headers ?? {}),
    value: message.value ?? Buffer.alloc(0),
  }
}

/** Of a header that came twice, the last one. */
function headersOf(headers: IHeaders): Record<string, string> {
  const texts = Object.entries(headers).flatMap(([name, value]) => {
    const last = Array.isArray(value) ? value.at(-1) : value
    return last === undefined ? [] : [[name, last.toString()] as const]
  })
  return Object.fromEntries(texts)
}
