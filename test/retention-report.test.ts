import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { StoreRetention } from '../gateway/list-retention.ts'
import { transaction, transactionOf } from './fixtures.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const DAY_MS = 86_400_000

let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse()
  const soon = new Date(Date.now() - 395 * DAY_MS).toISOString().slice(0, 19)
  const events = [transaction({ date: soon }), transaction(), transactionOf(randomUUID(), { montant: -1 })]
  assert.equal((await ecluse.post('transactions', events)).answer.accepted, 2)
  await ecluse.settled()
})
after(() => ecluse.end())

function run(...args: string[]) {
  return spawnSync(process.execPath, ['cli/main.ts', 'retention', ...args], {
    cwd: join(import.meta.dirname, '..'),
    encoding: 'utf8',
    env: { ECLUSE_URL: ecluse.url, ECLUSE_DATA_DIR: ecluse.dataDir },
  })
}

describe('what will go when', () => {
  test('is told by dataset and store, to who may know it', async () => {
    const response = await ecluse.call('auditor', '/v1/retention?dataset=transactions')
    const { items } = (await response.json()) as { items: StoreRetention[] }
    const of = (store: string) => items.find(item => item.store === store)!
    assert.ok(items.every(({ dataset }) => dataset === 'transactions'))
    assert.equal(of('archive').retentionMs, 400 * DAY_MS)
    assert.deepEqual(of('archive').ending, [
      { days: 1, records: 0 },
      { days: 7, records: 1 },
      { days: 30, records: 1 },
    ])
    assert.deepEqual(
      of('quarantine').ending.map(({ records }) => records),
      [0, 0, 1],
    )
    assert.deepEqual(
      [of('quarantine keys').oldest?.slice(0, 10), of('log').by],
      [new Date().toISOString().slice(0, 10), null],
    )
    assert.equal((await ecluse.call('analyst', '/v1/retention')).status, 403)
  })

  test('is told of no dataset that is not live, but with the name that was meant', async () => {
    const response = await ecluse.call('auditor', '/v1/retention?dataset=transaction')
    assert.equal(response.status, 404)
    assert.match(((await response.json()) as { fix: string }).fix, /^Did you mean `transactions`\?/)
    const { status, stderr } = run('transaction')
    assert.equal(status, 1)
    assert.match(stderr, /^ecluse retention: .* Did you mean `transactions`\?/)
  })

  test('is printed by ecluse retention', () => {
    const { status, stdout, stderr } = run()
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^dataset +store +kept +oldest +in 1 d +in 7 d +in 30 d +by +ended by$/m)
    assert.match(stdout, /^transactions +archive +400 d +\d{4}-\d\d-\d\d +0 +1 +1 +time +maintenance/m)
    assert.match(stdout, /^\(all\) +audit +3650 d/m)
  })
})
