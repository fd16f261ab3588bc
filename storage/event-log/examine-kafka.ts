// What `ecluse doctor` asks of Kafka: whether it would let us make a topic as the configuration wants it, and show us
// its settings. Changes nothing. Whether records may be written and read only the first one tells.

import kafkajs, { type Admin } from 'kafkajs'
import { reach } from '../reach.ts'
import type { ServerAccess } from '../server-access.ts'
import { EventLogUnavailable } from './event-log.ts'
import { explainKafka, type Operation } from './explain-kafka.ts'
import { makeKafkaClient } from './kafka-client.ts'
import { type TopicDefaults, topicConfig } from './kafka-topics.ts'

/** Never made. */
const PROBE_TOPIC = 'ecluse.doctor'

/**
 * A sentence about the brokers.
 * @throws Error that says what is wrong with the settings; EventLogUnavailable when Kafka cannot be reached or would
 *   refuse a topic: what is missing and how to grant it
 */
export async function examineKafka(access: ServerAccess, defaults: TopicDefaults): Promise<string> {
  const { kafka, servers } = makeKafkaClient(access)
  const admin = kafka.admin({ retry: { retries: 1 } })
  const run = <T>(operation: Operation, work: () => Promise<T>) =>
    reach(EventLogUnavailable, work, explainKafka({ servers, username: access.username }, operation, PROBE_TOPIC))
  try {
    const { brokers } = await run('Describe', async () => {
      await admin.connect()
      return admin.describeCluster()
    })
    await run('Create', () => wouldMake(admin, defaults))
    await run('DescribeConfigs', () => askSettings(admin))
    const count = brokers.length === 1 ? '1 broker' : `${brokers.length} brokers`
    return `event-log: Kafka at ${servers}: ${count}, topics may be made`
  } finally {
    await admin.disconnect()
  }
}

/** The broker checks rights, replicas and settings, and goes no further. */
async function wouldMake(admin: Admin, defaults: TopicDefaults): Promise<void> {
  const entries = Object.entries(topicConfig({ partitions: 1, retentionMs: null }, defaults))
  const configEntries = entries.map(([name, value]) => ({ name, value }))
  const topic = { topic: PROBE_TOPIC, numPartitions: 1, replicationFactor: defaults.replication, configEntries }
  await admin.createTopics({ validateOnly: true, waitForLeaders: false, topics: [topic] })
}

async function askSettings(admin: Admin): Promise<void> {
  const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: PROBE_TOPIC }]
  try {
    await admin.describeConfigs({ resources, includeSynonyms: false })
  } catch (error) {
    // Only whoever may ask learns that it does not exist.
    if ((error as { type?: string }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
  }
}
