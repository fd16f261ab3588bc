// The documents port's real side: MongoDB, a collection each. Every write is absolute and guarded, so that it may be
// repeated; neither transactions nor the order inside a bulk are relied on.

import type { Collection, Db } from 'mongodb'
import { connectMongo, MAX_READ_MS, type MongoConnection } from '../mongo/connect-mongo.ts'
import { duplicatesIn, inOrder } from '../mongo/with-retries.ts'
import type { ServerAccess } from '../server-access.ts'
import { checkDocument, checkedId, checkedIds } from './check-documents.ts'
import { type Documents, DocumentsUnavailable, type FilterValue, type StoredDocument } from './documents.ts'
import { expireMongo, setMongoExpiry } from './mongo-expiry.ts'
import { mongoCount, mongoFilter, mongoFind, pathOf } from './mongo-find.ts'
import { fromMongo, type MongoForm, toMongo } from './mongo-form.ts'

/** The vault's begin otherwise: both may live in one database. */
const PREFIX = 'documents_'
const NAME = /^[a-z][A-Za-z0-9_]{0,63}$/
/** How often a write that met another writer looks who won, and tries again. */
const MEETINGS = 10

interface Declared {
  indexes: Set<string>
  together: string[][]
  /** Resolves once the indexes stand; undefined until the first use, and again after a failure. */
  ready: Promise<void> | undefined
}

interface Store {
  connection: MongoConnection
  collections: Map<string, Declared>
}

/**
 * Opens documents in the database that the URL names, without asking the server for anything yet. Collections are
 * declared again after each opening; they are made at their first use.
 * @throws Error for a URL that cannot be understood
 */
export async function openMongoDocuments(access: ServerAccess): Promise<Documents> {
  const connection = connectMongo(access, {
    name: 'documents',
    variable: 'ECLUSE_DOCUMENTS',
    Unavailable: DocumentsUnavailable,
  })
  const store: Store = { connection, collections: new Map() }

  return {
    ensureCollection: async (name, { indexes, together = [] }) => {
      for (const each of [name, ...indexes, ...together.flat()]) checkName(each)
      const known = store.collections.get(name)
      store.collections.set(name, {
        indexes: new Set([...(known?.indexes ?? []), ...indexes]),
        together: [...(known?.together ?? []), ...together],
        ready: undefined,
      })
    },
    insertFirst: async (name, documents) => {
      // Of copies, the first: entered last, it is the one that stays in the map.
      const forms = new Map(
        checkedForms(store, name, documents)
          .toReversed()
          .map(form => [form._id, form]),
      )
      const stored = await on(store, name, collection => insertFirst(collection, forms))
      return documents.map(({ id }) => stored.get(id)!)
    },
    upsertNewer: async (name, documents) => {
      const newest = new Map<string, MongoForm>()
      for (const form of checkedForms(store, name, documents))
        if (form.version > (newest.get(form._id)?.version ?? Number.NEGATIVE_INFINITY)) newest.set(form._id, form)
      await on(store, name, collection => upsertNewer(collection, newest))
    },
    get: async (name, id) => {
      checkedId(id)
      const found = await on(store, name, collection => collection.findOne({ _id: id }, { maxTimeMS: MAX_READ_MS }))
      return found ? fromMongo(found) : undefined
    },
    getAll: async (name, ids) => {
      const wanted = checkedIds(ids)
      const found = await on(store, name, collection =>
        collection.find({ _id: { $in: wanted } }, { maxTimeMS: MAX_READ_MS }).toArray(),
      )
      const byId = new Map(found.map(form => [form._id, fromMongo(form)]))
      return wanted.map(id => byId.get(id))
    },
    find: async (name, options) => {
      const { filter, sort, limit } = mongoFind(declared(store, name).indexes, options)
      const page = { sort, limit, batchSize: limit, maxTimeMS: MAX_READ_MS }
      return (await on(store, name, collection => collection.find(filter, page).toArray())).map(fromMongo)
    },
    countBy: async (name, member, { where = {}, limit }) => {
      const pipeline = mongoCount(declared(store, name).indexes, { member, where, limit })
      const groups = await on(store, name, collection =>
        collection.aggregate<{ _id: FilterValue; count: number }>(pipeline, { maxTimeMS: MAX_READ_MS }).toArray(),
      )
      return groups.map(({ _id, count }) => ({ value: _id, count }))
    },
    delete: async (name, ids) => {
      const checked = ids.map(checkedId)
      declared(store, name)
      if (checked.length > 0) await on(store, name, collection => collection.deleteMany({ _id: { $in: checked } }))
    },
    setExpiry: async (name, options) => {
      const { indexes } = declared(store, name)
      // Checked now: a wrong filter is the caller's mistake, whether the server can be reached or not.
      mongoFilter(indexes, options.where)
      await on(store, name, collection => setMongoExpiry(collection, indexes, options))
    },
    expire: nowMs => connection.run(db => expireMongo(db, PREFIX, nowMs)),
    scrub: async () => 'left to the server',
    ping: () => connection.run(ping),
    close: () => connection.close(),
  }
}

/** Runs work on a declared collection, which is made first. */
function on<T>(store: Store, name: string, work: (collection: Collection<MongoForm>) => Promise<T>): Promise<T> {
  const declaration = declared(store, name)
  return store.connection.run(async db => {
    const collection = db.collection<MongoForm>(PREFIX + name)
    declaration.ready ??= makeIndexes(collection, declaration)
    try {
      await declaration.ready
    } catch (error) {
      declaration.ready = undefined
      throw error
    }
    return work(collection)
  })
}

async function makeIndexes(collection: Collection<MongoForm>, { indexes, together }: Declared): Promise<void> {
  await collection.createIndexes([
    { name: 'expiry', key: { expiresAt: 1 }, expireAfterSeconds: 0 },
    ...[...[...indexes].map(member => [member]), ...together].map(members => ({
      name: `by_${members.join('_')}`,
      key: { ...Object.fromEntries(members.map(member => [pathOf(member), 1 as const])), _id: 1 as const },
    })),
  ])
}

/** Resolves with what stands under each id. */
async function insertFirst(
  collection: Collection<MongoForm>,
  forms: Map<string, MongoForm>,
): Promise<Map<string, StoredDocument>> {
  const stored = new Map<string, StoredDocument>()
  let left = inOrder(forms.values())
  for (let meeting = 0; left.length > 0; meeting++) {
    // Others may delete between our two looks; for ever they do not.
    if (meeting === MEETINGS) throw new Error('documents were there and gone at every look')
    const taken = new Set(await duplicatesIn(() => collection.insertMany(left, { ordered: false })))
    for (const [i, form] of left.entries()) if (!taken.has(i)) stored.set(form._id, fromMongo(form))
    const ids = left.filter((_, i) => taken.has(i)).map(({ _id }) => _id)
    for (const form of await findAll(collection, ids)) stored.set(form._id, fromMongo(form))
    left = left.filter(({ _id }) => !stored.has(_id))
  }
  return stored
}

/**
 * The guard finds an older document to replace, or none, and then inserts; the insert is refused where an equal or
 * newer one stands, but also where an older one was put there that very moment. So the refused ones look, and those
 * that are still newer try again.
 */
async function upsertNewer(collection: Collection<MongoForm>, forms: Map<string, MongoForm>): Promise<void> {
  let left = inOrder(forms.values())
  for (let meeting = 0; left.length > 0; meeting++) {
    if (meeting === MEETINGS) throw new Error('documents were written by others at every try')
    const writes = left.map(form => ({
      replaceOne: { filter: { _id: form._id, version: { $lt: form.version } }, replacement: form, upsert: true },
    }))
    const refused = await duplicatesIn(() => collection.bulkWrite(writes, { ordered: false }))
    const ids = refused.toSorted((one, two) => one - two).map(i => left[i]!._id)
    const standing = new Map((await findAll(collection, ids, { version: 1 })).map(form => [form._id, form.version]))
    left = ids.map(id => forms.get(id)!).filter(({ _id, version }) => !(standing.get(_id)! >= version))
  }
}

async function findAll(
  collection: Collection<MongoForm>,
  ids: string[],
  projection: Record<string, 1> = {},
): Promise<MongoForm[]> {
  if (ids.length === 0) return []
  return collection.find({ _id: { $in: ids } }, { projection, batchSize: ids.length, maxTimeMS: MAX_READ_MS }).toArray()
}

/** Changes nothing, and yet needs a primary, the right to write and a majority. */
async function ping(db: Db): Promise<void> {
  await db.collection<MongoForm>(`${PREFIX}pings`).updateOne({ _id: 'ping' }, { $set: { version: 0 } })
}

function checkedForms(store: Store, name: string, documents: StoredDocument[]): MongoForm[] {
  const { indexes } = declared(store, name)
  return documents.map(document => {
    checkDocument(document, indexes)
    return toMongo(document)
  })
}

function declared({ collections }: Store, name: string): Declared {
  const found = collections.get(name)
  if (!found) throw new RangeError('the collection was not declared with ensureCollection')
  return found
}

function checkName(name: string): void {
  if (!NAME.test(name))
    throw new TypeError('a name is a lower-case letter, then letters, digits or underscores, 64 at most')
}
