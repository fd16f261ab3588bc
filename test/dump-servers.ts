// Writes everything that an installation left on its servers into files, raw, so that every byte of it can be searched.
// Read with the drivers themselves where they know more than our ports do.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Client, types } from 'cassandra-driver'
import { BSON, MongoClient } from 'mongodb'
import { openBucket } from '../storage/lake/s3-client.ts'
import { openConfluentRegistry } from '../storage/registry/confluent.ts'
import { confluentClient } from '../storage/registry/confluent-client.ts'
import { type ServerAccess, tlsOptions } from '../storage/server-access.ts'
import { readTopics } from './read-topics.ts'

/** Between two things in one file, so that nothing is found over both. */
const GAP = Buffer.alloc(64)
const PAGE_KEYS = 1_000

async function write(path: string, parts: Iterable<Buffer | string>): Promise<void> {
  const bytes = [...parts].flatMap(part => [Buffer.from(part as string), GAP])
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, Buffer.concat(bytes))
}

/** One file a topic: keys, values and headers of every record. How many records there were. */
export async function dumpTopics(access: ServerAccess, topics: string[], dir: string): Promise<number> {
  const records = await readTopics(access, topics)
  for (const [topic, found] of Map.groupBy(records, each => each.topic)) {
    const parts = found.flatMap(({ key, value, headers }) => [key ?? '', value ?? '', ...headers.flat()])
    await write(join(dir, topic), parts)
  }
  return records.length
}

/** Two files a collection: every document as BSON and as Extended JSON; and one that names collections and indexes. */
export async function dumpDatabase(access: ServerAccess, dir: string): Promise<number> {
  const { username, password = '', url } = access
  const client = new MongoClient(url, {
    ...tlsOptions(access, 'true'),
    ...(username && { auth: { username, password } }),
  })
  let documents = 0
  try {
    const db = client.db()
    const described: string[] = []
    for (const { name } of await db.listCollections().toArray()) {
      const found = await db.collection(name).find({}, { promoteValues: false }).toArray()
      documents += found.length
      described.push(name, BSON.EJSON.stringify(await db.collection(name).indexes()))
      await write(
        join(dir, `${name}.bson`),
        found.map(document => Buffer.from(BSON.serialize(document))),
      )
      await write(
        join(dir, `${name}.json`),
        found.map(document => BSON.EJSON.stringify(document)),
      )
    }
    await write(join(dir, 'collections'), described)
  } finally {
    await client.close()
  }
  return documents
}

/** One file a table: every row as JSON, as CQL gives it; and one that describes the keyspace. */
export async function dumpKeyspace(admin: Client, keyspace: string, dir: string): Promise<number> {
  const described: string[] = []
  for (const schemaTable of ['tables', 'columns', 'indexes', 'views', 'types']) {
    const { rows } = await admin.execute(`SELECT JSON * FROM system_schema.${schemaTable} WHERE keyspace_name = ?`, [
      keyspace,
    ])
    described.push(...rows.map(row => row['[json]'] as string))
  }
  await write(join(dir, 'keyspace'), described)
  let count = 0
  for (const table of await tablesOf(admin, keyspace)) {
    const rows: string[] = []
    const stream = admin.stream(`SELECT JSON * FROM ${keyspace}."${table}"`) as unknown as AsyncIterable<types.Row>
    for await (const row of stream) rows.push(row['[json]'])
    await write(join(dir, table), rows)
    count += rows.length
  }
  return count
}

export async function tablesOf(admin: Client, keyspace: string): Promise<string[]> {
  const { rows } = await admin.execute('SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?', [
    keyspace,
  ])
  return rows.map(row => row.table_name as string)
}

/** One file an object, with the keys and metadata of all in another. */
export async function dumpBucket(access: ServerAccess, dir: string): Promise<number> {
  const bucket = openBucket(access)
  const described: string[] = []
  try {
    for (let token: string | undefined; ; ) {
      const command = new ListObjectsV2Command({
        Bucket: bucket.name,
        Prefix: bucket.keyPrefix,
        MaxKeys: PAGE_KEYS,
        ...(token && { ContinuationToken: token }),
      })
      const page = await bucket.request('s3:ListBucket', (client, options) => client.send(command, options))
      for (const { Key = '' } of page.Contents ?? []) {
        const object = new GetObjectCommand({ Bucket: bucket.name, Key })
        const body = await bucket.request('s3:GetObject', async (client, options) => {
          const found = await client.send(object, options)
          described.push(Key, JSON.stringify(found.Metadata), String(found.ContentType))
          return Buffer.from(await found.Body!.transformToByteArray())
        })
        await write(join(dir, `object-${described.length}`), [body])
      }
      token = page.NextContinuationToken
      if (!token) break
    }
  } finally {
    bucket.close()
  }
  await write(join(dir, 'objects'), described)
  return described.length / 3
}

/** One file a registry subject whose name holds this text: all its versions. How many subjects there were. */
export async function dumpRegistry(access: ServerAccess, named: string, dir: string): Promise<number> {
  const { api, close } = confluentClient(access)
  const registry = await openConfluentRegistry(access)
  try {
    const names = (await api.Subject.all()).data<string[]>().filter(name => name.includes(named))
    for (const name of names) {
      const versions = await registry.versions(name)
      await write(
        join(dir, name),
        versions.map(version => JSON.stringify(version)),
      )
    }
    return names.length
  } finally {
    await registry.close()
    close()
  }
}
