import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { holdsBytes, plantInGap } from '../../test/plant-in-gap.ts'
import { noTraceIn, traceOf } from './leave-no-trace.ts'
import { openSqlite } from './open-sqlite.ts'

const ROWS = 2_000

/** A file of some megabytes, with gaps in its pages. */
async function openFor(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'no-trace-'))
  const path = join(dir, 'some.sqlite')
  const db = openSqlite(path)
  t.after(async () => {
    if (db.isOpen) db.close()
    await rm(dir, { recursive: true })
  })
  db.exec('CREATE TABLE some (id INTEGER PRIMARY KEY, value BLOB)')
  const insert = db.prepare('INSERT INTO some (value) VALUES (?)')
  db.exec('BEGIN')
  for (let i = 0; i < ROWS; i++) insert.run(randomBytes(3_000))
  db.exec('COMMIT')
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  return { db, path, ...noTraceIn(db) }
}

test('what stands in a gap is gone afterwards, what nobody asked for is left where it is', async t => {
  const { path, leaveNoTrace } = await openFor(t)
  const [asked, marker] = [randomBytes(30), randomBytes(30)]
  plantInGap(path, marker)
  await leaveNoTrace([asked])
  assert.equal(holdsBytes(path, marker), true, 'the file was not written anew')
  plantInGap(path, asked)
  await leaveNoTrace([randomBytes(30), asked])
  assert.deepEqual(
    [asked, marker].map(each => holdsBytes(path, each)),
    [false, false],
  )
})

test('it is found wherever it stands, on the seams of what is read at once too', async t => {
  const { db, path, leaveNoTrace } = await openFor(t)
  for (const row of [1, ROWS / 2, ROWS]) {
    const value = randomBytes(3_000)
    db.prepare('UPDATE some SET value = ? WHERE id = ?').run(value, row)
    const marker = randomBytes(30)
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    plantInGap(path, marker)
    await leaveNoTrace([value.subarray(1_000, 1_030)])
    assert.equal(holdsBytes(path, marker), false)
  }
  const seam = 1_048_576
  for (const shift of [1, 15, 29]) {
    const marker = randomBytes(30)
    plantInGap(path, marker, seam - shift)
    await leaveNoTrace([marker])
    assert.equal(holdsBytes(path, marker), false)
  }
})

test('what is in the write-ahead log is found, and the log is empty afterwards', async t => {
  const { db, path, leaveNoTrace } = await openFor(t)
  const value = randomBytes(3_000)
  db.prepare('UPDATE some SET value = ? WHERE id = 7').run(value)
  db.prepare('DELETE FROM some WHERE id = 7').run()
  assert.equal(holdsBytes(`${path}-wal`, value.subarray(0, 500)), true)
  await leaveNoTrace([value.subarray(0, 100)])
  assert.equal(holdsBytes(`${path}-wal`, value.subarray(0, 100)), false)
  assert.equal(holdsBytes(path, value.subarray(0, 100)), false)
})

test('many who ask at once are all served, while others write', async t => {
  const { db, path, leaveNoTrace } = await openFor(t)
  const asked = Array.from({ length: 50 }, () => randomBytes(30))
  plantInGap(path, asked[20]!)
  let writing = true
  const writes = (async () => {
    const insert = db.prepare('INSERT INTO some (value) VALUES (?)')
    while (writing) {
      insert.run(randomBytes(100))
      await new Promise(resolve => setImmediate(resolve))
    }
  })()
  const later = asked.slice(25).map(async needle => {
    await new Promise(resolve => setImmediate(resolve))
    return leaveNoTrace([needle])
  })
  await Promise.all([...asked.slice(0, 25).map(needle => leaveNoTrace([needle])), ...later])
  writing = false
  await writes
  assert.equal(holdsBytes(path, asked[20]!), false)
  assert.equal(db.prepare('PRAGMA integrity_check').get()!.integrity_check, 'ok')
})

test('a reader elsewhere is waited for', async t => {
  const { db, path, leaveNoTrace } = await openFor(t)
  const reader = new DatabaseSync(path, { readOnly: true })
  reader.exec('BEGIN; SELECT count(*) FROM some')
  db.prepare('DELETE FROM some WHERE id = 9').run()
  const done = leaveNoTrace([randomBytes(30)]).then(() => reader.isOpen)
  await new Promise(resolve => setImmediate(resolve))
  reader.close()
  assert.equal(await done, false)
})

test('where nobody knows what to look for, or it is too short, the file is written anew', async t => {
  const { path, leaveNoTrace } = await openFor(t)
  for (const needles of [undefined, [Buffer.from('short')]]) {
    const marker = randomBytes(30)
    plantInGap(path, marker)
    await leaveNoTrace([])
    assert.equal(holdsBytes(path, marker), true)
    await leaveNoTrace(needles)
    assert.equal(holdsBytes(path, marker), false)
  }
})

test('of our own random texts what is random is looked for in pieces, of others the whole, as it stands in JSON too', () => {
  const random = 'abcdefghijkLMNOPQRSTUV'
  const halves = ['abcdefghijk', 'LMNOPQRSTUV']
  for (const text of [`p1.${random}`, `tok1.person.0.${random}`, `tok1.my-domain.12.${random}`])
    assert.deepEqual(traceOf(text).map(String), halves)
  assert.deepEqual(traceOf(`enc1.${random}${random}`).map(String), [...halves, ...halves])
  assert.deepEqual(traceOf('order-4711').map(String), ['order-4711'])
  assert.deepEqual(traceOf('a"é\\1234').map(String), ['a"é\\1234', 'a\\"é\\\\1234'])
})
