// A hundred requests at once while events keep coming in: each is done, and every event is where it belongs.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../storage/json.ts'
import { transactionOf } from './fixtures.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { spawnEcluse } from './spawn-ecluse.ts'

const REQUESTS = 100
const PRODUCERS = 4
const BATCH = 10
/** Between two posts of a producer: a load that a slow machine does not pile up. */
const PAUSE_MS = 50

test('a hundred erasures and exports at once, under load: every event is where it belongs', async t => {
  const ecluse = await spawnEcluse({ environment: { ECLUSE_LEASE_MS: '500', ECLUSE_CONCURRENT_REQUESTS: '100' } })
  t.after(() => ecluse.end())
  const persons = Array.from({ length: 2 * REQUESTS }, () => randomUUID())
  /** Accepted events, by id, with their person. */
  const accepted = new Map<string, string>()
  const post = async (people: string[]): Promise<number> => {
    const events = people.map(person => transactionOf(person))
    const { answer } = await ecluse.post('transactions', events)
    for (const result of answer.results) {
      assert.ok('outcome' in result && result.outcome !== 'rejected')
      if (result.outcome === 'accepted') accepted.set(result.id, people[result.index]!)
    }
    return answer.suppressed
  }
  for (let at = 0; at < persons.length; at += BATCH) await post(persons.slice(at, at + BATCH))

  let loading = true
  let turn = 0
  const producers = Array.from({ length: PRODUCERS }, async () => {
    while (loading) {
      const from = (turn++ * BATCH) % persons.length
      await post(persons.slice(from, from + BATCH))
      await sleep(PAUSE_MS)
    }
  })
  const asked = persons.slice(0, REQUESTS).map((person, i) => ({ person, kind: i % 2 === 0 ? 'erasure' : 'export' }))
  const done = await Promise.all(
    asked.map(async ({ person, kind }) => rightDone(ecluse, await fileRight(ecluse, kind, customer(person)))),
  )
  loading = false
  await Promise.all(producers)
  const erased = new Set<string>(asked.filter(({ kind }) => kind === 'erasure').map(({ person }) => person))
  for (const [i, { kind }] of asked.entries()) {
    const found = kind === 'erasure' ? 'erased' : 'persons'
    assert.equal((done[i]!.outcome as JsonObject)[found], 1, kind)
  }
  assert.equal(await post([...erased].slice(0, BATCH)), BATCH, 'whoever is erased is suppressed')
  await ecluse.settled()
  const db = new DatabaseSync(join(ecluse.dataDir, 'documents.sqlite'), { readOnly: true, timeout: 5_000 })
  const archived = new Set(
    db
      .prepare('SELECT id FROM d_events')
      .all()
      .map(({ id }) => String(id).split('/')[1]!),
  )
  db.close()
  const expected = new Set([...accepted].filter(([, person]) => !erased.has(person)).map(([id]) => id))
  assert.deepEqual([...expected.difference(archived)], [], 'accepted, and not archived')
  assert.deepEqual([...archived.difference(expected)], [], 'archived, and erased or never accepted')
  assert.ok(turn > 10, 'events kept coming in')
})
