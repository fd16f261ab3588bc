import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verifyExport } from '../governance/audit/export-lines.ts'
import {
  addLeaf,
  type Frontier,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../governance/audit/merkle-tree.ts'
import { exportEntries } from '../governance/audit/stored-entries.ts'
import {
  AuditFork,
  newestHead,
  proveConsistency,
  proveInclusion,
  readTree,
  rootAt,
} from '../governance/audit/stored-tree.ts'
import { verifyTreeHead } from '../governance/audit/tree-head.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { StoredAuditEntry } from '../storage/stored-audit.ts'
import { batchOf, build, DAY_MS, makeEntries, NOON, publicKeys, sign } from './audit-tree-fixture.ts'
import { temporaryDocuments } from './documents-fixture.ts'

/** All that rests of an audit, as one value to compare. */
async function dump(documents: Documents) {
  const found = await Promise.all(['audit', 'audit_nodes'].map(name => documents.find(name, { limit: 1_000 })))
  return found.flat()
}

async function entriesOf(documents: Documents): Promise<StoredAuditEntry[]> {
  const found = await documents.find('audit', { sort: { by: 'index', order: 'ascending' }, limit: 1_000 })
  return found.map(({ body }) => body as unknown as StoredAuditEntry)
}

function rootOfAll(values: Buffer[]): Buffer {
  const frontier: Frontier = { size: 0, hashes: [] }
  for (const value of values) addLeaf(frontier, leafHash(value))
  return rootOf(frontier.hashes)
}

async function* exported(documents: Documents): AsyncGenerator<Buffer> {
  const { treeSize, head } = (await newestHead(documents))!
  yield Buffer.from(`${head}\n`)
  for await (const lines of exportEntries(documents, treeSize)) yield Buffer.from(lines)
}

/** The store, until so many of its writes are done: then it is down. */
function failingAfter(documents: Documents, writes: number): Documents {
  let left = writes
  const write = <A extends unknown[], R>(work: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (left-- <= 0) throw new Error('killed')
      return work(...args)
    }
  }
  return { ...documents, insertFirst: write(documents.insertFirst), upsertNewer: write(documents.upsertNewer) }
}

test('each record is a leaf in the order of the log; every entry and every earlier tree is proven', async t => {
  const documents = await temporaryDocuments(t)
  const values = await makeEntries(23)
  for (const [begin, end] of [
    [0, 1],
    [1, 8],
    [8, 23],
  ] as const) {
    await build(documents, batchOf(values.slice(begin, end), begin))
    await sign(documents)
  }
  const entries = await entriesOf(documents)
  assert.deepEqual(
    entries.map(({ index, text }) => [index, text]),
    values.map((value, i) => [i, value.toString()]),
  )
  const root = rootOfAll(values)
  const head = verifyTreeHead((await newestHead(documents))!.head, publicKeys)
  assert.deepEqual([head.treeSize, head.rootHash], [23, root])
  for (const [index, value] of values.entries())
    assert.ok(verifyInclusion(leafHash(value), index, 23, await proveInclusion(documents, index, 23), root))
  for (const from of [1, 8])
    assert.ok(
      verifyConsistency(from, 23, await proveConsistency(documents, from, 23), await rootAt(documents, from), root),
    )
})

test('a batch that comes again, cut otherwise or to two builders at once, changes nothing', async t => {
  const values = await makeEntries(40)
  const straight = await temporaryDocuments(t)
  await build(straight, batchOf(values))
  const documents = await temporaryDocuments(t)
  const all = batchOf(values)
  await Promise.all([build(documents, all), build(documents, all), build(documents, batchOf(values.slice(0, 13)))])
  await Promise.all([build(documents, batchOf(values.slice(5, 20), 5)), build(documents, all)])
  await Promise.all([
    build(documents, batchOf(values.slice(13, 33), 13)),
    build(documents, batchOf(values.slice(20), 20)),
  ])
  const withoutVersions = (found: Awaited<ReturnType<typeof dump>>) => found.map(({ id, body }) => ({ id, body }))
  assert.deepEqual(withoutVersions(await dump(documents)), withoutVersions(await dump(straight)))
})

test('a builder that dies at any of its writes leaves a tree that the next one finishes to the same', async t => {
  const values = await makeEntries(11)
  const batches = [batchOf(values.slice(0, 4)), batchOf(values.slice(4), 4)]
  const straight = await temporaryDocuments(t)
  for (const batch of batches) await build(straight, batch)
  const expected = await dump(straight)
  for (let writes = 0; writes < 6; writes++) {
    const documents = await temporaryDocuments(t)
    const dying = failingAfter(documents, writes)
    await assert.rejects(async () => {
      for (const batch of batches) await build(dying, batch)
    }, /killed/)
    // What was not committed comes again, perhaps in other pieces.
    await build(documents, batchOf(values.slice(0, 7)))
    await build(documents, batchOf(values.slice(2), 2))
    assert.deepEqual(await dump(documents), expected, `after ${writes} writes`)
  }
})

test('an entry that stands in the log twice is one leaf; another that bears its id is kept, and told', async t => {
  const documents = await temporaryDocuments(t)
  const [a, b, c] = (await makeEntries(3)) as [Buffer, Buffer, Buffer]
  const impostor = Buffer.from(b.toString().replace('"number":1', '"number":9'))
  await build(documents, batchOf([a, a, b]))
  await build(documents, batchOf([b, a, impostor, c, c], 3))
  const entries = await entriesOf(documents)
  assert.deepEqual(
    entries.map(({ leafHash: hash }) => hash),
    [a, b, impostor, c].map(value => leafHash(value).toString('hex')),
  )
  const { text, bytes, note } = entries[2]!
  assert.deepEqual([text, bytes, note], [null, impostor.toString('base64'), 'it has the id of another entry'])
})

test('a record that is no entry is a leaf all the same, with a note', async t => {
  const documents = await temporaryDocuments(t)
  const [entry] = (await makeEntries(1)) as [Buffer]
  const values = [Buffer.of(0xff), entry, Buffer.from('{}'), Buffer.from('{}'), Buffer.alloc(300_000, 'x')]
  await build(documents, batchOf(values))
  await sign(documents)
  const entries = await entriesOf(documents)
  assert.deepEqual(
    entries.map(({ note }) => note),
    ['it is not UTF-8', null, 'it has no id', 'it has no id', 'it is larger than 262144 bytes'],
  )
  assert.deepEqual(await rootAt(documents, 5), rootOfAll(values))
  const { withoutContent } = await verifyExport(exported(documents), { publicKeys })
  assert.deepEqual(withoutContent.stretches, [[4, 4]], 'the bytes of one above the bound are not kept')
})

test('a fork is told, and nothing is overwritten', async t => {
  const documents = await temporaryDocuments(t)
  const values = await makeEntries(6)
  await build(documents, batchOf(values))
  const before = await dump(documents)
  // A builder that knows nothing of what was built, on a log that holds something else.
  const zombie = {
    ...documents,
    get: async (name: string, id: string) => (id === 'tree' ? undefined : documents.get(name, id)),
  }
  await assert.rejects(build(zombie, batchOf([...values.slice(0, 4), ...(await makeEntries(2))])), AuditFork)
  assert.deepEqual(await dump(documents), before)
  await build(zombie, batchOf(values))
})

test('records that are missing between the tree and the log are told', async t => {
  const documents = await temporaryDocuments(t)
  const values = await makeEntries(6)
  await build(documents, batchOf(values.slice(0, 2)))
  await assert.rejects(build(documents, batchOf(values.slice(3), 3)), AuditFork)
  await build(documents, batchOf(values))
  assert.deepEqual(await rootAt(documents, 6), rootOfAll(values))
})

test('a topic that was made anew continues the tree, and what comes late of the one before is passed over', async t => {
  const documents = await temporaryDocuments(t)
  const values = await makeEntries(6)
  await build(documents, batchOf(values.slice(0, 4)))
  await build(documents, batchOf(values.slice(4), 0, 'second'))
  await build(documents, batchOf([Buffer.from('{}')], 4))
  await build(documents, batchOf(values.slice(5), 1, 'second'))
  assert.equal((await readTree(documents))!.size, 6)
  assert.deepEqual(await rootAt(documents, 6), rootOfAll(values))
})

test('an entry whose retention ended loses its text; its hash stays, and so does every proof', async t => {
  const documents = await temporaryDocuments(t)
  const values = await makeEntries(9)
  await build(documents, batchOf(values))
  await sign(documents)
  assert.equal(await documents.expire(NOON + DAY_MS - 1), 0)
  assert.equal(await documents.expire(NOON + DAY_MS), 9)
  const kept = { retentionMs: DAY_MS, isSaid: true, nowMs: NOON + DAY_MS }
  const { head, withoutContent } = await verifyExport(exported(documents), { publicKeys, kept })
  assert.deepEqual([head.treeSize, withoutContent], [9, { entries: 9, stretches: [[0, 8]] }])
  assert.deepEqual(await rootAt(documents, 9), rootOfAll(values))
})
