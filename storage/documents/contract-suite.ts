// What every side of the documents port promises, run by each side's own test file. It must only ask for what a real
// server holds too: collections have fresh names, and expiry may be eventual.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { JsonObject } from '../json.ts'
import type { Documents, FilterValue, FindOptions, StoredDocument } from './documents.ts'
import { agreesWithMap } from './map-model.ts'

export interface OpenedDocuments {
  documents: Documents
  /** Closes the store and opens it again over the same content, where a side can. */
  reopen: () => Promise<Documents>
  close(): Promise<void>
}

/** MongoDB's own expiry runs once a minute. */
const EXPIRY_BOUND_MS = 90_000

const doc = (id: string, body: JsonObject = {}, version = 1, expiresAtMs: number | null = null): StoredDocument => ({
  id,
  version,
  expiresAtMs,
  body,
})
const idsOf = (found: StoredDocument[]) => found.map(({ id }) => id)

export function documentsContractSuite(name: string, open: () => Promise<OpenedDocuments>): void {
  describe(`documents: ${name}`, () => {
    let opened: OpenedDocuments
    let documents: Documents
    before(async () => {
      opened = await open()
      documents = opened.documents
    })
    after(() => opened.close())

    async function collectionOf(content: StoredDocument[] = [], indexes = ['dataset', 'time']): Promise<string> {
      const collection = `c${randomUUID().replaceAll('-', '')}`
      await documents.ensureCollection(collection, { indexes })
      await documents.insertFirst(collection, content)
      return collection
    }

    async function allPages(collection: string, options: Omit<FindOptions, 'after'>): Promise<string[]> {
      const ids: string[] = []
      let after: FindOptions['after']
      for (;;) {
        const page = await documents.find(collection, after ? { ...options, after } : options)
        ids.push(...idsOf(page))
        const last = page.at(-1)
        if (!last) return ids
        const value = options.sort && (last.body[options.sort.by] as FilterValue | undefined)
        after = value === undefined ? { id: last.id } : { value, id: last.id }
      }
    }

    test('a document comes back as it was written, whatever its id and values', async () => {
      const body = JSON.parse(
        `{"__proto__":{"a":1},"constructor":"x","é 名":["\\u0000","'; DROP TABLE t; --","\\"\\\\","🙂",""],"n":[0,-1.5,1e300,null,true],"o":{}}`,
      )
      const ids = [
        'a',
        "'; DROP TABLE t; --",
        '"quoted"',
        '__proto__',
        'é',
        'e\u0301',
        '名 🙂',
        '$where',
        'a\nb',
        ' ',
        'A',
      ]
      const written = ids.map((id, i) => doc(id, body, i, i % 2 ? 4_000_000_000_000 : null))
      const collection = await collectionOf(written)
      for (const document of written) assert.deepEqual(await documents.get(collection, document.id), document)
      const asked = [...written.map(({ id }) => id), 'unknown', written[0]!.id]
      assert.deepEqual(await documents.getAll(collection, asked), [...written, undefined, written[0]])
      assert.deepEqual((await allPages(collection, { limit: 4 })).sort(), ids.sort())
    })

    test('an unknown id is undefined and collections do not see each other', async () => {
      const [one, two] = [await collectionOf([doc('a')]), await collectionOf()]
      assert.equal(await documents.get(two, 'a'), undefined)
      assert.equal(await documents.get(one, 'constructor'), undefined)
    })

    test('the first document under an id stays, and later writers are told of it', async () => {
      const collection = await collectionOf([doc('a', { by: 'first' }, 1)])
      const told = await documents.insertFirst(collection, [doc('a', { by: 'second' }, 9), doc('b', { by: 'second' })])
      assert.deepEqual(told, [doc('a', { by: 'first' }, 1), doc('b', { by: 'second' })])
      assert.deepEqual(await documents.get(collection, 'a'), doc('a', { by: 'first' }, 1))
    })

    test('copies inside one call count: the first of them stays', async () => {
      const collection = await collectionOf()
      const told = await documents.insertFirst(collection, [doc('a', { n: 1 }), doc('b'), doc('a', { n: 2 })])
      assert.deepEqual(told, [doc('a', { n: 1 }), doc('b'), doc('a', { n: 1 })])
    })

    test('of parallel inserts under one id one wins, and all are told which', async () => {
      const collection = await collectionOf()
      const told = await Promise.all(
        Array.from({ length: 20 }, (_, writer) => documents.insertFirst(collection, [doc('a', { writer })])),
      )
      const winner = await documents.get(collection, 'a')
      for (const answer of told) assert.deepEqual(answer, [winner])
    })

    test('a newer version replaces the whole document, an equal or older one changes nothing', async () => {
      const collection = await collectionOf()
      await documents.upsertNewer(collection, [doc('a', { old: 1, dataset: 'x' }, 5, 4_000_000_000_000)])
      await documents.upsertNewer(collection, [doc('a', { n: 2 }, 6)])
      await documents.upsertNewer(collection, [doc('a', { n: 3 }, 6), doc('a', { n: 4 }, 1)])
      assert.deepEqual(await documents.get(collection, 'a'), doc('a', { n: 2 }, 6))
      assert.deepEqual(await documents.find(collection, { where: { dataset: 'x' }, limit: 9 }), [])
    })

    test('parallel upserts leave the newest version', async () => {
      const collection = await collectionOf()
      const versions = [3, 9, 1, 7, 2, 8]
      await Promise.all(versions.map(version => documents.upsertNewer(collection, [doc('a', { version }, version)])))
      assert.deepEqual(await documents.get(collection, 'a'), doc('a', { version: 9 }, 9))
    })

    test('empty lists are no work', async () => {
      const collection = await collectionOf()
      assert.deepEqual(await documents.insertFirst(collection, []), [])
      await documents.upsertNewer(collection, [])
      await documents.delete(collection, [])
    })

    test('filters compare values of one kind: a number is not its digits, and a missing member is nothing', async () => {
      const times: JsonObject[] = [{ time: 1 }, { time: 2.5 }, { time: '1' }, { time: 'x' }, {}, { time: null }]
      const collection = await collectionOf(times.map((body, i) => doc(`${i}`, body)))
      const found = async (time: FilterValue | { from?: FilterValue; before?: FilterValue }) =>
        idsOf(await documents.find(collection, { where: { time }, limit: 100 }))
      assert.deepEqual(await found(1), ['0'])
      assert.deepEqual(await found('1'), ['2'])
      assert.deepEqual(await found({ from: 0 }), ['0', '1'])
      assert.deepEqual(await found({ before: 2.5 }), ['0'])
      assert.deepEqual(await found({ from: '1' }), ['2', '3'])
      assert.deepEqual(await found({ before: 'x' }), ['2'])
      assert.deepEqual(await found({ from: '1', before: 'x' }), ['2'])
      assert.deepEqual(await found("' OR 1=1 --"), [])
    })

    test('filters are joined by and', async () => {
      const content = [
        doc('a', { dataset: 'x', time: 1 }),
        doc('b', { dataset: 'x', time: 2 }),
        doc('c', { dataset: 'y', time: 2 }),
      ]
      const collection = await collectionOf(content)
      const where = { dataset: 'x', time: { from: 2 } }
      assert.deepEqual(await documents.find(collection, { where, limit: 9 }), [content[1]])
    })

    test('pages have neither gaps nor repeats, in both orders, over ties, kinds and missing members', async () => {
      const values = [3, 'b', undefined, 1, 'a', 3, undefined, 'b', 2, 3, 'é', 'Z']
      const content = values.map((time, i) => doc(`id${i}`, time === undefined ? {} : { time }))
      const collection = await collectionOf(content)
      const expected = ['id2', 'id6', 'id3', 'id8', 'id0', 'id5', 'id9', 'id11', 'id4', 'id1', 'id7', 'id10']
      for (const limit of [1, 2, 5, 1000]) {
        const ascending = await allPages(collection, { sort: { by: 'time', order: 'ascending' }, limit })
        assert.deepEqual(ascending, expected)
        const descending = await allPages(collection, { sort: { by: 'time', order: 'descending' }, limit })
        assert.deepEqual(descending, expected.toReversed())
        assert.deepEqual(await allPages(collection, { limit }), expected.toSorted())
      }
    })

    test('a document written behind the page that was read does not disturb the next', async () => {
      const collection = await collectionOf(['b', 'd', 'f'].map(id => doc(id, { time: id })))
      const sort = { by: 'time', order: 'ascending' } as const
      assert.deepEqual(idsOf(await documents.find(collection, { sort, limit: 2 })), ['b', 'd'])
      await documents.insertFirst(collection, [doc('a', { time: 'a' }), doc('e', { time: 'e' })])
      const next = await documents.find(collection, { sort, after: { value: 'd', id: 'd' }, limit: 2 })
      assert.deepEqual(idsOf(next), ['e', 'f'])
    })

    test('documents are counted by member, the largest group first', async () => {
      const datasets = ['a', 'b', 'b', 7, 7, 7, undefined]
      const collection = await collectionOf(
        datasets.map((dataset, time) => doc(`${time}`, dataset === undefined ? { time } : { dataset, time })),
      )
      assert.deepEqual(await documents.countBy(collection, 'dataset', { limit: 2 }), [
        { value: 7, count: 3 },
        { value: 'b', count: 2 },
      ])
      assert.deepEqual(await documents.countBy(collection, 'dataset', { where: { time: { before: 2 } }, limit: 5 }), [
        { value: 'a', count: 1 },
        { value: 'b', count: 1 },
      ])
    })

    test('a member without an index and a limit out of bounds are refused', async () => {
      const collection = await collectionOf()
      await assert.rejects(documents.find(collection, { where: { other: 1 }, limit: 1 }), RangeError)
      await assert.rejects(
        documents.find(collection, { sort: { by: 'constructor', order: 'ascending' }, limit: 1 }),
        RangeError,
      )
      await assert.rejects(documents.countBy(collection, 'other', { limit: 1 }), RangeError)
      for (const limit of [0, -1, 1.5, 1001, Number.NaN]) {
        await assert.rejects(documents.find(collection, { limit }), RangeError)
        await assert.rejects(documents.countBy(collection, 'time', { limit }), RangeError)
      }
    })

    test('a name that is no plain name is refused', async () => {
      for (const hostile of ['', 'A', '1a', 'a-b', 'a b', 'a"b', "a'b", 'a;b', 'a.b', 'a$b', '__proto__', 'é']) {
        await assert.rejects(documents.ensureCollection(hostile, { indexes: [] }), TypeError)
        await assert.rejects(documents.ensureCollection('fine', { indexes: [hostile] }), TypeError)
      }
    })

    test('an id that is no well-formed string is refused, not repaired', async () => {
      const collection = await collectionOf()
      await assert.rejects(documents.insertFirst(collection, [doc('fine'), doc('\ud800')]), TypeError)
      assert.equal(await documents.get(collection, 'fine'), undefined)
    })

    test('an indexed member that is neither a string nor a number is refused before anything is written', async () => {
      const collection = await collectionOf()
      for (const time of [true, {}, ['a']]) {
        await assert.rejects(documents.insertFirst(collection, [doc('fine'), doc('a', { time })]), TypeError)
        await assert.rejects(documents.upsertNewer(collection, [doc('fine'), doc('a', { time })]), TypeError)
      }
      assert.equal(await documents.get(collection, 'fine'), undefined)
    })

    test('names that differ in case only are different names', async () => {
      const collection = await collectionOf([doc('a', { ab: 1, aB: 2, a_b: 3 })], ['ab', 'aB', 'a_b'])
      for (const [member, value] of Object.entries({ ab: 1, aB: 2, a_b: 3 })) {
        assert.deepEqual(await documents.countBy(collection, member, { limit: 5 }), [{ value, count: 1 }])
      }
    })

    test('an index declared later covers what was stored before', async () => {
      const collection = await collectionOf([doc('a', { late: 'x' }), doc('b', { late: 'y' })], [])
      await documents.ensureCollection(collection, { indexes: ['late'] })
      await documents.ensureCollection(collection, { indexes: ['time'] })
      assert.deepEqual(idsOf(await documents.find(collection, { where: { late: 'y' }, limit: 9 })), ['b'])
    })

    test('deleted documents are gone, others stay, and the id is free again', async () => {
      const collection = await collectionOf([doc('a', { n: 1 }), doc('b'), doc('c')])
      await documents.delete(collection, ['a', 'c', 'unknown', "b' OR 1=1"])
      assert.deepEqual(idsOf(await documents.find(collection, { limit: 9 })), ['b'])
      assert.deepEqual(await documents.insertFirst(collection, [doc('a', { n: 2 })]), [doc('a', { n: 2 })])
    })

    test('documents whose retention has ended disappear, others stay', async () => {
      const nowMs = Date.now()
      const content = [doc('past', {}, 1, nowMs - 120_000), doc('future', {}, 1, nowMs + 86_400_000), doc('kept')]
      const collection = await collectionOf(content)
      const deadlineMs = nowMs + EXPIRY_BOUND_MS
      for (;;) {
        assert.ok((await documents.expire(Date.now())) >= 0)
        if ((await documents.get(collection, 'past')) === undefined) break
        assert.ok(Date.now() < deadlineMs, 'the document outlived its retention')
        await pause(100)
      }
      assert.deepEqual(await allPages(collection, { limit: 9 }), ['future', 'kept'])
    })

    test('a retention that changed is counted anew from a time in the document, where the filter fits', async () => {
      const [at, end] = ['2100-11-21T12:00:00.123Z', 4_000_000_000_000]
      const times = [at, '2100-11-21T14:00:00.123+02:00', 'never', null, at]
      const collection = await collectionOf(
        times.map((at, i) => doc(`${i}`, { at, dataset: i < 4 ? 'x' : 'y' }, 3, end)),
      )
      const change = { where: { dataset: 'x' }, from: 'at', retentionMs: 86_400_000 }
      for (const _ of ['once', 'again']) await documents.setExpiry(collection, change)
      const found = await documents.find(collection, { limit: 9 })
      const moved = Date.parse(at) + 86_400_000
      const ends = found.map(({ expiresAtMs }) => expiresAtMs)
      assert.deepEqual([ends, found[0]!.version], [[moved, moved, end, end, end], 3])
    })

    test('any run of writes leaves what a map would hold', () => agreesWithMap(documents, collectionOf))

    test('the store answers a ping', () => documents.ping())

    test('what was written is there after opening again', async () => {
      const content = [doc('a', { dataset: 'x' }, 3, 4_000_000_000_000), doc('b', { dataset: 'y' })]
      const collection = await collectionOf(content)
      documents = await opened.reopen()
      await documents.ensureCollection(collection, { indexes: ['dataset', 'later'] })
      assert.deepEqual(await documents.find(collection, { limit: 9 }), content)
      assert.deepEqual(await documents.find(collection, { where: { dataset: 'y' }, limit: 9 }), [content[1]])
      assert.deepEqual(await documents.insertFirst(collection, [doc('a', { dataset: 'z' }, 9)]), [content[0]])
    })
  })
}
