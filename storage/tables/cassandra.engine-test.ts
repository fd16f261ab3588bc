import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { eventually } from '../../test/eventually.ts'
import { openCassandraTables } from './cassandra.ts'
import { temporaryKeyspace, wayTo, withServer } from './cassandra-fixture.ts'
import { tablesContractSuite } from './contract-suite.ts'
import { row, SETTINGS } from './sample-table.ts'
import { type Row, type Tables, TablesUnavailable } from './tables.ts'

tablesContractSuite('Cassandra', async () => {
  const { access, drop } = await temporaryKeyspace()
  let tables = await openCassandraTables(access)
  return {
    tables,
    reopen: async () => {
      await tables.close()
      tables = await openCassandraTables(access)
      return tables
    },
    close: async () => {
      await tables.close()
      await drop()
    },
  }
})

const key = { part: 'p', at: 0, name: 'n' }
const put = (cells: Row, writeVersion: bigint, ttlSeconds: number | null = null) => ({
  row: row(cells),
  writeVersion,
  ttlSeconds,
})
const readAll = (tables: Tables, limit = 10) => tables.read('sums', { partition: { part: 'p' }, limit })

/** Several clients of one keyspace. */
async function openFor(t: TestContext, count = 1) {
  const { access, keyspace, admin, drop } = await temporaryKeyspace()
  const clients = await Promise.all(Array.from({ length: count }, () => openCassandraTables(access)))
  t.after(async () => {
    await Promise.all(clients.map(each => each.close()))
    await drop()
  })
  return { clients, keyspace, admin, access }
}

test('what a process that was thought dead writes late undoes nothing', async t => {
  const { clients } = await openFor(t, 2)
  const [living, zombie] = clients as [Tables, Tables]
  for (const tables of clients) await tables.ensureTable('sums', SETTINGS)
  await living.upsert('sums', [put({ note: 'newer' }, 9n), put({ name: 'gone' }, 1n)])
  await living.remove('sums', [{ key: { ...key, name: 'gone' }, writeVersion: 9n }])
  await zombie.upsert('sums', [put({ note: 'stale', total: 1n }, 8n), put({ name: 'gone' }, 8n)])
  await zombie.remove('sums', [{ key, writeVersion: 8n }])
  assert.deepEqual(await readAll(living), [row({ note: 'newer' })])
})

test('eight processes that declare one table and one more column at once are harmless', async t => {
  const { clients } = await openFor(t, 8)
  await Promise.all(clients.map(tables => tables.ensureTable('sums', SETTINGS)))
  const wider = { ...SETTINGS, columns: { ...SETTINGS.columns, later: 'bigint' as const } }
  await Promise.all(clients.map(tables => tables.ensureTable('sums', wider)))
  await Promise.all(clients.map((tables, i) => tables.upsert('sums', [put({ at: i, later: BigInt(i) }, 1n)])))
  const expected = clients.map((_, i) => row({ at: i, later: BigInt(i) })).reverse()
  for (const tables of clients) assert.deepEqual(await readAll(tables), expected)
})

test('the write version is the write timestamp, for the whole range', async t => {
  const { clients, keyspace, admin } = await openFor(t)
  const [tables] = clients as [Tables]
  await tables.ensureTable('sums', SETTINGS)
  for (const writeVersion of [0n, 1n, 2n ** 63n - 1n]) {
    await tables.upsert('sums', [put({ note: `${writeVersion}` }, writeVersion)])
    const { rows } = await admin.execute(`SELECT note, writetime(note) AS written FROM ${keyspace}.sums`)
    assert.deepEqual({ ...rows[0] }, { note: `${writeVersion}`, written: writeVersion })
  }
})

test('a row whose time has ended comes back with a newer version, and not with an older one', async t => {
  const { clients } = await openFor(t)
  const [tables] = clients as [Tables]
  await tables.ensureTable('sums', SETTINGS)
  await tables.upsert('sums', [put({ note: 'brief' }, 5n, 1)])
  await eventually('the row has ended', async () => (await readAll(tables)).length === 0)
  await tables.upsert('sums', [put({ note: 'older' }, 4n)])
  assert.deepEqual(await readAll(tables), [])
  await tables.upsert('sums', [put({ note: 'newer' }, 6n)])
  assert.deepEqual(await readAll(tables), [row({ note: 'newer' })])
})

test('thousands of rows, in large partitions and in small ones, go in and come out by pages', async t => {
  const { clients } = await openFor(t)
  const [tables] = clients as [Tables]
  await tables.ensureTable('sums', SETTINGS)
  const large = Array.from({ length: 3_000 }, (_, at) => put({ at, note: 'é'.repeat(400) }, 1n))
  const small = Array.from({ length: 1_000 }, (_, i) => put({ part: `part ${i}` }, 1n))
  await tables.upsert('sums', [...large, ...small, put({ part: 'fat', note: 'x'.repeat(300_000) }, 1n)])
  assert.deepEqual(await readAll(tables, 10_000), large.map(each => each.row).reverse())
  assert.equal((await readAll(tables, 2_500)).length, 2_500)
  assert.equal((await tables.read('sums', { partition: { part: 'fat' }, limit: 1 })).length, 1)
})

test('a key or a type that changed is refused, as is a table that was not declared', async t => {
  const { clients } = await openFor(t)
  const [tables] = clients as [Tables]
  await tables.ensureTable('sums', SETTINGS)
  const turned = SETTINGS.clusteringKey.map(each => ({ ...each, order: 'ascending' as const }))
  await assert.rejects(tables.ensureTable('sums', { ...SETTINGS, clusteringKey: turned }), RangeError)
  const retyped = { ...SETTINGS, columns: { ...SETTINGS.columns, final: 'bigint' as const } }
  await assert.rejects(tables.ensureTable('sums', retyped), RangeError)
  await assert.rejects(tables.read('unknown', { partition: {}, limit: 1 }), RangeError)
  await assert.rejects(tables.upsert('sums', [put({ part: '' }, 1n)]), RangeError)
})

test('a server that is not there when we start, and one that goes away, are found again', async t => {
  const { access, drop } = await temporaryKeyspace()
  const way = await wayTo(access)
  const tables = await openCassandraTables(withServer(access, way.server))
  t.after(async () => {
    await tables.close()
    await way.cut()
    await drop()
  })
  const works = () =>
    tables.upsert('sums', [put({}, 1n)]).then(
      () => true,
      () => false,
    )
  await assert.rejects(tables.ensureTable('sums', SETTINGS), TablesUnavailable)
  await way.open()
  await tables.ensureTable('sums', SETTINGS)
  assert.ok(await works())
  await way.cut()
  await assert.rejects(tables.ping(), TablesUnavailable)
  await assert.rejects(tables.upsert('sums', [put({}, 2n)]), TablesUnavailable)
  await way.open()
  await eventually('rows are written again', works)
  const answers = () =>
    tables.ping().then(
      () => true,
      () => false,
    )
  await eventually('it answers a ping', answers)
})
