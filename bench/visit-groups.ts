// A second member of the processors' consumer groups, on Kafka: it is given partitions, handles nothing of them, commits
// nothing, and leaves. Each time it comes or goes, kafkajs shares all partitions out anew.

import { ledgerTopicOf, quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import { LAKE_GROUP } from '../processors/lake/start-lake.ts'
import { ARCHIVE_GROUP, LEDGER_GROUP, QUARANTINE_GROUP } from '../processors/pipeline.ts'
import { assignSubscribed } from '../storage/event-log/assign-subscribed.ts'
import { makeKafkaClient } from '../storage/event-log/kafka-client.ts'
import type { ServerAccess } from '../storage/server-access.ts'
import { eventually } from '../test/eventually.ts'

const GROUPS = {
  [ARCHIVE_GROUP]: topicOf,
  [LAKE_GROUP]: topicOf,
  [QUARANTINE_GROUP]: quarantineTopicOf,
  [LEDGER_GROUP]: ledgerTopicOf,
}
/** The others of a group have to finish their batches, or to be taken for dead. */
const LIMIT_MS = 120_000

/** How long it does nothing between two heartbeats. */
const FETCH_WAIT_MS = 500

export interface Visit {
  /** How often partitions were shared out so far while it was there. */
  rebalances(): number
  leave(): Promise<void>
}

/** Resolves once it has been given partitions of the dataset in each group. */
export async function visitGroups(access: ServerAccess, dataset: string, sessionMs: number): Promise<Visit> {
  const { kafka } = makeKafkaClient(access)
  const members = Object.entries(GROUPS).map(([group, topicFor]) => {
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionMs,
      heartbeatInterval: Math.ceil(sessionMs / 10),
      rebalanceTimeout: 2 * sessionMs,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      partitionAssigners: [assignSubscribed],
    })
    const member = { group, topic: topicFor(dataset), consumer, rebalances: 0, partitions: [] as number[] }
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
      member.rebalances++
      member.partitions = memberAssignment[member.topic] ?? []
      // They stand still meanwhile: nothing is fetched.
      if (member.partitions.length > 0) consumer.pause([{ topic: member.topic, partitions: member.partitions }])
    })
    return member
  })
  for (const { consumer, topic } of members) {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} })
  }
  for (const member of members)
    await eventually(`${member.group} has given partitions away`, () => member.partitions.length > 0, LIMIT_MS)
  return {
    rebalances: () => members.reduce((sum, { rebalances }) => sum + rebalances, 0),
    leave: async () => void (await Promise.all(members.map(({ consumer }) => consumer.disconnect()))),
  }
}
