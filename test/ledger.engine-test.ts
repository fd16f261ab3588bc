// The ledger over Kafka, where the records of one append go to several topics, and a death may come in between.

import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { test } from 'node:test'
import { seededRandom } from '../sources/simulate/seeded-random.ts'
import { engineSettings } from './engines/environment.ts'
import { eventually } from './eventually.ts'
import { balanced, mismatches, postUntilItDies, sumsOf } from './read-ledger.ts'
import { makeRenamedDir } from './real-installation.ts'
import { spawnEcluse } from './spawn-ecluse.ts'

const ROUNDS = 4

test('kill -9 under load, between any two topics of an append, is no mismatch; nothing accepted is missing', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const run = randomBytes(4).toString('hex')
  const dataset = `transactions-${run}`
  const ofKafka = Object.entries(engineSettings()).filter(([name]) => /^ECLUSE_(EVENT_LOG|KAFKA)/.test(name))
  const environment = {
    ...Object.fromEntries(ofKafka),
    ECLUSE_KAFKA_SESSION_MS: '6000',
    ECLUSE_KAFKA_PARTITIONS: '3',
    ECLUSE_MAINTENANCE_INTERVAL_MS: '500',
    ECLUSE_CHUNK_EVENTS: '7',
  }
  const dir = makeRenamedDir({ transactions: dataset, 'user-profiles': `user-profiles-${run}` })
  const acknowledged = { accepted: 0, rejected: 0 }
  let ecluse = await spawnEcluse({ dir, environment })
  t.after(() => ecluse.end())
  for (let round = 0; round < ROUNDS; round++) {
    const target = acknowledged.accepted + Math.floor(random() * 300)
    const load = Array.from({ length: 8 }, () => postUntilItDies(ecluse, random, acknowledged, dataset))
    await eventually('enough was answered', () => acknowledged.accepted > target)
    await ecluse.end('SIGKILL')
    await Promise.all(load)
    ecluse = await ecluse.restart()
  }
  await ecluse.settled()
  const sums = sumsOf(await balanced(ecluse, dataset))
  t.diagnostic(JSON.stringify({ acknowledged, sums }))
  assert.ok(sums.accepted! >= acknowledged.accepted && sums.rejected! >= acknowledged.rejected)
  assert.equal(sums.received, sums.accepted! + sums.rejected! + sums.unanswered!)
  assert.equal(sums.appended, sums.accepted! + sums.unacknowledged!)
  assert.equal(sums.archived, sums.effective)
  assert.deepEqual(await mismatches(ecluse, dataset), [])
})
