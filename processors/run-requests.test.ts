import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileRequest } from '../governance/subjects/file-request.ts'
import { RequestBlocked, RequestFailed } from '../governance/subjects/find-asked.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openRequestStore, type RequestStore } from '../governance/subjects/request-store.ts'
import type { RightKind } from '../governance/subjects/rights-request.ts'
import { makeLogger } from '../runtime/logger.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import { collections } from '../storage/stored-shapes.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { eventually } from '../test/eventually.ts'
import { temporaryVault } from '../test/temporary-vault.ts'
import { type RequestWork, startRequests } from './run-requests.ts'

const DAY_MS = 86_400_000

async function opened(t: TestContext) {
  const { vault, dir } = await temporaryVault(t)
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  t.after(() => documents.close())
  await documents.ensureCollection('requests', collections.requests)
  const ring = await openKeyRing(vault, randomBytes(32), Date.now)
  const store = openRequestStore(documents)
  const file = async (kind: RightKind) => {
    const id = randomUUID()
    const deps = { ring, audit: { record: async () => {} }, requests: store, now: Date.now }
    const asked = { subjects: [], reason: 'asked', requester: '', details: {} }
    await fileRequest(deps, { id, kind, actor: 'test' }, asked)
    return id
  }
  const run = (
    work: Partial<Record<RightKind, RequestWork>>,
    given: { concurrency?: number; vault?: Pick<Vault, 'deleteKey'>; store?: RequestStore; now?: () => number } = {},
  ) => {
    const logger = makeLogger('json', 'silent')
    const stop = startRequests({
      ...{
        store,
        vault,
        ring,
        work,
        logger,
        now: Date.now,
        intervalMs: 20,
        concurrency: 32,
        claimMs: 30_000,
        keptMs: DAY_MS,
      },
      ...given,
    })
    t.after(stop)
    return stop
  }
  const find = async (id: string) => (await store.get(id))!
  return { vault, ring, store, documents, file, run, find }
}

const done = { outcome: { persons: 0 }, certificate: null }

test('requests that wait for stalled processors, and blocked ones, let others pass, and go on later', async t => {
  const { file, run, find } = await opened(t)
  const clock = { aheadMs: 0 }
  let stalled = true
  const waiting = await Promise.all(Array.from({ length: 6 }, () => file('restriction')))
  const blocked = await Promise.all(Array.from({ length: 6 }, () => file('erasure')))
  run(
    {
      restriction: async request => {
        await request.stage('passed', async () => {
          await request.waitUntil(async () => !stalled)
          return null
        })
        return done
      },
      erasure: async () => {
        if (stalled) throw new RequestBlocked('a hold')
        return done
      },
      objection: async () => done,
    },
    { concurrency: 2, now: () => Date.now() + clock.aheadMs },
  )
  const late = await file('objection')
  await eventually('the late one is done', async () => (await find(late)).body.state === 'done')
  for (const id of waiting) assert.notEqual((await find(id)).body.state, 'done')
  await eventually('each has waited its turn', async () => {
    const bodies = await Promise.all([...waiting, ...blocked].map(async id => (await find(id)).body))
    return bodies.every(({ because }) => because !== null)
  })
  stalled = false
  clock.aheadMs = 3_600_000
  await eventually('all are done', async () => {
    const bodies = await Promise.all([...waiting, ...blocked].map(async id => (await find(id)).body))
    return bodies.every(({ state }) => state === 'done')
  })
})

test('a process that lost its claim before the end destroys no key', async t => {
  const { ring, store, vault, file, run, find } = await opened(t)
  const id = await file('objection')
  let deleted = false
  const deleteKey = async (name: string) => {
    deleted = true
    return vault.deleteKey(name)
  }
  // Taken over by another right after the last of the work.
  const write: RequestStore['write'] = async (held, change, expiresAtMs) => {
    const written = await store.write(held, change, expiresAtMs)
    if (change.outcome) await store.write(written, { owner: 'another', ownedUntilMs: Date.now() + DAY_MS })
    return written
  }
  const stop = run({ objection: async () => done }, { vault: { deleteKey }, store: { ...store, write } })
  await eventually('another has it', async () => (await find(id)).body.owner === 'another')
  await stop()
  assert.equal(deleted, false)
  assert.ok(await ring.findRequestKey(id))
})

test('a process that dies before the key is gone leaves the end to the next one, whatever the end', async t => {
  const { ring, file, run, find, vault } = await opened(t)
  const [good, bad] = [await file('objection'), await file('export')]
  let works = 0
  const work = {
    objection: async () => {
      works++
      return done
    },
    export: async () => {
      works++
      throw new RequestFailed('never')
    },
  }
  let dead = true
  const deleteKey = async (name: string) => {
    if (dead) throw new Error('the vault is gone')
    return vault.deleteKey(name)
  }
  run(work, { vault: { deleteKey } })
  const bodies = () => Promise.all([good, bad].map(async id => (await find(id)).body))
  await eventually('both have nothing sealed any more', async () =>
    (await bodies()).every(({ sealed, owner }) => sealed === null && owner === null),
  )
  assert.ok((await bodies()).every(({ active, finishedAt }) => active === 1 && finishedAt === null))
  dead = false
  await eventually('both are ended', async () => (await bodies()).every(({ finishedAt }) => finishedAt !== null))
  assert.deepEqual(
    (await bodies()).map(({ state, because, active }) => [state, because, active]),
    [
      ['done', null, 0],
      ['failed', 'never', 0],
    ],
  )
  assert.equal(works, 2)
  for (const id of [good, bad]) {
    assert.equal(await ring.findRequestKey(id), undefined)
    assert.ok((await find(id)).expiresAtMs! > Date.now())
  }
})

test('what is kept beside the stages replaces what was kept before, and is there after a crash', async t => {
  const { file, run, find } = await opened(t)
  const id = await file('objection')
  const seen: unknown[] = []
  run({
    objection: async request => {
      seen.push(request.content.progress.kept)
      await request.keep('kept', seen.length)
      if (seen.length < 3) throw new Error('the process is dead')
      return done
    },
  })
  await eventually('it is done', async () => (await find(id)).body.state === 'done')
  assert.deepEqual(seen, [undefined, 1, 2])
})
