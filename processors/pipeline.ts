// From the log to where events rest: each batch of a partition is archived, told first copy from duplicate and
// conflict, and only then is its position committed. Exact after a crash, a replay or two owners of one partition,
// because the archive decides once which copy has effect.

import type { Catalogue } from '../governance/contract/catalogue.ts'
import { topicOf } from '../governance/contract/topic-of.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { Consumer, EventLog, RecordBatch } from '../storage/event-log/event-log.ts'
import { QUARANTINE_TOPIC } from '../storage/quarantine-record.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { archiveEvents } from './archive-events.ts'
import { carryQuarantine } from './carry-quarantine.ts'
import { readRecords } from './read-records.ts'
import { storeAnomalies } from './store-anomalies.ts'

const ARCHIVE_GROUP = 'ecluse.archive'
const QUARANTINE_GROUP = 'ecluse.quarantine'

export interface PipelineDeps {
  catalogue: Catalogue
  log: EventLog
  vault: Vault
  documents: Documents
  logger: Logger
  batchSize: number
  now: () => number
  /** Told what became of records: effective, duplicate, conflict, erased, unreadable, quarantined. */
  count: (dataset: string, effect: string, records: number) => void
}

export interface Pipeline {
  /** Takes up the topics of contracts that went live since. */
  refresh(): Promise<void>
  /** Records not yet handled. */
  lag(): Promise<number>
  stop(): Promise<void>
}

/** One batch of a dataset's topic. Whatever throws here brings the same batch again. */
export async function processEvents(deps: PipelineDeps, batch: RecordBatch): Promise<void> {
  const { events, unreadable } = readRecords(batch)
  const erased = await deps.vault.findErasedPseudonyms(events.flatMap(({ record }) => record.subject ?? []))
  const living = events.filter(({ record }) => record.subject === null || !erased.has(record.subject))
  const { effective, duplicates, conflicts } = await archiveEvents(deps, living)
  await storeAnomalies(deps, batch, { conflicts, unreadable })

  const dataset = batch.topic.slice(topicOf('').length)
  deps.count(dataset, 'effective', effective.length)
  deps.count(dataset, 'duplicate', duplicates.length)
  deps.count(dataset, 'conflict', conflicts.length)
  deps.count(dataset, 'erased', events.length - living.length)
  deps.count(dataset, 'unreadable', unreadable.length)
}

/** Starts consuming every live dataset's topic, and the quarantine. */
export async function startPipeline(deps: PipelineDeps): Promise<Pipeline> {
  const consumers = new Map<string, Consumer>()
  const onError = (error: Error) =>
    deps.logger.error({ name: error.name, message: error.message }, 'a batch will be tried again')

  async function consume(group: string, topic: string, handle: (batch: RecordBatch) => Promise<void>): Promise<void> {
    if (consumers.has(topic)) return
    consumers.set(topic, await deps.log.consume({ group, topics: [topic], batchSize: deps.batchSize, handle, onError }))
  }

  async function refresh(): Promise<void> {
    for (const { dataset } of deps.catalogue.all())
      await consume(ARCHIVE_GROUP, topicOf(dataset), batch => processEvents(deps, batch))
  }

  await consume(QUARANTINE_GROUP, QUARANTINE_TOPIC, batch => carryQuarantine(deps, batch))
  await refresh()
  return {
    refresh,
    lag: async () => {
      const topics = deps.catalogue.all().map(({ dataset }) => topicOf(dataset))
      return (await deps.log.lag(ARCHIVE_GROUP, topics)) + (await deps.log.lag(QUARANTINE_GROUP, [QUARANTINE_TOPIC]))
    },
    stop: async () => {
      await Promise.all([...consumers.values()].map(consumer => consumer.stop()))
    },
  }
}
