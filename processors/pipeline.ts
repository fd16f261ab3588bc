// From the log to where events rest: each batch of a partition is archived, told first copy from duplicate and
// conflict, and only then is its position committed. Exact after a crash, a replay or two owners of one partition,
// because the archive decides once which copy has effect.

import type { Catalogue } from '../governance/contract/catalogue.ts'
import { quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import { loggable } from '../runtime/loggable.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Consumer, EventLog, RecordBatch } from '../storage/event-log/event-log.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { applyRetention, type RetentionDeps } from './apply-retention.ts'
import { archiveEvents } from './archive-events.ts'
import { carryQuarantine } from './carry-quarantine.ts'
import { readRecords } from './read-records.ts'
import { storeAnomalies } from './store-anomalies.ts'

const ARCHIVE_GROUP = 'ecluse.archive'
const QUARANTINE_GROUP = 'ecluse.quarantine'

export interface PipelineDeps extends RetentionDeps {
  catalogue: Catalogue
  log: EventLog
  vault: Vault
  logger: Logger
  batchSize: number
  /** Told what became of records: effective, held, duplicate, conflict, erased, unreadable, quarantined. */
  count: (dataset: string, effect: string, records: number) => void
}

export interface Pipeline {
  /** Takes up the topics of contracts that went live since, and applies what changed of their retention. */
  refresh(): Promise<void>
  /** Records not yet handled. */
  lag(): Promise<number>
  /** Topics whose last batch could not be handled: it is tried again. */
  failing(): string[]
  stop(): Promise<void>
}

/** One batch of a dataset's topic. Whatever throws here brings the same batch again. */
export async function processEvents(deps: PipelineDeps, dataset: string, batch: RecordBatch): Promise<void> {
  const { events, unreadable } = readRecords(batch)
  const erased = await deps.vault.findErasedPseudonyms(events.flatMap(({ record }) => record.subject ?? []))
  const living = events.filter(({ record }) => record.subject === null || !erased.has(record.subject))
  const { effective, duplicates, conflicts } = await archiveEvents(deps, living)
  await storeAnomalies(deps, dataset, { conflicts, unreadable })

  const held = effective.filter(({ record }) => record.held)
  deps.count(dataset, 'effective', effective.length - held.length)
  deps.count(dataset, 'held', held.length)
  deps.count(dataset, 'duplicate', duplicates.length)
  deps.count(dataset, 'conflict', conflicts.length)
  deps.count(dataset, 'erased', events.length - living.length)
  deps.count(dataset, 'unreadable', unreadable.length)
}

/** Starts consuming every live dataset's two topics: its events, and those that were rejected. */
export async function startPipeline(deps: PipelineDeps): Promise<Pipeline> {
  const consumers = new Map<string, Consumer>()
  const failing = new Set<string>()
  let refreshed = Promise.resolve()

  async function consume(group: string, topic: string, handle: (batch: RecordBatch) => Promise<void>): Promise<void> {
    if (consumers.has(topic)) return
    const consumer = await deps.log.consume({
      group,
      topics: [topic],
      batchSize: deps.batchSize,
      handle: async batch => {
        await handle(batch)
        failing.delete(topic)
      },
      onError: error => {
        failing.add(topic)
        deps.logger.error({ topic, err: loggable(error) }, 'a batch will be tried again')
      },
    })
    consumers.set(topic, consumer)
  }

  async function consumeAll(): Promise<void> {
    for (const { dataset } of deps.catalogue.all()) {
      await consume(ARCHIVE_GROUP, topicOf(dataset), batch => processEvents(deps, dataset, batch))
      await consume(QUARANTINE_GROUP, quarantineTopicOf(dataset), batch => carryQuarantine(deps, dataset, batch))
    }
  }

  async function refresh(): Promise<void> {
    await consumeAll()
    for (const contract of deps.catalogue.all()) await applyRetention(deps, contract)
  }

  await consumeAll()
  return {
    refresh: () => {
      // One after the other: none consumes a topic twice, and the newest retention is applied last.
      const next = refreshed.then(refresh)
      refreshed = next.catch(() => {})
      return next
    },
    lag: async () => {
      const datasets = deps.catalogue.all().map(({ dataset }) => dataset)
      return (
        (await deps.log.lag(ARCHIVE_GROUP, datasets.map(topicOf))) +
        (await deps.log.lag(QUARANTINE_GROUP, datasets.map(quarantineTopicOf)))
      )
    },
    failing: () => [...failing],
    stop: async () => {
      await refreshed
      await Promise.all([...consumers.values()].map(consumer => consumer.stop()))
    },
  }
}
