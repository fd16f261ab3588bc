import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { clientApiKey } from '../cli/dev-credentials.ts'
import { start } from '../cli/start.ts'
import type { Problem } from '../gateway/problem.ts'
import { LakeUnavailable } from '../storage/lake/lake.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { configIn, makeDir, spawnEcluse } from './spawn-ecluse.ts'

/** Écluse in this process, so that a store can be taken from under it. */
async function running(t: TestContext) {
  const dir = makeDir()
  const config = configIn(dir, { ECLUSE_LEASE_MS: '100' })
  const ecluse = await start(config, ['gateway', 'processors'])
  t.after(() => ecluse.stop())
  const post = (body: unknown) =>
    fetch(`${ecluse.address}/v1/datasets/transactions/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${clientApiKey(config, 'producer')}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const readiness = async () => {
    const response = await fetch(`${ecluse.address}/readyz`)
    return { code: response.status, ...((await response.json()) as { status: string; degraded: string[] }) }
  }
  return { ...ecluse, post, readiness }
}

async function assertUnavailable(response: Response, port: RegExp): Promise<void> {
  assert.equal(response.status, 503)
  assert.ok(Number(response.headers.get('retry-after')) > 0)
  const problem = (await response.json()) as Problem
  assert.equal(problem.type, 'urn:ecluse:problem:unavailable')
  assert.match(problem.detail, port)
}

test('without the event log nothing is accepted: 503 with Retry-After, and not ready', async t => {
  const { stores, post, readiness } = await running(t)
  await stores.log.close()
  await assertUnavailable(await post(transaction()), /event log/)
  // A look at the ports is good for a moment.
  const { status, degraded } = await eventually('it is not ready', async () => {
    const answer = await readiness()
    return answer.code === 503 && answer
  })
  assert.equal(status, 'unavailable')
  // Processors read from it, and may have noticed too.
  assert.deepEqual(
    degraded.filter(name => name !== 'processors'),
    ['event-log'],
  )
})

test('without the vault nothing is accepted: 503 with Retry-After, and not ready', async t => {
  const { stores, post, readiness } = await running(t)
  assert.equal((await post(transaction())).status, 202)
  await stores.vault.close()
  await assertUnavailable(
    await post([transaction(), { ...transaction(), utilisateur: { idUtilisateur: 'new' } }]),
    /vault/,
  )
  await eventually('it is not ready', async () => (await readiness()).code === 503)
})

test('without any other store events are accepted all the same: ready, and degraded by name', async t => {
  const { stores, post, readiness } = await running(t)
  for (const store of [stores.documents, stores.tables]) await store.close()
  assert.equal((await post(transaction())).status, 202)
  const { code, status, degraded } = await eventually('the processors are held up, and say so', async () => {
    const answer = await readiness()
    return ['documents', 'processors'].every(name => answer.degraded.includes(name)) && answer
  })
  assert.deepEqual([code, status, degraded], [200, 'degraded', ['documents', 'tables', 'processors']])
})

test('without the ledger of erasures nothing starts, and the port is named', async () => {
  const environment = {
    // Nobody listens on a port that only the system may open.
    ECLUSE_ERASURES: 's3://erasures/ledger?endpoint=http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'nobody',
    AWS_SECRET_ACCESS_KEY: 'nothing',
  }
  await assert.rejects(
    spawnEcluse({ environment }),
    /ended with 1:\n(.*\n)*ecluse serve: ECLUSE_ERASURES names the ledger of erasures, .*nothing listens there/,
  )
})

test('once it runs, events are accepted without the ledger of erasures: ready, and degraded by name', async t => {
  const { stores, post, readiness } = await running(t)
  const down = () => Promise.reject(new LakeUnavailable('it is down'))
  Object.assign(stores.erasures, { ping: down, get: down, list: down })
  assert.equal((await post(transaction())).status, 202)
  const { code, degraded } = await eventually('it is told', async () => {
    const answer = await readiness()
    return answer.degraded.includes('erasures') && answer
  })
  assert.deepEqual([code, degraded], [200, ['erasures']])
})
