import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { eventually } from '../../test/eventually.ts'
import { eventLogContractSuite } from './contract-suite.ts'
import { type EventLog, EventLogUnavailable, type StoredRecord } from './event-log.ts'
import { eventLogPositionsSuite } from './positions-suite.ts'
import { openSqliteEventLog } from './sqlite.ts'

const freshDir = () => mkdtemp(join(tmpdir(), 'event-log-'))

async function openSuite() {
  const dir = await freshDir()
  const path = join(dir, 'event-log.sqlite')
  let log = openSqliteEventLog(path)
  return {
    log,
    reopen: async () => {
      await log.close()
      log = openSqliteEventLog(path)
      return log
    },
    close: async () => {
      await log.close()
      await rm(dir, { recursive: true })
    },
  }
}
eventLogContractSuite('SQLite', openSuite)
eventLogPositionsSuite('SQLite', openSuite)

async function freshPath(t: TestContext): Promise<string> {
  const dir = await freshDir()
  t.after(() => rm(dir, { recursive: true }))
  return join(dir, 'event-log.sqlite')
}

const DAY_MS = 86_400_000
const entry = (topic: string, value: string | Buffer, key: string | null = null) => ({
  topic,
  record: { key, value: Buffer.from(value), headers: {} },
})
const offsetsOf = (positions: { offset: number }[]) => positions.map(({ offset }) => offset)
const unavailable = (error: unknown) => error instanceof EventLogUnavailable && error.cause instanceof Error

/** All records a new group finds. */
async function readAll(log: EventLog, topic: string): Promise<StoredRecord[]> {
  const group = `reader-${Math.random()}`
  const found: StoredRecord[] = []
  const handle = async ({ records }: { records: StoredRecord[] }) => void found.push(...records)
  const consumer = await log.consume({ group, topics: [topic], batchSize: 100, handle, onError: assert.ifError })
  await eventually('the reader has everything', async () => (await log.lag(group, [topic])) === 0)
  await consumer.stop()
  return found
}

test('the file is for its owner alone', async t => {
  const path = await freshPath(t)
  const log = openSqliteEventLog(path)
  for (const suffix of ['', '-wal', '-shm']) assert.equal((await stat(path + suffix)).mode & 0o777, 0o600)
  await log.close()
})

test('a topic changes its retention, and what is older disappears while offsets go on, also after opening again', async t => {
  const path = await freshPath(t)
  let log = openSqliteEventLog(path)
  await log.ensureTopic('a', { partitions: 1, retentionMs: null })
  await log.append([entry('a', '0'), entry('a', '1')])
  await log.expire(Date.now() + 400 * DAY_MS)
  assert.equal(await log.lag('nobody', ['a']), 2)
  await log.ensureTopic('a', { partitions: 1, retentionMs: DAY_MS })
  await log.expire(Date.now())
  assert.equal(await log.lag('nobody', ['a']), 2)
  await log.expire(Date.now() + 2 * DAY_MS)
  assert.equal(await log.lag('nobody', ['a']), 0)
  assert.deepEqual(offsetsOf(await log.append([entry('a', '2')])), [2])
  await log.expire(Date.now() + 2 * DAY_MS)
  await log.close()
  log = openSqliteEventLog(path)
  assert.deepEqual(offsetsOf(await log.append([entry('a', '3')])), [3])
  assert.equal(await log.lag('nobody', ['a']), 1)
  await log.close()
})

test('a group that expiry overtook goes on with the first record that is left', async t => {
  const log = openSqliteEventLog(await freshPath(t))
  await log.ensureTopic('a', { partitions: 1, retentionMs: DAY_MS })
  await log.append([entry('a', 'old'), entry('a', 'old')])
  await log.expire(Date.now() + 2 * DAY_MS)
  await log.append([entry('a', 'new')])
  assert.equal(await log.lag('late', ['a']), 1)
  assert.deepEqual(offsetsOf(await readAll(log, 'a')), [2])
  await log.close()
})

test('what a known group has still to read is kept past its retention, and goes once the group has passed it', async t => {
  const path = await freshPath(t)
  let log = openSqliteEventLog(path)
  for (const topic of ['a', 'b']) await log.ensureTopic(topic, { partitions: 1, retentionMs: DAY_MS })
  await log.append([entry('a', 'read'), entry('b', 'nobody reads it')])
  const options = { group: 'slow', topics: ['a'], batchSize: 1, onError: () => {} }
  const reader = await log.consume({ ...options, handle: async () => {} })
  await eventually('the first record is read', async () => (await log.lag('slow', ['a'])) === 0)
  await reader.stop()
  await log.append([entry('a', 'unread')])
  await log.close()
  log = openSqliteEventLog(path)
  await log.expire(Date.now() + 2 * DAY_MS)
  assert.deepEqual([await log.lag('nobody', ['a']), await log.lag('nobody', ['b'])], [1, 0])

  const failing = await log.consume({ ...options, group: 'new', handle: () => Promise.reject(new Error('no store')) })
  await failing.stop()
  const again = await log.consume({ ...options, handle: async () => {} })
  await eventually('all is read', async () => (await log.lag('slow', ['a'])) === 0)
  await again.stop()
  await log.expire(Date.now() + 2 * DAY_MS)
  assert.equal(await log.lag('nobody', ['a']), 1, 'the new group never got past it')
  await log.close()
})

test('more than a batch expires, and appends go on meanwhile', async t => {
  const log = openSqliteEventLog(await freshPath(t))
  await log.ensureTopic('a', { partitions: 1, retentionMs: DAY_MS })
  await log.append(Array.from({ length: 12_000 }, () => entry('a', 'x')))
  const expired = log.expire(Date.now() + 2 * DAY_MS).then(() => 'expired')
  assert.equal(await Promise.race([expired, log.append([entry('a', 'y')]).then(() => 'appended')]), 'appended')
  await expired
  assert.ok((await log.lag('nobody', ['a'])) <= 1)
  await log.close()
})

test('a record with damaged headers is handed out without any', async t => {
  const path = await freshPath(t)
  const log = openSqliteEventLog(path)
  await log.ensureTopic('a', { partitions: 1, retentionMs: null })
  for (const _ of [1, 2, 3])
    await log.append([{ topic: 'a', record: { ...entry('a', 'x').record, headers: { h: 'v' } } }])
  const other = new DatabaseSync(path)
  other.exec(`UPDATE records SET headers = '{"h":' WHERE id = (SELECT min(id) FROM records)`)
  other.exec(`UPDATE records SET headers = '{"h":1}' WHERE id = (SELECT min(id) + 1 FROM records)`)
  other.close()
  assert.deepEqual(
    (await readAll(log, 'a')).map(({ headers }) => headers),
    [{}, {}, { h: 'v' }],
  )
  await log.close()
})

test('a foreign lock on the file fails an append soon, and ends with the lock', async t => {
  const path = await freshPath(t)
  const log = openSqliteEventLog(path)
  await log.ensureTopic('a', { partitions: 1, retentionMs: null })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(log.append([entry('a', 'x')]), unavailable)
  other.exec('ROLLBACK')
  other.close()
  assert.deepEqual(offsetsOf(await log.append([entry('a', 'x')])), [0])
  await log.close()
})

test('records without a key spread over all partitions, and more partitions can be added', async t => {
  const log = openSqliteEventLog(await freshPath(t))
  await log.ensureTopic('a', { partitions: 2, retentionMs: null })
  const spread = await log.append(Array.from({ length: 4 }, () => entry('a', 'x')))
  assert.deepEqual(spread.map(({ partition, offset }) => [partition, offset]).sort(), [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])
  await log.ensureTopic('a', { partitions: 3, retentionMs: null })
  const wider = await log.append(Array.from({ length: 3 }, () => entry('a', 'x')))
  assert.deepEqual(wider.map(({ partition, offset }) => [partition, offset]).sort(), [
    [0, 2],
    [1, 2],
    [2, 0],
  ])
  await log.close()
})

test('a topic nobody declared is refused, alone, and so is consuming it', async t => {
  const log = openSqliteEventLog(await freshPath(t))
  await log.ensureTopic('a', { partitions: 1, retentionMs: null })
  const fine = log.append([entry('a', 'x')])
  await assert.rejects(log.append([entry('a', 'y'), entry('b', 'z')]), /topic b was never ensured/)
  assert.deepEqual(offsetsOf(await fine), [0])
  assert.equal((await readAll(log, 'a')).length, 1)
  const options = { group: 'g', topics: ['a', 'b'], batchSize: 1, handle: async () => {}, onError: () => {} }
  await assert.rejects(log.consume(options), /topic b was never ensured/)
  await log.close()
})

for (const resolution of ['ABORT', 'ROLLBACK']) {
  test(`a commit that fails (${resolution}) is refused whole, and later appends go on without a gap`, async t => {
    const path = await freshPath(t)
    const log = openSqliteEventLog(path)
    for (const topic of ['a', 'b']) await log.ensureTopic(topic, { partitions: 1, retentionMs: null })
    await log.append([entry('a', '0')])
    // What a full disk does: it fails in the middle, and SQLite may have rolled back by itself (ROLLBACK).
    const other = new DatabaseSync(path)
    other.exec(`CREATE TRIGGER full_disk BEFORE INSERT ON records WHEN NEW.value = CAST('too much' AS BLOB)
      BEGIN SELECT RAISE(${resolution}, 'database or disk is full'); END`)
    const together = [log.append([entry('a', 'x'), entry('b', 'x')]), log.append([entry('b', 'too much')])]
    for (const settled of await Promise.allSettled(together)) {
      assert.ok(settled.status === 'rejected' && unavailable(settled.reason))
    }
    assert.deepEqual(offsetsOf(await log.append([entry('a', '1'), entry('b', '0')])), [1, 0])
    for (const [topic, values] of [
      ['a', ['0', '1']],
      ['b', ['0']],
    ] as const) {
      assert.deepEqual(
        (await readAll(log, topic)).map(({ value }) => value.toString()),
        values,
      )
    }
    other.close()
    await log.close()
  })
}

test('what is appended is on disk before the answer, and readable beside the process', async t => {
  const path = await freshPath(t)
  const log = openSqliteEventLog(path)
  await log.ensureTopic('a', { partitions: 1, retentionMs: null })
  await log.append([entry('a', 'x')])
  const other = new DatabaseSync(path, { readOnly: true })
  assert.equal(other.prepare('SELECT count(*) AS n FROM records').get()!.n, 1)
  other.close()
  await log.close()
})

test('a log that was closed or cannot be opened says so', async t => {
  assert.throws(() => openSqliteEventLog('/nonexistent/folder/log.sqlite'))
  const log = openSqliteEventLog(await freshPath(t))
  await log.ensureTopic('a', { partitions: 1, retentionMs: null })
  await log.close()
  await assert.rejects(log.append([entry('a', 'x')]), unavailable)
  await assert.rejects(log.ping(), unavailable)
  await assert.rejects(log.lag('g', ['a']), unavailable)
  await assert.rejects(log.expire(0), unavailable)
  await assert.rejects(log.ensureTopic('a', { partitions: 1, retentionMs: null }), unavailable)
})
