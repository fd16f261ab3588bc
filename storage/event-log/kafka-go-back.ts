// Where a member reads on from, once partitions have come into its hands: their handler may need them from before the
// group's position.

import type { Consumer } from 'kafkajs'
import type { ConsumeOptions } from './event-log.ts'

export interface Committed {
  topic: string
  partitions: { partition: number; offset: string; metadata: string | null }[]
}

interface GoBackDeps {
  fetchCommitted: (group: string, topic: string) => Promise<Committed[]>
  consumer: Pick<Consumer, 'seek'>
  /** Incarnations by topic. */
  identities: Map<string, string>
}

/**
 * To where a partition is needed from. What comes before that is done, or where it fails, its handler has to send back.
 * Never rejects: nobody waits for it.
 */
export async function goBack(
  { fetchCommitted, consumer, identities }: GoBackDeps,
  { group, begin }: Pick<ConsumeOptions, 'group' | 'begin'>,
  assigned: Record<string, number[]>,
): Promise<void> {
  if (!begin) return
  for (const [topic, partitions] of Object.entries(assigned)) {
    const incarnation = identities.get(topic)
    if (incarnation === undefined) continue
    const [committed] = await fetchCommitted(group, topic).catch(() => [])
    for (const partition of partitions) {
      const at = committed?.partitions.find(each => each.partition === partition)
      const needed = await begin({ topic, incarnation, partition }).catch(() => undefined)
      if (needed === undefined || !at || Number(at.offset) <= needed) continue
      try {
        consumer.seek({ topic, partition, offset: String(needed) })
      } catch {
        // The member ended meanwhile. Whoever has the partition next goes back by itself.
        return
      }
    }
  }
}
