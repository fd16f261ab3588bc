import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { integerBetween, pick, seededRandom } from '../../sources/simulate/seeded-random.ts'
import { engineAccess } from '../../test/engines/environment.ts'
import type { JsonObject } from '../json.ts'
import { connectMongo } from '../mongo/connect-mongo.ts'
import { documentsContractSuite } from './contract-suite.ts'
import { type Documents, DocumentsUnavailable, type StoredDocument } from './documents.ts'
import { openMongoDocuments } from './mongo.ts'

const access = engineAccess('documents')
const DAY_MS = 86_400_000

documentsContractSuite('MongoDB', async () => {
  let documents = await openMongoDocuments(access)
  return {
    documents,
    reopen: async () => {
      await documents.close()
      documents = await openMongoDocuments(access)
      return documents
    },
    close: () => documents.close(),
  }
})

/** Two connections to one fresh collection, as two processes have them. */
async function openTwo(t: TestContext, indexes: string[] = []): Promise<[Documents, Documents, string]> {
  const [one, two] = [await openMongoDocuments(access), await openMongoDocuments(access)]
  const collection = `c${randomUUID().replaceAll('-', '')}`
  for (const each of [one, two]) {
    t.after(() => each.close())
    await each.ensureCollection(collection, { indexes })
  }
  return [one, two, collection]
}

const doc = (id: string, body: JsonObject = {}, version = 1, expiresAtMs: number | null = null): StoredDocument => ({
  id,
  version,
  expiresAtMs,
  body,
})

function newSeed(t: TestContext): number {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  return seed
}

test('writers on two connections leave the newest version, in whatever order they come', async t => {
  const random = seededRandom(newSeed(t))
  const [one, two, collection] = await openTwo(t)
  const ids = ['a', 'b', 'c', 'd']
  const newest = new Map<string, number>()
  for (let round = 0; round < 15; round++) {
    const writes = Array.from({ length: 12 }, () =>
      Array.from({ length: integerBetween(random, 1, 6) }, () => {
        const version = integerBetween(random, round * 10, round * 10 + 30)
        return doc(pick(random, ids) + (round % 3), { version }, version)
      }),
    )
    for (const { id, version } of writes.flat()) newest.set(id, Math.max(newest.get(id) ?? 0, version))
    await Promise.all(writes.map(each => pick(random, [one, two]).upsertNewer(collection, each)))
    for (const [id, version] of newest) assert.deepEqual(await one.get(collection, id), doc(id, { version }, version))
  }
})

test('writers on two connections are all told of one first document', async t => {
  const random = seededRandom(newSeed(t))
  const [one, two, collection] = await openTwo(t)
  for (let round = 0; round < 15; round++) {
    const told = await Promise.all(
      Array.from({ length: 10 }, (_, writer) => {
        const given = Array.from({ length: 5 }, (_, i) =>
          doc(`${round}/${integerBetween(random, 0, 4)}`, { writer, i }),
        )
        return pick(random, [one, two]).insertFirst(collection, given)
      }),
    )
    for (const stored of told.flat()) assert.deepEqual(stored, await two.get(collection, stored.id))
  }
})

test('a body of hostile names and values comes back exactly, and can be found', async t => {
  const [one, two, collection] = await openTwo(t, ['dataset'])
  const name = fc.oneof(
    fc.constantFrom('__proto__', '$where', '$ref', '$id', 'a.b', '', 'a\0b', '_bsontype', '$set'),
    fc.string(),
  )
  const body = fc.dictionary(name, fc.oneof(fc.jsonValue(), fc.dictionary(name, fc.jsonValue())))
  await fc.assert(
    fc.asyncProperty(body, async generated => {
      const dataset = randomUUID()
      const written = doc(dataset, { ...(JSON.parse(JSON.stringify(generated)) as JsonObject), dataset })
      await one.insertFirst(collection, [written])
      const [found] = await two.find(collection, { where: { dataset }, limit: 2 })
      assert.equal(JSON.stringify(found), JSON.stringify(written))
      await one.upsertNewer(collection, [{ ...written, version: 2 }])
      assert.equal(JSON.stringify((await two.get(collection, dataset))!.body), JSON.stringify(written.body))
    }),
    { numRuns: 60 },
  )
})

test('retention is changed and ended for more than one step, and for what nobody declared', async t => {
  const [one, two, collection] = await openTwo(t, ['dataset'])
  const at = new Date(Date.now() - 2 * DAY_MS).toISOString()
  const far = Date.now() + DAY_MS
  const content = Array.from({ length: 2_500 }, (_, i) => doc(`${i}`, { dataset: i % 5 ? 'x' : 'y', at }, 1, far))
  await one.insertFirst(collection, content)
  await one.setExpiry(collection, { where: { dataset: 'x' }, from: 'at', retentionMs: DAY_MS })
  const undeclared = await openMongoDocuments(access)
  t.after(() => undeclared.close())
  await undeclared.expire(Date.now())
  assert.deepEqual(await two.countBy(collection, 'dataset', { limit: 5 }), [{ value: 'y', count: 500 }])
})

test('the collection has an index for each member, and one by which the server itself ends retention', async t => {
  const [one, , collection] = await openTwo(t, ['time'])
  await one.find(collection, { limit: 1 })
  const raw = connectMongo(access, {
    name: 'documents',
    variable: 'ECLUSE_DOCUMENTS',
    Unavailable: DocumentsUnavailable,
  })
  t.after(() => raw.close())
  const indexes = await raw.run(db => db.collection(`documents_${collection}`).indexes())
  const told = indexes.map(({ name, key, expireAfterSeconds }) => [name, key, expireAfterSeconds])
  assert.deepEqual(told, [
    ['_id_', { _id: 1 }, undefined],
    ['expiry', { expiresAt: 1 }, 0],
    ['by_time', { 'body.time': 1, _id: 1 }, undefined],
  ])
})

test('a caller’s mistake is told as such though the server is down, and what it needs the server for is not', async () => {
  const documents = await openMongoDocuments({ url: 'mongodb://127.0.0.1:1/none' })
  await assert.rejects(documents.get('unknown', 'a'), RangeError)
  await documents.ensureCollection('events', { indexes: [] })
  await assert.rejects(documents.upsertNewer('events', [doc('a', {}, 2 ** 53)]), TypeError)
  await assert.rejects(documents.setExpiry('events', { where: { a: 1 }, from: 'at', retentionMs: 1 }), RangeError)
  await assert.rejects(
    documents.ping(),
    (error: unknown) => error instanceof DocumentsUnavailable && error.cause instanceof Error,
  )
  await documents.close()
  await assert.rejects(documents.ping(), DocumentsUnavailable)
})
