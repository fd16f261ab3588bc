// Retention in MongoDB: moved and ended in bounded steps, so that no command runs long, whatever a collection holds.
// The server's own TTL monitor removes what has ended as well; this does not wait for it.

import type { Collection, Db } from 'mongodb'
import { MAX_READ_MS } from '../mongo/connect-mongo.ts'
import type { Filter } from './documents.ts'
import { mongoFilter, pathOf } from './mongo-find.ts'
import { fromMongo, type MongoForm } from './mongo-form.ts'

const STEP = 1_000

/** RFC 3339 with an offset. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/**
 * Brings the expiry of what fits the filter to the time in a member of `body` + `retentionMs`. Times are read here and
 * not by the server, whose notion of a time is wider. A document that is replaced meanwhile keeps what its writer said.
 * @throws RangeError for a member without an index
 */
export async function setMongoExpiry(
  collection: Collection<MongoForm>,
  indexes: Set<string>,
  { where, from, retentionMs }: { where: Filter; from: string; retentionMs: number },
): Promise<void> {
  const filter = mongoFilter(indexes, where)
  // A name with a meaning in a path is read with the whole body.
  const read = /^\w+$/.test(from) ? pathOf(from) : 'body'
  const projection = { version: 1, expiresAt: 1, json: 1, [read]: 1 }
  for (let last: string | undefined; ; ) {
    const page = await collection
      .find(last === undefined ? filter : { $and: [filter, { _id: { $gt: last } }] }, { projection })
      .sort({ _id: 1 })
      .limit(STEP)
      .batchSize(STEP)
      .maxTimeMS(MAX_READ_MS)
      .toArray()
    const moved = page.flatMap(form => {
      const { version, expiresAtMs, body } = fromMongo(form)
      const timeMs = timeOf(Object.hasOwn(body, from) ? body[from] : undefined)
      if (timeMs === undefined || timeMs + retentionMs === expiresAtMs) return []
      const update = { $set: { expiresAt: new Date(timeMs + retentionMs) } }
      return { updateOne: { filter: { _id: form._id, version }, update } }
    })
    if (moved.length > 0) await collection.bulkWrite(moved, { ordered: false })
    last = page.at(-1)?._id
    if (page.length < STEP) return
  }
}

function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || !TIME.test(value)) return undefined
  const timeMs = Date.parse(value.toUpperCase())
  return Number.isNaN(timeMs) ? undefined : timeMs
}

/** Removes from the collections whose names begin so what ended by `nowMs`, declared here or not; how many documents. */
export async function expireMongo(db: Db, prefix: string, nowMs: number): Promise<number> {
  const ended = { expiresAt: { $lte: new Date(nowMs) } }
  let removed = 0
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    if (!name.startsWith(prefix)) continue
    const collection = db.collection<MongoForm>(name)
    for (let found = STEP; found === STEP; ) {
      const ids = await collection
        .find(ended, { projection: { _id: 1 } })
        .limit(STEP)
        .batchSize(STEP)
        .maxTimeMS(MAX_READ_MS)
        .toArray()
      found = ids.length
      // The end may have been moved since it was read.
      if (found > 0)
        removed += (await collection.deleteMany({ _id: { $in: ids.map(({ _id }) => _id) }, ...ended })).deletedCount
    }
  }
  return removed
}
