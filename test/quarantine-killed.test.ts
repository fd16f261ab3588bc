// A replay of thousands of rejected events, whose process is killed in its midst.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { carryOut, causes, countCauses, ended, file, mendSchema, some } from './quarantine.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const environment = {
  ECLUSE_WATCH_INTERVAL_MS: '100',
  ECLUSE_REQUEST_INTERVAL_MS: '50',
  ECLUSE_REQUEST_CLAIM_MS: '1000',
}
let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({ environment })
})
after(() => ecluse.end())

describe('a replay of thousands, whose process is killed in its midst', () => {
  const EVENTS = 4_000
  const CHUNK = 1_000
  const TAKEN_UP_MS = 120_000

  test('ends with each event once, and counts what it did', async t => {
    const ids: string[] = []
    for (let i = 0; i < EVENTS; i += CHUNK) {
      const events = Array.from({ length: CHUNK }, () => transaction({ commentaire: 'hello' }))
      ids.push(...events.map(event => event.id_transaction as string))
      const { answer } = await ecluse.post('transactions', events)
      assert.equal(answer.rejected, CHUNK)
    }
    const { cause, count } = (await causes(ecluse))[0]!
    assert.equal(count, EVENTS)
    await mendSchema(ecluse, '1-0-1', ({ properties }) => {
      properties.commentaire = { description: 'A word of the customer', type: 'string', maxLength: 200 }
    })
    const planned = await carryOut(ecluse, 'replays', { cause, dryRun: true })
    assert.deepEqual(some(planned.counts), { accepted: EVENTS })
    const path = await begin(cause)
    let kills = 0
    for (const share of [0.2, 0.6]) {
      const seen = await eventually(
        'it has come so far',
        async () => {
          const request = (await (await ecluse.call('data-steward', path)).json()) as { done: number; state: string }
          return (request.done >= share * EVENTS || request.state === 'done') && request
        },
        TAKEN_UP_MS,
      )
      if (seen.state === 'done') break
      await ecluse.end('SIGKILL')
      kills++
      ecluse = await ecluse.restart()
      // The producer does not wait.
      assert.equal((await ecluse.post('transactions', transaction())).answer.accepted, 1)
    }
    t.diagnostic(`${kills} kills`)
    assert.ok(kills > 0)
    const { counts, state } = await ended(ecluse, path)
    assert.deepEqual([state, counts], ['done', planned.counts])
    assert.equal((await countCauses(ecluse))[cause], undefined)
    const db = new DatabaseSync(join(ecluse.dataDir, 'documents.sqlite'), { readOnly: true, timeout: 5_000 })
    const find = db.prepare('SELECT 1 FROM d_events WHERE id = ?')
    const lost = ids.filter(id => !find.get(`transactions/${id}`))
    const conflicts = db.prepare("SELECT count(*) AS n FROM d_anomalies WHERE body ->> '$.kind' = 'conflict'")
    const { n } = conflicts.get() as { n: number }
    db.close()
    assert.deepEqual([lost, n], [[], 0])
  })

  async function begin(cause: string): Promise<string> {
    // Its answer waits some seconds for the end, or dies with the process.
    file(ecluse, 'replays', { cause }).catch(() => {})
    return eventually('it is filed', async () => {
      const list = await ecluse.call('data-steward', '/v1/quarantine/replays?dataset=transactions')
      const { items } = (await list.json()) as { items: { id: string; dryRun: boolean }[] }
      const filed = items.find(({ dryRun }) => !dryRun)
      return filed && `/v1/quarantine/replays/${filed.id}`
    })
  }
})
