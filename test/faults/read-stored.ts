// Looks into log and archive from outside, through the very ports.

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { accessOf } from '../../cli/open-stores.ts'
import { type Config, readConfig } from '../../runtime/config.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import { openMongoDocuments } from '../../storage/documents/mongo.ts'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import type { EventLog } from '../../storage/event-log/event-log.ts'
import { openKafkaEventLog } from '../../storage/event-log/kafka.ts'
import { openSqliteEventLog } from '../../storage/event-log/sqlite.ts'
import { readEventRecord } from '../../storage/event-record.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import { collections, eventDocumentId } from '../../storage/stored-shapes.ts'
import type { LogCopy, Stored } from './judge.ts'
import { holdsWithin } from './pause.ts'

const PAGE = 1_000
const READ_MS = 60_000
const ARCHIVE_GROUP = 'ecluse.archive'

export interface Place {
  dataset: string
  topic: string
}

export interface Eye {
  /** Everything of the dataset; not while it grows. */
  read(): Promise<Stored>
  archive(): Promise<StoredEvent[]>
  isArchived(id: string): Promise<boolean>
  /** Records that the processors have not handled yet. */
  lag(): Promise<number>
  close(): Promise<void>
}

/** @param settings Écluse's own, naming Kafka and MongoDB, or neither */
export async function openEye(settings: Record<string, string>, place: Place): Promise<Eye> {
  const ours = Object.entries(settings).filter(([name]) => name.startsWith('ECLUSE_'))
  const config = readConfig(Object.fromEntries(ours))
  const isEmbedded = config.eventLog === 'sqlite:'
  const documents = isEmbedded
    ? await openSqliteDocuments(join(config.dataDir, 'documents.sqlite'))
    : await openMongoDocuments(accessOf(config, 'documents'))
  await documents.ensureCollection('events', collections.events)
  const log = isEmbedded ? undefined : openKafka(config)
  return eyeOn(log ? work => work(log) : embeddedLog(config), documents, place, log)
}

type WithLog = <T>(work: (log: EventLog) => Promise<T>) => Promise<T>

/** Opened anew each time: an embedded log knows only what was there, and what it appends itself. */
function embeddedLog({ dataDir }: Config): WithLog {
  return async work => {
    const log = openSqliteEventLog(join(dataDir, 'event-log.sqlite'))
    try {
      return await work(log)
    } finally {
      await log.close()
    }
  }
}

function openKafka(config: Config): EventLog {
  return openKafkaEventLog(accessOf(config, 'eventLog'), {
    replication: config.kafkaReplication,
    minInsyncReplicas: config.kafkaMinInsyncReplicas,
    maxRecordBytes: config.maxRecordBytes,
    queueBytes: config.appendQueueBytes,
    appendMs: config.appendMs,
    sessionMs: config.kafkaSessionMs,
  })
}

function eyeOn(withLog: WithLog, documents: Documents, { dataset, topic }: Place, kept: EventLog | undefined): Eye {
  return {
    read: async () => ({
      archive: await readArchive(documents, dataset),
      log: await withLog(log => readLog(log, topic)),
    }),
    archive: () => readArchive(documents, dataset),
    isArchived: async id => (await documents.get('events', eventDocumentId(dataset, id))) !== undefined,
    lag: () => withLog(log => log.lag(ARCHIVE_GROUP, [topic])),
    close: async () => void (await Promise.allSettled([kept?.close(), documents.close()])),
  }
}

async function readArchive(documents: Documents, dataset: string): Promise<StoredEvent[]> {
  const found: StoredEvent[] = []
  for (let after: { id: string } | undefined; ; ) {
    const page = await documents.find('events', { where: { dataset }, limit: PAGE, ...(after && { after }) })
    found.push(...page.map(({ body }) => body as unknown as StoredEvent))
    if (page.length < PAGE) return found
    after = { id: page.at(-1)!.id }
  }
}

async function readLog(log: EventLog, topic: string): Promise<LogCopy[]> {
  const group = `ecluse.oracle.${randomUUID()}`
  const copies: LogCopy[] = []
  let failure: Error | undefined
  const consumer = await log.consume({
    group,
    topics: [topic],
    batchSize: PAGE,
    handle: async ({ partition, records }) => {
      for (const record of records) copies.push({ id: readEventRecord(record).id, partition, offset: record.offset })
    },
    onError: error => {
      failure = error
    },
  })
  try {
    await holdsWithin(READ_MS, 'the log is read to its end', async () => (await log.lag(group, [topic])) === 0)
  } catch (error) {
    throw failure ?? error
  } finally {
    await consumer.stop()
  }
  // A batch whose position could not be committed comes again.
  return [...new Map(copies.map(copy => [`${copy.partition}/${copy.offset}`, copy])).values()]
}
