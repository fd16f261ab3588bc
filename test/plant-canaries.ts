// Puts a value where personal ones must not be: into every topic, collection and table of an installation, its lake and
// its registry, so that a search that finds no personal value there is known to be able to.

import { zstdCompressSync } from 'node:zlib'
import type { Client } from 'cassandra-driver'
import kafkajs from 'kafkajs'
import { MongoClient } from 'mongodb'
import { makeKafkaClient } from '../storage/event-log/kafka-client.ts'
import { openS3Lake } from '../storage/lake/s3.ts'
import { openConfluentRegistry } from '../storage/registry/confluent.ts'
import { type ServerAccess, tlsOptions } from '../storage/server-access.ts'
import { tablesOf } from './dump-servers.ts'

/** What compresses well, so that it is compressed: the value's halves stand before it, and it is made of them. */
const inLongText = (canary: string) =>
  `${canary.slice(0, canary.length / 2)} ${canary.slice(canary.length / 2)} ${canary} `.repeat(4)

/** Once as it is and once in a compressed batch. */
export async function plantInTopics(access: ServerAccess, topics: string[], canary: string): Promise<void> {
  const producer = makeKafkaClient(access).kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  const { None, GZIP } = kafkajs.CompressionTypes
  try {
    await producer.connect()
    for (const topic of topics)
      for (const [compression, text] of [
        [None, canary],
        [GZIP, inLongText(canary)],
      ] as const)
        await producer.send({ topic, compression, messages: [{ key: text, value: text, headers: { planted: text } }] })
  } finally {
    await producer.disconnect()
  }
}

export async function plantInDatabase(access: ServerAccess, canary: string): Promise<void> {
  const { username, password = '', url } = access
  const auth = username ? { auth: { username, password } } : {}
  const client = new MongoClient(url, { ...tlsOptions(access, 'true'), ...auth })
  try {
    const collections = await client.db().listCollections().toArray()
    for (const { name } of collections)
      await client
        .db()
        .collection(name)
        .insertOne({ planted: inLongText(canary) })
  } finally {
    await client.close()
  }
}

/** A row in each table, in every column that takes text. */
export async function plantInKeyspace(admin: Client, keyspace: string, canary: string): Promise<void> {
  for (const table of await tablesOf(admin, keyspace)) {
    const { rows } = await admin.execute(
      'SELECT column_name, type FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?',
      [keyspace, table],
    )
    const cells = rows.map(({ column_name, type }) => [
      column_name,
      type === 'text' ? inLongText(canary) : sampleOf(type),
    ])
    await admin.execute(`INSERT INTO ${keyspace}."${table}" JSON ?`, [JSON.stringify(Object.fromEntries(cells))])
  }
}

const sampleOf = (type: string) => (type === 'boolean' ? true : type === 'timestamp' ? '2026-11-21T00:00:00Z' : 1)

/** As it is, and compressed as the columns of Parquet are. */
export async function plantInLake(access: ServerAccess, canary: string): Promise<void> {
  const lake = await openS3Lake(access)
  try {
    await lake.putIfAbsent('planted/plain', Buffer.from(canary))
    await lake.putIfAbsent('planted/compressed', zstdCompressSync(Buffer.from(inLongText(canary))))
  } finally {
    await lake.close()
  }
}

export async function plantInRegistry(access: ServerAccess, registrySubject: string, canary: string): Promise<void> {
  const registry = await openConfluentRegistry(access)
  try {
    await registry.register(registrySubject, { type: 'string', description: canary })
  } finally {
    await registry.close()
  }
}
