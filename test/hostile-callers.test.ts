import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Problem } from '../gateway/problem.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'
import { startEcluse } from './start-ecluse.ts'

let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({
    environment: { ECLUSE_MAX_AUTH_FAILURES_PER_SECOND: '5', ECLUSE_MAX_EVENTS_PER_SECOND: '100' },
  })
})
after(() => ecluse.end())

async function problemOf(response: Response): Promise<Problem> {
  assert.match(response.headers.get('content-type')!, /^application\/problem\+json/)
  return (await response.json()) as Problem
}

const read = (path: string, role = 'data-steward') => ecluse.call(role, path)

describe('a caller', () => {
  test('who sends a cursor or a time that is none gets 400, whatever is in it', async () => {
    const cursors = [['\ud800', 'a'], ['a', '\udfff'], [null, 'a'], ['a'], 'a']
    const texts = [...cursors.map(cursor => JSON.stringify(cursor)), '[1e999,"a"]', '{', '']
    for (const text of texts) {
      const cursor = Buffer.from(text).toString('base64url')
      const response = await read(`/v1/datasets/transactions/events?cursor=${cursor}`)
      assert.equal(response.status, 400, text)
      await problemOf(response)
    }
    for (const from of ['2016-12-31T23:59:60Z', 'yesterday', ''])
      assert.equal((await read(`/v1/datasets/transactions/events?from=${from}`)).status, 400, from)
    assert.equal((await read('/v1/datasets/transactions/events?limit=0')).status, 400)
    assert.equal((await read('/v1/datasets/transactions/events?limt=1')).status, 400)
  })

  test('with a content type that cannot be read at all is told which to use', async () => {
    for (const type of ['', 'application/json, text/plain', ';;;']) {
      const response = await ecluse.call('producer', '/v1/datasets/transactions/events', {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': type },
      })
      const problem = await problemOf(response)
      assert.equal(response.status, 415, type)
      assert.match(problem.fix, /application\/json/)
    }
  })

  test('is told 401 before 403 before 404, and each role may call what is its own', async () => {
    const paths = ['/v1/datasets/none/events', '/v1/quarantine?dataset=none', '/v1/anomalies?dataset=none']
    for (const path of paths) {
      assert.equal((await fetch(`${ecluse.url}${path}`)).status, 401, path)
      assert.equal((await read(path, 'producer')).status, 403, path)
      assert.equal((await read(path)).status, 404, path)
    }
    for (const role of Object.keys(ecluse.keys)) {
      assert.equal((await read('/v1/datasets', role)).status, 200, role)
      const expected = ['data-owner', 'data-steward', 'data-engineer', 'analyst'].includes(role) ? 200 : 403
      assert.equal((await read('/v1/datasets/transactions/events', role)).status, expected, role)
    }
  })

  test('who guesses keys is slowed down; who has one is not', async () => {
    const guess = () =>
      fetch(`${ecluse.url}/v1/datasets`, {
        headers: { authorization: `Bearer eck_0123456789abcdef_${'x'.repeat(43)}` },
      })
    const slowed = await eventually('guessing is answered 429', async () => {
      const response = await guess()
      return response.status === 429 && response
    })
    assert.ok(Number(slowed.headers.get('retry-after')) > 0)
    assert.equal((await read('/v1/datasets')).status, 200)
  })

  test('who sends more events than a key may is asked to wait', async () => {
    // Ten seconds' worth at once.
    const events = Array.from({ length: 1_000 }, () => ({}))
    assert.equal((await ecluse.post('transactions', events)).status, 422)
    const { status, headers } = await ecluse.post('transactions', transaction())
    assert.equal(status, 429)
    const waitSeconds = Number(headers.get('retry-after'))
    assert.ok(waitSeconds >= 1 && waitSeconds <= 10)
    await eventually('the key may send again', async () => {
      return (await ecluse.post('transactions', transaction())).status === 202
    })
  })

  test('whose event has no id but its envelope has: the id is stored as a token, the event once', async () => {
    const { id_transaction: _id, ...event } = transaction()
    const id = 'somebody.private@example.com'
    const envelope = { specversion: '1.0', id, source: '/x', type: 'y', data: event }
    const headers = { 'content-type': 'application/cloudevents+json' }
    for (let i = 0; i < 2; i++) {
      const { answer } = await ecluse.post('transactions', envelope, headers)
      assert.deepEqual(answer.results, [{ index: 0, id, outcome: 'accepted' }])
    }
    await ecluse.settled()
    const { items } = (await (await read('/v1/datasets/transactions/events?limit=1000')).json()) as {
      items: JsonObject[]
    }
    assert.equal(items.filter(({ id: stored }) => (stored as string).startsWith('tok1.person.0.')).length, 1)
    assert.doesNotMatch(JSON.stringify(items), /somebody\.private/)
  })
})

test('a flood of keys that nobody has reaches the vault no further than the bound, and keeps nobody out who is in', async t => {
  const ecluse = await startEcluse({ ECLUSE_MAX_AUTH_FAILURES_PER_SECOND: '5', ECLUSE_LEASE_MS: '100' })
  t.after(() => ecluse.stop())
  const me = (authorization: string) => fetch(`${ecluse.address}/v1/access/me`, { headers: { authorization } })
  assert.equal((await ecluse.call('analyst', '/v1/access/me')).status, 200)
  const statuses: number[] = []
  const startMs = performance.now()
  const counts = await ecluse.countCalls(async () => {
    for (let round = 0; round < 5; round++) {
      const guesses = Array.from({ length: 40 }, () =>
        me(`Bearer eck_${randomBytes(8).toString('hex')}_${randomBytes(32).toString('base64url')}`),
      )
      const analyst = ecluse.call('analyst', '/v1/access/me')
      statuses.push(...(await Promise.all(guesses)).map(({ status }) => status))
      assert.equal((await analyst).status, 200)
    }
  })
  // It began in one, and ended in another at least.
  const windows = Math.floor((performance.now() - startMs) / 1_000) + 2
  const refused = statuses.filter(status => status === 401).length
  assert.equal(refused + statuses.filter(status => status === 429).length, 200)
  assert.ok(refused <= 5 * windows, `${refused} in ${windows} s`)
  // The analyst's own are looked up once a lease.
  assert.ok(counts['vault.findCredential']! <= refused + 5, JSON.stringify(counts))
})
