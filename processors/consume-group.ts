// One member of a consumer group, over the topics of all datasets: what fails is logged, kept by its place, and tried
// again.

import { loggable } from '../runtime/loggable.ts'
import type { Logger } from '../runtime/logger.ts'
import type { ConsumeOptions, Consumer, EventLog, LogEnd, RecordBatch } from '../storage/event-log/event-log.ts'

export interface ConsumeGroupDeps {
  log: Pick<EventLog, 'consume'>
  logger: Pick<Logger, 'error'>
  batchSize: number
}

export interface GroupOptions extends Pick<ConsumeOptions, 'commits'> {
  group: string
  /** From where on a partition is needed. */
  begin?: (dataset: string, place: Pick<LogEnd, 'incarnation' | 'partition'>) => Promise<number>
  topicOf: (dataset: string) => string
  handle: (dataset: string, batch: RecordBatch) => Promise<void>
}

export interface GroupMember {
  /** Consumes these datasets' topics, and no others. */
  consume(datasets: string[]): Promise<void>
  commit(ends: LogEnd[]): Promise<boolean>
  stop(): Promise<void>
}

/** @param failing places that do not work now: `topic/partition`, or the group */
export function consumeGroup(
  { log, logger, batchSize }: ConsumeGroupDeps,
  failing: Set<string>,
  { group, topicOf, handle, commits, begin }: GroupOptions,
): GroupMember {
  let consumed = ''
  let consumer: Consumer | undefined

  /** A member names its topics when it joins: for another list it leaves and joins again. */
  async function consume(datasets: string[]): Promise<void> {
    const datasetOf = new Map(datasets.map(dataset => [topicOf(dataset), dataset]))
    const topics = [...datasetOf.keys()]
    if (topics.length === 0 || topics.join() === consumed) return
    await consumer?.stop()
    consumed = ''
    consumer = await log.consume({
      group,
      topics,
      batchSize,
      ...(commits && { commits }),
      ...(begin && { begin: place => begin(datasetOf.get(place.topic)!, place) }),
      handle: async batch => {
        await handle(datasetOf.get(batch.topic)!, batch)
        for (const place of [`${batch.topic}/${batch.partition}`, `${batch.topic}/null`, group]) failing.delete(place)
      },
      onError: (error, at) => {
        failing.add(at ? `${at.topic}/${at.partition}` : group)
        logger.error({ group, ...at, err: loggable(error) }, 'consuming failed; it will be tried again')
      },
      onJoin: () => failing.delete(group),
    })
    consumed = topics.join()
  }

  return {
    consume,
    commit: async ends => consumer !== undefined && (await consumer.commit(ends)),
    stop: async () => consumer?.stop(),
  }
}
