// What the Kafka tests share: a log on the engine's Kafka, fresh names, and a reader.

import { randomUUID } from 'node:crypto'
import { engineAccess, engineSettings } from '../../test/engines/environment.ts'
import { eventually } from '../../test/eventually.ts'
import type { ServerAccess } from '../server-access.ts'
import type { EventLog, RecordBatch } from './event-log.ts'
import { openKafkaEventLog } from './kafka.ts'

const { ECLUSE_KAFKA_REPLICATION = '3', ECLUSE_KAFKA_MIN_INSYNC_REPLICAS = '2' } = engineSettings()
export const options = {
  replication: Number(ECLUSE_KAFKA_REPLICATION),
  minInsyncReplicas: Number(ECLUSE_KAFKA_MIN_INSYNC_REPLICAS),
  sessionMs: 10_000,
  maxRecordBytes: 2_097_152,
  queueBytes: 67_108_864,
  appendMs: 20_000,
}
export const access = engineAccess('event-log')
export const open = (changed: Partial<ServerAccess> = {}) => openKafkaEventLog({ ...access, ...changed }, options)

export const fresh = (kind = 'topic') => `ecluse.own-${kind}-${randomUUID()}`
export const entry = (topic: string, value: string, key: string | null = null) => ({
  topic,
  record: { key, value: Buffer.from(value), headers: {} },
})

/** The values that a group is given, until there are so many. */
export async function take(reader: EventLog, topics: string[], group: string, count: number): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  const taken = () => batches.reduce((sum, { records }) => sum + records.length, 0)
  const handle = async (batch: RecordBatch) => void batches.push(batch)
  const consumer = await reader.consume({ group, topics, batchSize: 10, handle, onError: () => {} })
  await eventually(`${count} records are consumed`, () => taken() >= count)
  await consumer.stop()
  return batches
}
