import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { holdsBytes, plantInGap } from '../../test/plant-in-gap.ts'
import { documentsContractSuite } from './contract-suite.ts'
import { type Documents, DocumentsUnavailable, type StoredDocument } from './documents.ts'
import { openSqliteDocuments } from './sqlite.ts'

const freshDir = () => mkdtemp(join(tmpdir(), 'documents-'))

documentsContractSuite('SQLite', async () => {
  const dir = await freshDir()
  const path = join(dir, 'documents.sqlite')
  let documents = await openSqliteDocuments(path)
  return {
    documents,
    reopen: async () => {
      await documents.close()
      documents = await openSqliteDocuments(path)
      return documents
    },
    close: async () => {
      await documents.close()
      await rm(dir, { recursive: true })
    },
  }
})

async function openFor(t: TestContext): Promise<{ documents: Documents; path: string }> {
  const dir = await freshDir()
  const path = join(dir, 'documents.sqlite')
  const documents = await openSqliteDocuments(path)
  t.after(async () => {
    await documents.close()
    await rm(dir, { recursive: true })
  })
  return { documents, path }
}
const doc = (id: string, expiresAtMs: number | null = null): StoredDocument => ({
  id,
  version: 1,
  expiresAtMs,
  body: {},
})

test('the file is for its owner alone', async t => {
  const { path } = await openFor(t)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
})

test('retention ends for a collection that nobody declared since the opening, and for more than one batch', async t => {
  const { documents, path } = await openFor(t)
  await documents.ensureCollection('old', { indexes: [] })
  await documents.insertFirst(
    'old',
    Array.from({ length: 2_500 }, (_, i) => doc(`${i}`, 1_000)),
  )
  await documents.insertFirst('old', [doc('kept', 1_001)])
  await documents.close()
  const reopened = await openSqliteDocuments(path)
  assert.equal(await reopened.expire(1_000), 2_500)
  await reopened.ensureCollection('old', { indexes: [] })
  assert.deepEqual(await reopened.find('old', { limit: 10 }), [doc('kept', 1_001)])
  await reopened.close()
})

test('a retention is changed for more than one batch, with gaps between', async t => {
  const { documents } = await openFor(t)
  await documents.ensureCollection('old', { indexes: ['dataset'] })
  const body = { dataset: 'a', at: '1970-01-01T00:00:01Z' }
  const content = Array.from({ length: 3_500 }, (_, i) => ({ ...doc(`${i}`), body }))
  await documents.insertFirst('old', content)
  await documents.delete(
    'old',
    content.slice(500, 2_000).map(({ id }) => id),
  )
  await documents.setExpiry('old', { where: { dataset: 'a' }, from: 'at', retentionMs: 1_000 })
  assert.equal(await documents.expire(1_999), 0)
  assert.equal(await documents.expire(2_000), 2_000)
})

test('two openings of one file agree on the first writer', async t => {
  const { documents, path } = await openFor(t)
  const other = await openSqliteDocuments(path)
  for (const each of [documents, other]) await each.ensureCollection('shared', { indexes: [] })
  await documents.insertFirst('shared', [doc('a', 1)])
  assert.deepEqual(await other.insertFirst('shared', [doc('a', 2)]), [doc('a', 1)])
  await other.close()
})

test('a collection that was never declared is refused', async t => {
  const { documents } = await openFor(t)
  await assert.rejects(documents.get('unknown', 'a'), RangeError)
})

test('a version or an expiry that is no integer is refused before anything is written', async t => {
  const { documents } = await openFor(t)
  await documents.ensureCollection('events', { indexes: [] })
  const wrong = [
    { ...doc('b'), version: 2 ** 53 },
    { ...doc('b'), expiresAtMs: 1.5 },
  ]
  for (const each of wrong) await assert.rejects(documents.upsertNewer('events', [doc('a'), each]), TypeError)
  assert.equal(await documents.get('events', 'a'), undefined)
})

test('a store that cannot be opened or was closed is unavailable, with the cause', async t => {
  const withCause = (error: unknown) => error instanceof DocumentsUnavailable && error.cause instanceof Error
  await assert.rejects(openSqliteDocuments('/nonexistent/folder/documents.sqlite'), withCause)
  const { documents } = await openFor(t)
  await documents.ensureCollection('events', { indexes: [] })
  await documents.close()
  await documents.close()
  await assert.rejects(documents.ping(), withCause)
  await assert.rejects(documents.insertFirst('events', [doc('a')]), withCause)
})

test('a page of a collection where every document fits the filter is read in order, not sorted whole', async t => {
  const { documents, path } = await openFor(t)
  await documents.ensureCollection('events', { indexes: ['dataset', 'time'] })
  const content = Array.from({ length: 1_000 }, (_, time) => ({ ...doc(`${time}`), body: { dataset: 'a', time } }))
  await documents.insertFirst('events', content)
  const db = new DatabaseSync(path, { readOnly: true })
  t.after(() => db.close())
  const plan = db
    .prepare("EXPLAIN QUERY PLAN SELECT * FROM d_events WHERE m_dataset = 'a' ORDER BY m_time DESC, id DESC")
    .all()
  assert.deepEqual(
    plan.map(({ detail }) => detail),
    ['SCAN d_events USING INDEX d_events_m_time'],
  )
})

test('of removed documents no text is left in the file or its log, as it stood or as it stood in JSON', async t => {
  const { documents, path } = await openFor(t)
  await documents.ensureCollection('events', { indexes: ['subject'] })
  const [subject, name] = ['p1.abcdefghijklmnopqrstuv', 'a "name" of é']
  const written = Array.from({ length: 500 }, (_, i) => ({
    ...doc(`event-${i}`),
    body: { subject: i % 2 ? subject : 'p1.somebody', name: i % 2 ? name : 'other', text: 'x'.repeat(i * 3) },
  }))
  await documents.insertFirst('events', written)
  await documents.delete(
    'events',
    written.filter((_, i) => i % 2).map(({ id }) => id),
  )
  assert.equal(await documents.scrub([subject, name, 'event-499']), 'searched')
  const traces = [subject, name, JSON.stringify(name).slice(1, -1), 'event-499'].map(text => Buffer.from(text))
  const isLeft = () => traces.some(trace => holdsBytes(path, trace) || holdsBytes(`${path}-wal`, trace))
  assert.equal(isLeft(), false)
  for (const trace of traces) {
    plantInGap(path, trace)
    await documents.scrub([subject, name, 'event-499'])
    assert.equal(isLeft(), false)
  }
  assert.equal((await documents.find('events', { limit: 1_000 })).length, 250)
})
