// Which member of a consumer group reads which partition. kafkajs's own assigner gives every topic the leader knows to
// every member; here a member only gets topics it subscribed to, so that members whose policies differ, as they do
// while an edit is rolled out, can share a group.

import { AssignerProtocol, type Cluster, type PartitionAssigner } from 'kafkajs'

const NAME = 'EcluseSubscribed'

/** What kafkajs's cluster has and its types leave out. */
interface TopicCluster {
  addMultipleTargetTopics(topics: string[]): Promise<void>
}

export const assignSubscribed: PartitionAssigner = ({ cluster }) => ({
  name: NAME,
  version: 0,
  protocol: ({ topics }) => ({
    name: NAME,
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
  }),
  assign: async ({ members }) => {
    const subscriptions = new Map(
      members.map(({ memberId, memberMetadata }) => [
        memberId,
        AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? [],
      ]),
    )
    const topics = [...new Set([...subscriptions.values()].flat())]
    const partitions = await partitionsOf(cluster, topics)
    return [...sharePartitions(subscriptions, partitions)].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) }),
    }))
  },
})

async function partitionsOf(cluster: Cluster, topics: string[]): Promise<Map<string, number[]>> {
  await (cluster as unknown as TopicCluster).addMultipleTargetTopics(topics)
  return new Map(
    topics.map(topic => [topic, cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)]),
  )
}

/**
 * Each partition to the subscribed member that has the fewest so far, ties to the lower member id: the same answer
 * whoever leads the group.
 */
export function sharePartitions(
  subscriptions: Map<string, string[]>,
  partitions: Map<string, number[]>,
): Map<string, Record<string, number[]>> {
  const members = [...subscriptions.keys()].sort()
  const shares = new Map(members.map(member => [member, {} as Record<string, number[]>]))
  const counts = new Map(members.map(member => [member, 0]))
  for (const [topic, ids] of [...partitions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const subscribed = members.filter(member => subscriptions.get(member)!.includes(topic))
    for (const id of ids.toSorted((a, b) => a - b)) {
      const least = Math.min(...subscribed.map(member => counts.get(member)!))
      const member = subscribed.find(each => counts.get(each) === least)
      if (member === undefined) continue
      const share = shares.get(member)!
      share[topic] = [...(share[topic] ?? []), id]
      counts.set(member, least + 1)
    }
  }
  return shares
}
