// Rejected events of persons who are erased or restricted since: what a replay and a discard do with them.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import type { JsonObject } from '../storage/json.ts'
import { carryOut, causes, countCauses, entries, idOf, mendSchema, sale, some } from './quarantine.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const REASON = 'ticket 4711: sent by a test till'

const environment = { ECLUSE_LEASE_MS: '500', ECLUSE_WATCH_INTERVAL_MS: '100', ECLUSE_REQUEST_INTERVAL_MS: '50' }
let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({ environment })
})
after(() => ecluse.end())

async function reject(...events: JsonObject[]): Promise<void> {
  const { status, answer } = await ecluse.post('transactions', events)
  assert.deepEqual([status, answer.rejected], [422, events.length])
}

async function stored(id: string): Promise<JsonObject | undefined> {
  const answer = await ecluse.call('data-owner', `/v1/datasets/transactions/events/${id}`)
  return answer.status === 200 ? ((await answer.json()) as JsonObject) : undefined
}

async function revealed(id: string): Promise<number> {
  const answer = await ecluse.call('data-steward', `/v1/quarantine/${id}/reveal`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"purpose":"mending what a producer sends"}',
  })
  return answer.status
}

describe('whoever may not be processed', () => {
  test('is kept from it: an erased person’s original has no effect, a restricted one’s is held', async () => {
    const [erased, stranger, restricted] = [randomUUID(), randomUUID(), randomUUID()]
    const { answer } = await ecluse.post('transactions', [sale({}, erased), sale({}, restricted)])
    assert.equal(answer.accepted, 2)
    const bad = [erased, stranger, restricted].map(person => sale({ devise: 'euros' }, person))
    await reject(...bad)
    // Known, and erased, only after the rejection: the original is under the key of the day.
    await ecluse.post('transactions', sale({}, stranger))
    const { cause, count } = (await causes(ecluse))[0]!
    assert.equal(count, 3)
    for (const id of await entries(ecluse, cause)) assert.equal(await revealed(id), 200)
    for (const person of [erased, stranger])
      await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(person)))
    await rightDone(ecluse, await fileRight(ecluse, 'restriction', customer(restricted)))
    assert.equal((await countCauses(ecluse))[cause], 2, 'the erased person’s own original went with the person')
    for (const id of await entries(ecluse, cause)) assert.equal(await revealed(id), 410)

    const kept = await carryOut(ecluse, 'discards', { ids: await entries(ecluse, cause), reason: REASON }).then(
      ({ counts }) => counts,
    )
    assert.deepEqual(some(kept), { discarded: 1, kept: 1 })
    assert.equal((await countCauses(ecluse))[cause], 1)
  })

  test('nor do their originals come back by a replay', async () => {
    const [erased, restricted] = [randomUUID(), randomUUID()]
    await ecluse.post('transactions', [sale({}, restricted)])
    const bad = [erased, restricted].map(person => sale({ type_transaction: 'don' }, person))
    await reject(...bad)
    await ecluse.post('transactions', sale({}, erased))
    await ecluse.settled()
    await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(erased)))
    await rightDone(ecluse, await fileRight(ecluse, 'restriction', customer(restricted)))
    await mendSchema(ecluse, '1-0-1', ({ properties }) => {
      ;(properties.type_transaction!.enum as string[]).push('don')
    })
    const planned = await carryOut(ecluse, 'replays', { cause: '/type_transaction enum', dryRun: true })
    assert.deepEqual(some(planned.counts), { accepted: 1, suppressed: 1 })
    assert.deepEqual((await carryOut(ecluse, 'replays', { cause: '/type_transaction enum' })).counts, planned.counts)
    await ecluse.settled()
    const db = new DatabaseSync(join(ecluse.dataDir, 'documents.sqlite'), { readOnly: true, timeout: 5_000 })
    const held = bad.map(event => {
      const row = db.prepare('SELECT body FROM d_events WHERE id = ?').get(`transactions/${idOf(event)}`)
      return row && (JSON.parse(row.body as string) as JsonObject).held
    })
    db.close()
    assert.deepEqual(held, [undefined, 1])
    for (const event of bad) assert.equal(await stored(idOf(event)), undefined, 'nobody reads it')
  })
})
