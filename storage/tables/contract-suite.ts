// What every side of the tables port promises, run by each side's own test file. It must only ask for what a real
// server holds too: tables have fresh names, time to live is in whole seconds of the server's own clock, and no two
// different writes of a row share a write version.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { agreesWithMap } from './map-model.ts'
import { row, SETTINGS } from './sample-table.ts'
import type { Row, TableSettings, Tables, Upsert } from './tables.ts'

export interface OpenedTables {
  tables: Tables
  /** Closes the store and opens it again over the same content, where a side can. */
  reopen: () => Promise<Tables>
  close(): Promise<void>
}

const TTL_BOUND_MS = 10_000

const put = (cells: Row, writeVersion = 1n, ttlSeconds: number | null = null): Upsert => ({
  row: row(cells),
  writeVersion,
  ttlSeconds,
})

export function tablesContractSuite(name: string, open: () => Promise<OpenedTables>): void {
  describe(`tables: ${name}`, () => {
    let opened: OpenedTables
    let tables: Tables
    before(async () => {
      opened = await open()
      tables = opened.tables
    })
    after(() => opened.close())

    async function freshTable(settings = SETTINGS): Promise<string> {
      const table = `t${randomUUID().replaceAll('-', '')}`
      await tables.ensureTable(table, settings)
      return table
    }
    const readAll = (table: string, part = 'p') => tables.read(table, { partition: { part }, limit: 10_000 })

    test('a row comes back as it was written, in every type and at its limits', async () => {
      const table = await freshTable()
      const rows = [
        row({ at: 3, total: 2n ** 63n - 1n, mean: 1.5, final: true, seen: 1_745_000_000_123, note: '' }),
        row({ at: 2, total: -(2n ** 63n), mean: -1e300, final: false, seen: -1, note: 'é "quoted" \' 名 🙂' }),
        row({ at: 1, total: 0n, mean: 3, seen: 8.64e15, note: "'; DROP TABLE t; --" }),
        row({ at: -1 }),
      ]
      await tables.upsert(
        table,
        rows.map(cells => ({ row: cells, writeVersion: 1n, ttlSeconds: null })),
      )
      assert.deepEqual(await readAll(table), rows)
    })

    test('a column left out is null, and an upsert replaces the whole row', async () => {
      const table = await freshTable()
      await tables.upsert(table, [put({ note: 'old', total: 1n })])
      await tables.upsert(table, [
        { row: { part: 'p', at: 0, name: 'n', mean: 2 }, writeVersion: 2n, ttlSeconds: null },
      ])
      assert.deepEqual(await readAll(table), [row({ mean: 2 })])
    })

    test('hostile partition names are partitions like any other', async () => {
      const table = await freshTable()
      const parts = ['__proto__', 'constructor', "' OR 1=1 --", '"', 'é', 'e\u0301', '名 🙂', 'A', 'a', ' ']
      await tables.upsert(
        table,
        parts.map(part => put({ part })),
      )
      for (const part of parts) assert.deepEqual(await readAll(table, part), [row({ part })])
      assert.deepEqual(await readAll(table, 'unknown'), [])
    })

    test('rows come in clustering order, bounded by the limit and by a range over the first clustering column', async () => {
      const table = await freshTable()
      await tables.upsert(
        table,
        [1, 3, 2].flatMap(at => ['b', 'a', 'Z'].map(name => put({ at, name }))),
      )
      const keys = async (options: object) =>
        (await tables.read(table, { partition: { part: 'p' }, limit: 100, ...options })).map(
          ({ at, name }) => `${at}${name}`,
        )
      assert.deepEqual(await keys({}), ['3Z', '3a', '3b', '2Z', '2a', '2b', '1Z', '1a', '1b'])
      assert.deepEqual(await keys({ limit: 4 }), ['3Z', '3a', '3b', '2Z'])
      assert.deepEqual(await keys({ range: { from: 2 } }), ['3Z', '3a', '3b', '2Z', '2a', '2b'])
      assert.deepEqual(await keys({ range: { before: 2 } }), ['1Z', '1a', '1b'])
      assert.deepEqual(await keys({ range: { from: 2, before: 3 } }), ['2Z', '2a', '2b'])
      assert.deepEqual(await keys({ range: { from: 3, before: 2 } }), [])
    })

    test('the greater write version wins, in whatever order writes arrive', async () => {
      const table = await freshTable()
      await tables.upsert(table, [put({ note: 'five' }, 5n), put({ note: 'four' }, 4n), put({ note: 'six' }, 6n)])
      await tables.upsert(table, [put({ note: 'three' }, 3n)])
      assert.deepEqual(await readAll(table), [row({ note: 'six' })])
      await tables.upsert(table, [put({ note: 'six' }, 6n)])
      assert.deepEqual(await readAll(table), [row({ note: 'six' })])
    })

    test('parallel upserts leave the greatest write version', async () => {
      const table = await freshTable()
      const versions = [3n, 9n, 1n, 7n, 2n, 8n]
      await Promise.all(versions.map(version => tables.upsert(table, [put({ total: version }, version)])))
      assert.deepEqual(await readAll(table), [row({ total: 9n })])
    })

    test('a removed row is gone, an older upsert that comes late does not bring it back, a newer one does', async () => {
      const table = await freshTable()
      const key = { part: 'p', at: 0, name: 'n' }
      await tables.upsert(table, [put({ note: 'x' }, 5n), put({ name: 'other' }, 5n)])
      await tables.remove(table, [{ key, writeVersion: 4n }])
      assert.equal((await readAll(table)).length, 2)
      await tables.remove(table, [{ key, writeVersion: 7n }])
      await tables.upsert(table, [put({ note: 'late' }, 6n)])
      assert.deepEqual(await readAll(table), [row({ name: 'other' })])
      await tables.upsert(table, [put({ note: 'new' }, 8n)])
      assert.deepEqual(await readAll(table), [row({ note: 'new' }), row({ name: 'other' })])
    })

    test('a removal that comes before the row it removes still removes it', async () => {
      const table = await freshTable()
      await tables.remove(table, [{ key: { part: 'p', at: 0, name: 'n' }, writeVersion: 2n }])
      await tables.upsert(table, [put({ note: 'late' }, 1n)])
      assert.deepEqual(await readAll(table), [])
    })

    test('a row disappears when its time to live ends, others stay', async () => {
      const table = await freshTable()
      await tables.upsert(table, [
        put({ name: 'brief' }, 1n, 1),
        put({ name: 'long' }, 1n, 86_400),
        put({ name: 'kept' }),
      ])
      assert.equal((await readAll(table)).length, 3)
      const deadlineMs = Date.now() + TTL_BOUND_MS
      while ((await readAll(table)).length > 2) {
        assert.ok(Date.now() < deadlineMs, 'the row outlived its time')
        await pause(50)
        await tables.expire(Date.now())
      }
      assert.deepEqual(await readAll(table), [row({ name: 'kept' }), row({ name: 'long' })])
    })

    test('a value that is not of its column’s type is refused before anything is written', async () => {
      const table = await freshTable()
      const wrong: Row[] = [
        { note: 1 },
        { note: '\ud800' },
        { total: 1 },
        { total: 2n ** 63n },
        { total: -(2n ** 63n) - 1n },
        { mean: 1n },
        { mean: Number.NaN },
        { mean: Number.POSITIVE_INFINITY },
        { final: 1 },
        { seen: 1.5 },
        { seen: 8.64e15 + 2 },
        { seen: '2026-01-01' },
        { at: null },
        { part: null },
        { constructor: 'x' },
      ]
      for (const cells of wrong) {
        await assert.rejects(tables.upsert(table, [put({ name: 'fine' }), put(cells)]), TypeError)
      }
      await assert.rejects(
        tables.upsert(table, [{ row: { part: 'p', at: 0 }, writeVersion: 1n, ttlSeconds: null }]),
        TypeError,
      )
      await assert.rejects(tables.upsert(table, [put({}, 2n ** 63n)]), TypeError)
      await assert.rejects(tables.upsert(table, [put({}, 1n, 0)]), RangeError)
      await assert.rejects(tables.remove(table, [{ key: { part: 'p', at: 0 }, writeVersion: 1n }]), TypeError)
      assert.deepEqual(await readAll(table), [])
    })

    test('a read without its whole partition or with a limit out of bounds is refused', async () => {
      const table = await freshTable()
      await assert.rejects(tables.read(table, { partition: {}, limit: 1 }), TypeError)
      await assert.rejects(tables.read(table, { partition: { part: 'p', at: 1 }, limit: 1 }), TypeError)
      await assert.rejects(tables.read(table, { partition: { part: 'p' }, range: { from: 'x' }, limit: 1 }), TypeError)
      for (const limit of [0, 1.5, 10_001]) {
        await assert.rejects(tables.read(table, { partition: { part: 'p' }, limit }), RangeError)
      }
    })

    test('a name that is no plain name, or a key that is no column, is refused', async () => {
      const columns = { a: 'text' } as const
      for (const hostile of ['', 'A', 'a-b', 'a"b', 'a;b', '__proto__', 'é']) {
        await assert.rejects(
          tables.ensureTable(hostile, { columns, partitionKey: ['a'], clusteringKey: [] }),
          TypeError,
        )
        const settings: TableSettings = {
          columns: { ...columns, [hostile]: 'text' },
          partitionKey: ['a'],
          clusteringKey: [],
        }
        await assert.rejects(tables.ensureTable('fine', settings), TypeError)
      }
      await assert.rejects(tables.ensureTable('fine', { columns, partitionKey: ['b'], clusteringKey: [] }), TypeError)
      await assert.rejects(tables.ensureTable('fine', { columns, partitionKey: [], clusteringKey: [] }), TypeError)
    })

    test('a partition of several columns without clustering holds one row', async () => {
      const settings: TableSettings = {
        columns: { day: 'text', shard: 'bigint', aB: 'text', ab: 'text' },
        partitionKey: ['day', 'shard'],
        clusteringKey: [],
      }
      const table = await freshTable(settings)
      const rows = [1n, 2n].map(shard => ({ day: 'd', shard, aB: `x${shard}`, ab: 'y' }))
      await tables.upsert(
        table,
        rows.map(each => ({ row: each, writeVersion: 1n, ttlSeconds: null })),
      )
      assert.deepEqual(await tables.read(table, { partition: { day: 'd', shard: 2n }, limit: 10 }), [rows[1]])
    })

    test('a column declared later is null in the rows that stand', async () => {
      const table = await freshTable()
      await tables.upsert(table, [put({ note: 'x' })])
      await tables.ensureTable(table, { ...SETTINGS, columns: { ...SETTINGS.columns, later: 'boolean' } })
      assert.deepEqual(await readAll(table), [{ ...row({ note: 'x' }), later: null }])
    })

    test('any run of writes leaves what a map would hold', () => agreesWithMap(tables, freshTable))

    test('the store answers a ping', () => tables.ping())

    test('rows and removals are there after opening again', async () => {
      const table = await freshTable()
      await tables.upsert(table, [put({ note: 'x' }, 5n), put({ name: 'gone' }, 5n)])
      await tables.remove(table, [{ key: { part: 'p', at: 0, name: 'gone' }, writeVersion: 6n }])
      tables = await opened.reopen()
      await tables.ensureTable(table, SETTINGS)
      await tables.upsert(table, [put({ name: 'gone' }, 5n), put({ note: 'older' }, 4n)])
      assert.deepEqual(await readAll(table), [row({ note: 'x' })])
    })
  })
}
