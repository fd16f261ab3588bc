// The conservation ledger over HTTP: against what was sent and answered, across kill -9, and against an archive that
// somebody changed by hand.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import type { IngestAnswer } from '../gateway/outcome.ts'
import { seededRandom } from '../sources/simulate/seeded-random.ts'
import { EventLogUnavailable } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transaction, transactionOf } from './fixtures.ts'
import { balanced, mismatches, postUntilItDies, sumsOf } from './read-ledger.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'
import { startEcluse } from './start-ecluse.ts'

const environment = {
  ECLUSE_LEASE_MS: '500',
  ECLUSE_MAINTENANCE_INTERVAL_MS: '200',
  // Several receipts for one request.
  ECLUSE_CHUNK_EVENTS: '7',
}

describe('a mixed stream', () => {
  let ecluse: EcluseProcess
  before(async () => {
    ecluse = await spawnEcluse({ environment })
  })
  after(() => ecluse.end())

  const oracle = { received: 0, accepted: 0, suppressed: 0, rejected: 0 }
  const post = async (events: JsonObject[], asLines = false) => {
    const body = asLines ? events.map(event => `${JSON.stringify(event)}\n`).join('') : events
    const headers: Record<string, string> = asLines ? { 'content-type': 'application/x-ndjson' } : {}
    const { answer } = await ecluse.post('transactions', body, headers)
    for (const name of ['received', 'accepted', 'suppressed', 'rejected'] as const) oracle[name] += answer[name]
    assert.equal(answer.received, events.length)
    return answer
  }

  test('is accounted for: what was answered, what became of it, and what is stored', async () => {
    const [restricted, erased, mistaken] = [randomUUID(), randomUUID(), randomUUID()]
    const many = Array.from({ length: 40 }, (_, i) => transaction(i % 5 === 4 ? { montant: 'nothing' } : {}))
    await post(many)
    const again = many.filter(({ montant }) => montant !== 'nothing').slice(0, 9)
    await post(again, true)
    await post(again.slice(0, 4).map(event => ({ ...event, montant: 99_999.5 })))
    await post(Array.from({ length: 3 }, () => transactionOf(erased)))
    await post(Array.from({ length: 2 }, () => transactionOf(restricted)))
    const wrong = transactionOf(mistaken)
    await post([wrong])
    // Nobody can say of these how many events they were.
    for (const body of ['[{"a":1},', 'nothing', '']) assert.ok((await ecluse.post('transactions', body)).status >= 400)

    await rightDone(ecluse, await fileRight(ecluse, 'restriction', customer(restricted)))
    await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(erased)))
    const correction = {
      ...{ dataset: 'transactions', event: wrong.id_transaction! },
      changes: [{ pointer: '/montant', value: 1000.5 }],
    }
    await rightDone(ecluse, await fileRight(ecluse, 'rectification', { ...customer(mistaken), ...correction }))
    await post(Array.from({ length: 4 }, () => transactionOf(restricted)))
    // Nothing of it goes to the log but its receipt.
    const { suppressed } = await post(Array.from({ length: 8 }, () => transactionOf(erased)))
    assert.equal(suppressed, 8)
    await ecluse.settled()

    const sums = sumsOf(await balanced(ecluse))
    assert.deepEqual(oracle, { received: 71, accepted: 55, suppressed: 8, rejected: 8 })
    assert.deepEqual(sums, {
      ...oracle,
      ...{ unanswered: 0, appended: 56, effective: 39, duplicates: 9, conflicts: 4, held: 4, erased: 0, unreadable: 0 },
      ...{ corrections: 1, unacknowledged: 0, pending: 0, archived: 40, removed: 3, expired: 0 },
    })
    assert.deepEqual(await mismatches(ecluse), [])
  })

  test('is for who may: not for whoever could learn from it who is suppressed', async () => {
    for (const role of ['producer', 'analyst'])
      assert.equal((await ecluse.call(role, '/v1/ledger?dataset=transactions')).status, 403)
    assert.equal((await ecluse.call('dpo', '/v1/ledger?dataset=transactions')).status, 200)
    assert.equal((await ecluse.call('dpo', '/v1/ledger?dataset=transactions&cursor=x')).status, 400)
    const later = `/v1/ledger?dataset=transactions&from=${new Date(Date.now() + 60_000).toISOString()}`
    assert.deepEqual(await (await ecluse.call('dpo', later)).json(), { items: [], next: null })
  })

  test('an event that somebody takes out of the archive, or doubles there, is a critical anomaly until it is mended', async () => {
    const db = new DatabaseSync(join(ecluse.dataDir, 'documents.sqlite'))
    db.exec('PRAGMA busy_timeout = 30000')
    const row = db.prepare('SELECT id, version, expires_at_ms, body FROM d_events LIMIT 1').get()!
    const insert = db.prepare('INSERT INTO d_events (id, version, expires_at_ms, body) VALUES (?, ?, ?, ?)')
    const put = (id: string) => insert.run(id, row.version!, row.expires_at_ms!, row.body!)
    const remove = (id: string) => db.prepare('DELETE FROM d_events WHERE id = ?').run(id)
    const found = (state: string, detail: RegExp) =>
      eventually(`a mismatch is ${state}`, async () => {
        const [anomaly, ...others] = await mismatches(ecluse)
        assert.equal(others.length, 0)
        return anomaly?.state === state && detail.test(anomaly.detail) && anomaly
      })

    remove(row.id as string)
    const missing = await found('open', /the archive should hold (\d+) events, and holds (\d+)\.$/)
    const [{ expected, found: held }] = missing.evidence!.mismatches as [{ expected: number; found: number }]
    assert.deepEqual([missing.severity, expected - held], ['critical', 1])
    const run = spawnSync(process.execPath, [join(import.meta.dirname, '../cli/main.ts'), 'ledger', 'transactions'], {
      env: { ECLUSE_URL: ecluse.url, ECLUSE_API_KEY: ecluse.keys['data-engineer'] },
      encoding: 'utf8',
    })
    assert.deepEqual([run.status, run.stderr], [3, ''])
    assert.match(run.stdout, /^transactions {2}\S+ {2}mismatch /m)

    put(row.id as string)
    await found('resolved', /./)
    put('transactions/doubled by hand')
    const doubled = await found('open', new RegExp(`should hold ${expected} events, and holds ${expected + 1}\\.$`))
    assert.equal(doubled.id, missing.id)
    remove('transactions/doubled by hand')
    await found('resolved', /./)
    await balanced(ecluse)
    db.close()
  })
})

test('kill -9 under load loses no count: what was answered is in the ledger, and all of it balances', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const acknowledged = { accepted: 0, rejected: 0 }
  let ecluse = await spawnEcluse({ environment })
  t.after(() => ecluse.end())
  for (let round = 0; round < 5; round++) {
    // After so many answers of this round, whatever is at work then.
    const target = acknowledged.accepted + Math.floor(random() * 400)
    const load = Array.from({ length: 8 }, () => postUntilItDies(ecluse, random, acknowledged))
    await eventually('enough was answered', () => acknowledged.accepted > target)
    assert.equal(await ecluse.end('SIGKILL'), 'SIGKILL')
    await Promise.all(load)
    ecluse = await ecluse.restart()
  }
  await ecluse.settled()
  const sums = sumsOf(await balanced(ecluse))
  t.diagnostic(JSON.stringify({ acknowledged, sums }))
  assert.ok(sums.accepted! >= acknowledged.accepted && sums.rejected! >= acknowledged.rejected)
  assert.deepEqual(
    [sums.received, sums.appended, sums.effective, sums.archived],
    [sums.accepted! + sums.rejected!, sums.accepted, sums.accepted, sums.accepted],
  )
  assert.deepEqual([sums.unacknowledged, sums.pending, sums.unanswered], [0, 0, 0])
  assert.deepEqual(await mismatches(ecluse), [])
})

test('events that could not be answered for are counted once the log can be written again', async t => {
  const ecluse = await startEcluse(environment)
  t.after(() => ecluse.stop())
  const { log } = ecluse.stores
  const append = log.append
  const lines = (count: number) => Array.from({ length: count }, () => `${JSON.stringify(transaction())}\n`).join('')
  const post = async (body: string) => {
    const response = await fetch(`${ecluse.address}/v1/datasets/transactions/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ecluse.keys.producer}`, 'content-type': 'application/x-ndjson' },
      body,
    })
    return { status: response.status, answer: (await response.json()) as IngestAnswer }
  }
  let appends = 0
  const failAfter = (count: number) => {
    appends = 0
    log.append = async (...given) => {
      if (++appends > count) throw new EventLogUnavailable('the disk is full')
      return append.apply(log, given)
    }
  }

  failAfter(0)
  assert.equal((await post(lines(5))).status, 503)
  // Of three chunks the first stands.
  failAfter(1)
  const { answer } = await post(lines(20))
  assert.deepEqual([answer.received, answer.accepted], [20, 7])
  log.append = append
  await post(lines(1))
  await ecluse.post('transactions')
  const sums = sumsOf(await balanced(ecluse))
  assert.deepEqual(
    [sums.received, sums.accepted, sums.unanswered, sums.appended, sums.archived],
    [5 + 20 + 1, 7 + 1, 5 + 13, 8, 8],
  )
  assert.deepEqual(await mismatches(ecluse), [])
})
