// Makes a topic as its policy wants it, and looks at one that exists: a setting that undercuts the policy is brought
// back, and where it cannot be, the start says so.

import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import type { TopicSettings } from './event-log.ts'
import { RightMissing } from './explain-kafka.ts'
import { typesOf } from './kafka-client.ts'
import { MetadataRefused, type TopicIdentities, type TopicIdentity } from './kafka-topic-ids.ts'

export interface TopicDefaults {
  replication: number
  minInsyncReplicas: number
  /** Largest value of a record that a topic takes, bytes. */
  maxRecordBytes: number
}

const DAY_MS = 86_400_000
/** Key, headers and framing of a record, which count as well. */
const FRAME_BYTES = 65_536
/** A record outlives its retention by a segment at most: a tenth of it, and never more than a day. */
const SEGMENT_SHARE = 10
const LEAST_SEGMENT_MS = 1_000
/** `DescribeConfigs`: set on the topic itself. */
const DYNAMIC_TOPIC_CONFIG = 1

/** What Kafka is told, by its own names. */
export function topicConfig({ retentionMs }: TopicSettings, defaults: TopicDefaults): Record<string, string> {
  const segmentMs = Math.min(DAY_MS, Math.ceil((retentionMs ?? 7 * DAY_MS) / SEGMENT_SHARE))
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs ?? -1),
    'retention.bytes': '-1',
    'segment.ms': String(Math.max(LEAST_SEGMENT_MS, segmentMs)),
    // Retention runs from reception, not from what an event says of itself.
    'message.timestamp.type': 'LogAppendTime',
    'min.insync.replicas': String(defaults.minInsyncReplicas),
    'max.message.bytes': String(defaults.maxRecordBytes + FRAME_BYTES),
    'unclean.leader.election.enable': 'false',
  }
}

/** A topic's settings undercut the policy and may not be changed: says which, and what they should be. */
export class TopicUndercuts extends Error {
  override name = 'TopicUndercuts'
}

export interface TopicDeps {
  admin: Admin
  identify: (topics: string[]) => Promise<TopicIdentities>
  defaults: TopicDefaults
}

/**
 * Makes the topic or brings its settings to these; partitions and replicas of one that exists stay as they are.
 * @returns its identity
 * @throws TopicUndercuts when a setting differs and we lack the right to change it; errors of kafkajs
 */
export async function ensureKafkaTopic(
  { admin, identify, defaults }: TopicDeps,
  topic: string,
  settings: TopicSettings,
): Promise<TopicIdentity> {
  const found = (await identify([topic])).get(topic)!
  const wanted = topicConfig(settings, defaults)
  if (!(found instanceof MetadataRefused)) {
    await alignConfig(admin, topic, wanted)
    return found
  }
  if (found.type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw found
  const configEntries = Object.entries(wanted).map(([name, value]) => ({ name, value }))
  // False when another process was faster.
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: settings.partitions, replicationFactor: defaults.replication, configEntries }],
  })
  const made = (await identify([topic])).get(topic)!
  if (made instanceof MetadataRefused) throw made
  return made
}

const isDenied = (error: unknown) => typesOf(error).includes('TOPIC_AUTHORIZATION_FAILED')

/** What brokers say that do not know yet what the controller knows. */
const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP']
const SETTLE_MS = 10_000
const SETTLE_PAUSE_MS = 100

/** Repeats work that fails because a topic was made a moment ago, for a bounded time; the last failure is thrown. */
export async function onceSettled<T>(work: () => Promise<T>): Promise<T> {
  const startMs = performance.now()
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!typesOf(error).some(type => NOT_YET.includes(type)) || performance.now() - startMs > SETTLE_MS) throw error
      await sleep(SETTLE_PAUSE_MS)
    }
  }
}

async function alignConfig(admin: Admin, topic: string, wanted: Record<string, string>): Promise<void> {
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }
  const described = admin.describeConfigs({ resources: [resource], includeSynonyms: false })
  const { resources } = await described.catch(cause => {
    throw isDenied(cause) ? new RightMissing('DescribeConfigs', { cause }) : cause
  })
  const entries = resources[0]!.configEntries
  const current = new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
  const differing = Object.keys(wanted).filter(name => current.get(name) !== wanted[name])
  if (differing.length === 0) return
  // `AlterConfigs` replaces the whole set: what an operator set beside ours is sent along.
  const kept = entries
    .filter(({ configSource, isDefault }) => configSource === DYNAMIC_TOPIC_CONFIG && !isDefault)
    .map(({ configName, configValue }) => [configName, configValue] as const)
  const configEntries = [...new Map([...kept, ...Object.entries(wanted)])].map(([name, value]) => ({ name, value }))
  try {
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
  } catch (cause) {
    if (!isDenied(cause)) throw cause
    const sentence = differing.map(name => `${name}=${wanted[name]} (it is ${current.get(name)})`).join(', ')
    throw new TopicUndercuts(`topic ${topic} must have ${sentence}: set it, or grant AlterConfigs`, { cause })
  }
}
