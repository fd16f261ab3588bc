// What the policy says of retention, from the file to what is stored: in this process, so that its clock can be left.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { clientApiKey } from '../cli/dev-credentials.ts'
import { start } from '../cli/start.ts'
import { LAKE_GROUP } from '../processors/lake/start-lake.ts'
import { eventually } from './eventually.ts'
import { transaction, transactionOf } from './fixtures.ts'
import { configIn, makeDir } from './spawn-ecluse.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

test('an event, a rejected original and their log records go at their end, and follow a retention that changes', async t => {
  const dir = makeDir()
  const config = configIn(dir, { ECLUSE_WATCH_INTERVAL_MS: '100', ECLUSE_LAKE_FLUSH_MS: '100' })
  const ecluse = await start(config, ['gateway', 'processors'])
  t.after(() => ecluse.stop())
  const { log, documents, vault } = ecluse.stores
  const [good, bad] = [transaction(), transactionOf(randomUUID(), { montant: 'nothing' })]
  await fetch(`${ecluse.address}/v1/datasets/transactions/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${clientApiKey(config, 'producer')}`, 'content-type': 'application/json' },
    body: JSON.stringify([good, bad]),
  })
  const ends = async (collection: string) =>
    (await documents.find(collection, { limit: 10 })).map(({ body, expiresAtMs }) => {
      return expiresAtMs! - Date.parse(body.receivedAt as string)
    })
  const keys = async () =>
    (await vault.listKeys('quarantine/transactions/')).map(({ name, endsAtMs }) => {
      return endsAtMs! - Date.parse(name.slice(-10)) - DAY_MS
    })
  const retentions = async () => [...(await ends('events')), ...(await ends('quarantine')), ...(await keys())]
  const inLog = () => Promise.all(['', '.quarantine'].map(kind => log.lag('nobody', [`ecluse.transactions${kind}`])))
  const passes = async (ms: number) => {
    const nowMs = Date.now() + ms
    await log.expire(nowMs)
    await documents.expire(nowMs)
    await vault.deleteEndedKeys(nowMs)
    return { log: await inLog(), stored: (await retentions()).length }
  }
  const setRetention = (text: string) => {
    const path = join(dir, 'policies', 'transactions.yaml')
    const policy = readFileSync(path, 'utf8')
    assert.match(policy, /^retention: .*$/m)
    writeFileSync(path, policy.replace(/^retention: .*$/m, `retention: ${text}`))
  }

  await eventually('both are stored', async () => (await retentions()).length === 3)
  // What a group has still to read is not removed.
  await eventually('the lake has it', async () => (await log.lag(LAKE_GROUP, ['ecluse.transactions'])) === 0)
  assert.deepEqual(await retentions(), [400 * DAY_MS, 30 * DAY_MS, 30 * DAY_MS])
  setRetention('{ log: 5d, events: 9d, quarantine: 60d, lake: 9d }')
  await eventually(
    'what is stored follows',
    async () => `${await retentions()}` === `${[9, 60, 60].map(days => days * DAY_MS)}`,
  )
  setRetention('{ log: 5d, events: 9d, quarantine: 2d, lake: 9d }')
  await eventually(
    'what is stored follows',
    async () => `${await retentions()}` === `${[9, 2, 2].map(days => days * DAY_MS)}`,
  )

  assert.deepEqual(await passes(2 * DAY_MS - HOUR_MS), { log: [1, 1], stored: 3 })
  assert.deepEqual(await passes(3 * DAY_MS + HOUR_MS), { log: [1, 0], stored: 1 })
  assert.deepEqual(await passes(6 * DAY_MS), { log: [0, 0], stored: 1 })
  assert.deepEqual(await passes(10 * DAY_MS), { log: [0, 0], stored: 0 })
})
