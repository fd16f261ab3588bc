// The server sides of the ports, each loaded when a configuration names its server: loading a driver takes longer than
// opening an embedded side.

import type { KafkaEventLogOptions } from '../storage/event-log/kafka.ts'
import type { TopicDefaults } from '../storage/event-log/kafka-topics.ts'
import type { S3Access } from '../storage/lake/s3-client.ts'
import type { ServerAccess } from '../storage/server-access.ts'

export const openKafkaEventLog = async (access: ServerAccess, options: KafkaEventLogOptions) =>
  (await import('../storage/event-log/kafka.ts')).openKafkaEventLog(access, options)

export const openConfluentRegistry = async (access: ServerAccess) =>
  (await import('../storage/registry/confluent.ts')).openConfluentRegistry(access)

export const openMongoVault = async (access: ServerAccess) =>
  (await import('../storage/vault/mongo.ts')).openMongoVault(access)

export const openMongoDocuments = async (access: ServerAccess) =>
  (await import('../storage/documents/mongo.ts')).openMongoDocuments(access)

export const openCassandraTables = async (access: ServerAccess) =>
  (await import('../storage/tables/cassandra.ts')).openCassandraTables(access)

export const openS3Lake = async (access: S3Access) => (await import('../storage/lake/s3.ts')).openS3Lake(access)

export const examineKafka = async (access: ServerAccess, defaults: TopicDefaults) =>
  (await import('../storage/event-log/examine-kafka.ts')).examineKafka(access, defaults)

export const examineBucket = async (access: S3Access) =>
  (await import('../storage/lake/s3-examine.ts')).examineBucket(access)
