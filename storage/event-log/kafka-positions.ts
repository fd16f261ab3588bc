// Where topics end, and how far a group has come: by Kafka's own offsets, and by the incarnation that the group's
// members commit beside theirs.

import type { Admin } from 'kafkajs'
import type { LogEnd } from './event-log.ts'
import type { Renewable } from './kafka-client.ts'
import { MetadataRefused, type TopicIdentities } from './kafka-topic-ids.ts'
import { onceSettled } from './kafka-topics.ts'

export interface PositionDeps {
  admin: Renewable<Admin>
  identify: (topics: string[]) => Promise<TopicIdentities>
}

/** A topic made anew while it is asked for is asked for again, this often at most. */
const MEETINGS = 5

/** Records that the group has not handled; those before a partition's first one have expired, and are not waited for. */
export function lagOf({ admin }: PositionDeps, group: string, topics: string[]): Promise<number> {
  return onceSettled(() =>
    admin.use(async each => {
      const committed = await each.fetchOffsets({ groupId: group, topics })
      const lags = committed.map(async ({ topic, partitions }) => {
        const bounds = await boundsOf(each, topic)
        return partitions.reduce((sum, { partition, offset }) => {
          const { low, high } = bounds.get(partition) ?? { low: 0, high: 0 }
          return sum + high - Math.max(Number(offset), low)
        }, 0)
      })
      return (await Promise.all(lags)).reduce((sum, lag) => sum + lag, 0)
    }),
  )
}

export async function endsOf(deps: PositionDeps, topics: string[]): Promise<LogEnd[]> {
  const ends = [...(await idsOf(deps, topics)).keys()].map(topic => topicEnds(deps, topic))
  return (await Promise.all(ends)).flat()
}

/** All of one incarnation: its id is the same before and after its offsets were asked for. */
async function topicEnds(deps: PositionDeps, topic: string): Promise<LogEnd[]> {
  for (let meeting = 0; meeting < MEETINGS; meeting++) {
    const incarnation = (await idsOf(deps, [topic])).get(topic)
    if (incarnation === undefined) return []
    const bounds = await onceSettled(() => deps.admin.use(each => boundsOf(each, topic)))
    if ((await idsOf(deps, [topic])).get(topic) === incarnation)
      return [...bounds].map(([partition, { high }]) => ({ topic, incarnation, partition, offset: high }))
  }
  throw new Error(`topic ${topic} was made anew at every look`)
}

/** A position that was committed for another incarnation says nothing: the group begins anew. */
export async function hasPassed(deps: PositionDeps, group: string, ends: LogEnd[]): Promise<boolean> {
  const ids = await idsOf(deps, [...new Set(ends.map(({ topic }) => topic))])
  const standing = ends.filter(({ topic, incarnation, offset }) => ids.get(topic) === incarnation && offset > 0)
  if (standing.length === 0) return true
  const topics = [...new Set(standing.map(({ topic }) => topic))]
  return onceSettled(() =>
    deps.admin.use(async each => {
      const passed = new Map<string, number>()
      for (const { topic, partitions } of await each.fetchOffsets({ groupId: group, topics })) {
        const bounds = await boundsOf(each, topic)
        for (const { partition, offset, metadata } of partitions) {
          const committed = metadata && metadata !== ids.get(topic) ? 0 : Number(offset)
          passed.set(`${topic}/${partition}`, Math.max(committed, bounds.get(partition)?.low ?? 0))
        }
      }
      return standing.every(({ topic, partition, offset }) => (passed.get(`${topic}/${partition}`) ?? 0) >= offset)
    }),
  )
}

/** The ids of those topics that exist. @throws MetadataRefused for one of which nothing can be known now */
async function idsOf({ identify }: PositionDeps, topics: string[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  if (topics.length === 0) return ids
  for (const [topic, found] of await identify(topics)) {
    if (!(found instanceof MetadataRefused)) ids.set(topic, found.id)
    else if (found.type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw found
  }
  return ids
}

/** First record and end of each partition. */
async function boundsOf(admin: Admin, topic: string): Promise<Map<number, { low: number; high: number }>> {
  const offsets = await admin.fetchTopicOffsets(topic)
  return new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]))
}
