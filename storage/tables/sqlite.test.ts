import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { holdsBytes, plantInGap } from '../../test/plant-in-gap.ts'
import { tablesContractSuite } from './contract-suite.ts'
import { row, SETTINGS } from './sample-table.ts'
import { openSqliteTables, TOMBSTONE_GRACE_MS } from './sqlite.ts'
import { type Row, type Tables, TablesUnavailable } from './tables.ts'

const freshDir = () => mkdtemp(join(tmpdir(), 'tables-'))

tablesContractSuite('SQLite', async () => {
  const dir = await freshDir()
  const path = join(dir, 'tables.sqlite')
  let tables = await openSqliteTables(path)
  return {
    tables,
    reopen: async () => {
      await tables.close()
      tables = await openSqliteTables(path)
      return tables
    },
    close: async () => {
      await tables.close()
      await rm(dir, { recursive: true })
    },
  }
})

async function openFor(t: TestContext): Promise<{ tables: Tables; path: string }> {
  const dir = await freshDir()
  const path = join(dir, 'tables.sqlite')
  const tables = await openSqliteTables(path)
  t.after(async () => {
    await tables.close()
    await rm(dir, { recursive: true })
  })
  await tables.ensureTable('sums', SETTINGS)
  return { tables, path }
}

const key = { part: 'p', at: 0, name: 'n' }
const put = (cells: Row, writeVersion: bigint, ttlSeconds: number | null = null) => ({
  row: row(cells),
  writeVersion,
  ttlSeconds,
})
const readAll = (tables: Tables) => tables.read('sums', { partition: { part: 'p' }, limit: 10 })

test('of an upsert and a removal with equal write versions the first stays', async t => {
  const { tables } = await openFor(t)
  await tables.upsert('sums', [put({ note: 'first' }, 5n), put({ note: 'second' }, 5n)])
  await tables.remove('sums', [{ key, writeVersion: 5n }])
  assert.deepEqual(await readAll(tables), [row({ note: 'first' })])
  await tables.remove('sums', [{ key, writeVersion: 6n }])
  await tables.upsert('sums', [put({ note: 'third' }, 6n)])
  assert.deepEqual(await readAll(tables), [])
})

test('a tombstone keeps no value and goes after its grace, a row’s own expiry leaves one too', async t => {
  const { tables, path } = await openFor(t)
  await tables.upsert('sums', [put({ note: 'removed' }, 5n), put({ name: 'ended', note: 'ended' }, 5n, 60)])
  await tables.remove('sums', [{ key, writeVersion: 6n }])
  const db = new DatabaseSync(path, { readOnly: true })
  t.after(() => db.close())
  const stored = () => db.prepare('SELECT c_name, c_note, removed_at_ms > 0 AS removed FROM t_sums').all()
  const endMs = Date.now() + 61_000
  await tables.expire(endMs)
  const tombstone = (name: string) => ({ __proto__: null, c_name: name, c_note: null, removed: 1 })
  assert.deepEqual(stored(), [tombstone('ended'), tombstone('n')])
  await tables.upsert('sums', [put({ name: 'ended' }, 4n)])
  assert.deepEqual(await readAll(tables), [])
  await tables.expire(endMs + TOMBSTONE_GRACE_MS)
  assert.deepEqual(stored(), [])
})

test('a key or a type that changed is refused', async t => {
  const { tables } = await openFor(t)
  const turned = {
    ...SETTINGS,
    clusteringKey: SETTINGS.clusteringKey.map(each => ({ ...each, order: 'ascending' as const })),
  }
  await assert.rejects(tables.ensureTable('sums', turned), RangeError)
  const retyped = { ...SETTINGS, columns: { ...SETTINGS.columns, final: 'bigint' as const } }
  await assert.rejects(tables.ensureTable('sums', retyped), RangeError)
  await assert.rejects(tables.read('unknown', { partition: {}, limit: 1 }), RangeError)
})

test('a partition is read by its key, without sorting', async t => {
  const { path } = await openFor(t)
  const db = new DatabaseSync(path, { readOnly: true })
  t.after(() => db.close())
  const plan = db
    .prepare('EXPLAIN QUERY PLAN SELECT * FROM t_sums WHERE c_part = ? ORDER BY c_at DESC, c_name ASC')
    .all()
  assert.match(`${plan[0]?.detail}`, /^SEARCH .*PRIMARY KEY/)
  assert.equal(plan.length, 1)
})

test('a store that cannot be opened or was closed is unavailable, with the cause; its file is for its owner alone', async t => {
  const withCause = (error: unknown) => error instanceof TablesUnavailable && error.cause instanceof Error
  await assert.rejects(openSqliteTables('/nonexistent/folder/tables.sqlite'), withCause)
  const { tables, path } = await openFor(t)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  await tables.close()
  await assert.rejects(tables.ping(), withCause)
  await assert.rejects(tables.upsert('sums', [put({}, 1n)]), withCause)
})

test('of removed rows whose texts are named nothing is left, not even a tombstone; others keep theirs', async t => {
  const { tables, path } = await openFor(t)
  const [gone, note] = ['p1.abcdefghijklmnopqrstuv', 'tok1.person.0.ABCDEFGHIJKLMNOPQRSTUV']
  const rows = (name: string) => Array.from({ length: 200 }, (_, at) => ({ at, name, note }))
  await tables.upsert(
    'sums',
    [...rows(gone), ...rows('living')].map(cells => put(cells, 1n)),
  )
  await tables.remove('sums', [
    ...rows(gone).map(({ at, name }) => ({ key: { part: 'p', at, name }, writeVersion: 2n })),
    { key: { part: 'p', at: 0, name: 'living' }, writeVersion: 2n },
  ])
  assert.equal(await tables.scrub([]), 'searched')
  assert.equal(await tables.scrub([gone]), 'searched')
  assert.equal(holdsBytes(path, Buffer.from(gone)) || holdsBytes(`${path}-wal`, Buffer.from(gone)), false)
  await tables.upsert('sums', [put({ at: 0, name: 'living' }, 1n)])
  assert.equal((await tables.read('sums', { partition: { part: 'p' }, limit: 1_000 })).length, 199)
  plantInGap(path, Buffer.from(gone))
  assert.equal(await tables.scrub(undefined), 'searched')
  assert.equal(holdsBytes(path, Buffer.from(gone)), false)
})
