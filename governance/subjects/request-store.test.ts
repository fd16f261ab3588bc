import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import { collections } from '../../storage/stored-shapes.ts'
import { ClaimLost, openRequestStore } from './request-store.ts'
import type { StoredRequest } from './rights-request.ts'

async function opened(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-requests-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  await documents.ensureCollection('requests', collections.requests)
  t.after(async () => {
    await documents.close()
    rmSync(dir, { recursive: true })
  })
  return openRequestStore(documents)
}

const request = (changes: Partial<StoredRequest> = {}): StoredRequest => ({
  id: randomUUID(),
  kind: 'erasure',
  state: 'queued',
  active: 1,
  createdAt: new Date().toISOString(),
  createdBy: 'a',
  dueAt: '2026-12-21T00:00:00.000Z',
  extendedAt: null,
  finishedAt: null,
  because: null,
  stages: [],
  holders: [],
  sealed: 'x',
  sealedExtension: null,
  outcome: null,
  certificate: null,
  owner: null,
  ownedUntilMs: 0,
  writer: '',
  ...changes,
})

test('of two processes that take a request at once, one has it', async t => {
  const store = await opened(t)
  const { body } = await store.create(request())
  const seen = await Promise.all([store.get(body.id), store.get(body.id)])
  const taken = await Promise.allSettled(
    seen.map((held, i) => store.write(held!, { owner: `process ${i}`, ownedUntilMs: 10 })),
  )
  const won = taken.filter(({ status }) => status === 'fulfilled')
  assert.equal(won.length, 1)
  assert.ok((taken.find(({ status }) => status === 'rejected') as PromiseRejectedResult).reason instanceof ClaimLost)
})

test('who lost its claim writes nothing any more; who has it keeps what others change meanwhile', async t => {
  const store = await opened(t)
  const created = await store.create(request())
  const mine = await store.write(created, { owner: 'me', ownedUntilMs: 10 })
  // The time is extended while it is worked on: no claim is taken.
  await store.write((await store.get(created.body.id))!, { extendedAt: 'then' })
  const worked = await store.write(mine, { state: 'running' })
  assert.deepEqual([worked.body.state, worked.body.extendedAt], ['running', 'then'])
  await store.write(worked, { owner: 'another', ownedUntilMs: 20 })
  await assert.rejects(store.write(worked, { state: 'done' }), ClaimLost)
  assert.equal((await store.get(created.body.id))!.body.state, 'running')
})

test('what is done or claimed is not offered', async t => {
  const store = await opened(t)
  for (const changes of [{}, { active: 0 as const }, { ownedUntilMs: 1_000 }]) await store.create(request(changes))
  assert.equal((await store.findUnclaimed(500)).length, 1)
  assert.equal((await store.findUnclaimed(1_001)).length, 2)
})

test('a finished request keeps its end, whoever writes after', async t => {
  const store = await opened(t)
  const created = await store.create(request())
  const mine = await store.write(created, { owner: 'me', ownedUntilMs: 10 })
  const finished = await store.write(mine, { owner: null, active: 0, finishedAt: 'then' }, 5e12)
  assert.equal((await store.write(finished, { ownedUntilMs: 20 })).expiresAtMs, 5e12)
  // Read before anybody took it: nothing is written over what came between.
  await assert.rejects(store.write(created, { extendedAt: 'later' }), ClaimLost)
  const { body, expiresAtMs } = (await store.get(created.body.id))!
  assert.deepEqual([body.extendedAt, expiresAtMs], [null, 5e12])
})

test('new requests are offered before begun and blocked ones', async t => {
  const store = await opened(t)
  for (const state of ['blocked', 'running', 'queued', 'queued'] as const) await store.create(request({ state }))
  const offered = await store.findUnclaimed(1)
  assert.deepEqual(
    offered.map(({ body }) => body.state),
    ['queued', 'queued', 'running', 'blocked'],
  )
})
