import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import { collections } from '../../storage/stored-shapes.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { extendRequest, fileRequest } from './file-request.ts'
import { openKeyRing } from './key-ring.ts'
import { openRequestStore } from './request-store.ts'

const DAY_MS = 86_400_000
const filed = { id: 'r1', kind: 'erasure', actor: 'dpo' } as const
const asked = { subjects: [], reason: 'asked', requester: '', details: {} }
const why = { actor: 'dpo', reason: 'it is much' }

async function opened(t: TestContext) {
  const { vault, dir } = await temporaryVault(t)
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  t.after(() => documents.close())
  await documents.ensureCollection('requests', collections.requests)
  const ring = await openKeyRing(vault, randomBytes(32), Date.now)
  const changes: unknown[] = []
  const audit = {
    record: async (...events: { details?: object }[]) => void changes.push(...events.map(e => e.details)),
  }
  const requests = openRequestStore(documents)
  return { vault, changes, deps: { ring, audit, requests, now: Date.now } }
}

test('the key of a request that was never filed ends within a day; of one that stands it has no end', async t => {
  const { vault, deps } = await opened(t)
  const failing = { ...deps, audit: { record: () => Promise.reject(new Error('the log is down')) } }
  await assert.rejects(fileRequest(failing, filed, asked))
  await fileRequest(deps, { ...filed, id: 'r2' }, asked)
  const ends = (await vault.listKeys('request/')).map(({ name, endsAtMs }) => [name, endsAtMs !== null])
  assert.deepEqual(ends, [
    ['request/r1', true],
    ['request/r2', false],
  ])
  assert.deepEqual(await vault.deleteEndedKeys(Date.now() + DAY_MS + 1_000), ['request/r1'])
})

test('an extension that meets a change of claim is written again, and one that meets the end is refused', async t => {
  const { changes, deps } = await opened(t)
  const { requests } = deps
  for (const id of ['r1', 'r2']) await fileRequest(deps, { ...filed, id }, asked)
  const [first, second] = [(await requests.get('r1'))!, (await requests.get('r2'))!]
  await requests.write(first, { owner: 'a process', ownedUntilMs: 10 })
  const extended = await extendRequest(deps, first, why)
  assert.ok(typeof extended === 'object' && extended.extendedAt !== null && extended.owner === 'a process')

  const taken = await requests.write(second, { owner: 'a process', ownedUntilMs: 10 })
  await requests.write(taken, { owner: null, active: 0, finishedAt: 'then' }, 5e12)
  assert.equal(await extendRequest(deps, second, why), 'over')
  const finished = (await requests.get('r2'))!
  assert.deepEqual([finished.body.extendedAt, finished.body.sealedExtension, finished.expiresAtMs], [null, null, 5e12])
  assert.equal(await extendRequest(deps, finished, why), 'over')
  assert.deepEqual(changes.slice(2), [{ change: 'extended' }, { change: 'extended' }, { change: 'extension refused' }])
})

test('no more time is taken once the month is over: the person had to be told within it', async t => {
  const { changes, deps } = await opened(t)
  const { dueAt } = await fileRequest(deps, filed, asked)
  const extendAt = async (atMs: number) =>
    extendRequest({ ...deps, now: () => atMs }, (await deps.requests.get('r1'))!, why)
  assert.equal(await extendAt(Date.parse(dueAt!) + 1), 'late')
  assert.equal((await deps.requests.get('r1'))!.body.extendedAt, null)
  assert.equal(changes.length, 1, 'nothing is recorded but the filing')
  const extended = await extendAt(Date.parse(dueAt!))
  assert.ok(typeof extended === 'object' && extended.dueAt! > dueAt!)
})
