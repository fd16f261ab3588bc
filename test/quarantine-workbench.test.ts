// A steward's day: why events are rejected, what a mended contract would make of them, their replay and their end.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { carryOut, causes, countCauses, entries, file, idOf, mendSchema, sale, some } from './quarantine.ts'
import { edit } from './reprotect.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

const MAIN = join(import.meta.dirname, '../cli/main.ts')
const CHEQUE = '/moyen_paiement enum'
const AMOUNT = '/montant type'
const DETAILS = '/details/produit unclassified'
const REASON = 'ticket 4711: sent by a test till'

const environment = { ECLUSE_LEASE_MS: '500', ECLUSE_WATCH_INTERVAL_MS: '100', ECLUSE_REQUEST_INTERVAL_MS: '50' }
let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({ dir: makeDir(), environment })
  // Nobody classified what was bought, and what nobody classified is rejected.
  await edit(
    ecluse,
    'transactions',
    ['  /details/**:          { level: internal, action: keep }\n', ''],
    ['unclassified: encrypt', 'unclassified: reject'],
  )
})
after(() => ecluse.end())

const cheque = (person?: string) => sale({ moyen_paiement: 'cheque' }, person)

async function reject(...events: JsonObject[]): Promise<void> {
  const { status, answer } = await ecluse.post('transactions', events)
  assert.deepEqual([status, answer.rejected], [422, events.length])
}

async function stored(id: string): Promise<JsonObject | undefined> {
  const answer = await ecluse.call('data-owner', `/v1/datasets/transactions/events/${id}`)
  return answer.status === 200 ? ((await answer.json()) as JsonObject) : undefined
}

const isStored = (id: string) => eventually(`event ${id} is archived`, () => stored(id))

async function audited(kind: string): Promise<JsonObject[]> {
  await ecluse.settled()
  const answer = await ecluse.call('dpo', `/v1/audit/entries?kind=${kind}`)
  return ((await answer.json()) as { items: { entry: JsonObject }[] }).items.map(({ entry }) => entry)
}

/** Changes a store's file while nobody runs. */
async function whileStopped(work: (open: (file: string) => DatabaseSync) => void): Promise<void> {
  await ecluse.end()
  const opened: DatabaseSync[] = []
  work(name => {
    const db = new DatabaseSync(join(ecluse.dataDir, name))
    opened.push(db)
    return db
  })
  for (const db of opened) db.close()
  ecluse = await ecluse.restart()
}

describe('a steward', () => {
  const cheques = Array.from({ length: 4 }, () => cheque())
  const amounts = Array.from({ length: 3 }, () => sale({ montant: 'plenty' }))
  const withDetails = Array.from({ length: 2 }, () => transaction())
  let receivedAt: string

  test('sees why events were rejected: how many, since when, for example which, and no value', async () => {
    await reject(...cheques)
    await reject(...amounts, ...withDetails)
    const found = await causes(ecluse)
    assert.deepEqual(
      found.map(({ cause, count, schemas, mayPassNow }) => [cause, count, schemas, mayPassNow]),
      [
        [CHEQUE, 4, ['1-0-0'], false],
        [AMOUNT, 3, ['1-0-0'], false],
        [DETAILS, 2, ['1-0-0'], false],
      ],
    )
    const [first] = found
    assert.equal(first!.examples.length, 3)
    assert.ok(first!.firstSeen <= first!.lastSeen)
    const answer = await ecluse.call('data-steward', `/v1/quarantine/${first!.examples[0]}`)
    assert.equal(answer.status, 200)
    receivedAt = ((await answer.json()) as { receivedAt: string }).receivedAt
    assert.ok(!JSON.stringify(found).includes('cheque'))
  })

  test('counts what a replay would do before anything is mended: nothing', async () => {
    const { counts, total } = await carryOut(ecluse, 'replays', { cause: CHEQUE, dryRun: true })
    assert.deepEqual([total, some(counts)], [4, { rejected: 4 }])
  })

  test('mends the schema by a version, and learns that a cause may pass now', async () => {
    await mendSchema(ecluse, '1-0-1', ({ properties }) => (properties.moyen_paiement!.enum as string[]).push('cheque'))
    const may = Object.fromEntries((await causes(ecluse)).map(({ cause, mayPassNow }) => [cause, mayPassNow]))
    assert.deepEqual(may, { [CHEQUE]: true, [AMOUNT]: false, [DETAILS]: false })
  })

  test('replays: the dry run said it, and changed nothing; a second replay finds nothing', async () => {
    const planned = await carryOut(ecluse, 'replays', { cause: CHEQUE, dryRun: true })
    assert.deepEqual(some(planned.counts), { accepted: 4 })
    assert.equal(await stored(idOf(cheques[0]!)), undefined)
    assert.equal((await countCauses(ecluse))[CHEQUE], 4)

    const replayed = await carryOut(ecluse, 'replays', { cause: CHEQUE })
    assert.deepEqual(replayed.counts, planned.counts)
    assert.equal(replayed.schema, '1-0-1')
    for (const event of cheques) {
      const found = await isStored(idOf(event))
      assert.equal((found.event as JsonObject).moyen_paiement, 'cheque')
      assert.equal(found.schema, '1-0-1')
    }
    const last = await isStored(idOf(cheques.at(-1)!))
    assert.ok((last.receivedAt as string) <= receivedAt, 'it was received when it was rejected')
    assert.ok((last.replayedAt as string) > receivedAt)
    assert.deepEqual(await countCauses(ecluse), { [AMOUNT]: 3, [DETAILS]: 2 })
    assert.deepEqual(some((await carryOut(ecluse, 'replays', { cause: CHEQUE })).counts), {})
    const [entry] = await audited('replayed')
    assert.equal(entry!.dataset, 'transactions')
    const asked = (await audited('replay-requested')).map(({ details }) => (details as JsonObject).dryRun)
    assert.equal(asked.filter(dryRun => dryRun === true).length, 2)
  })

  test('mends the policy, and replays by ids; what is named twice or is no entry counts once, as gone', async () => {
    await edit(
      ecluse,
      'transactions',
      ['  # The person: readable', '  /details/**: { level: internal, action: keep }\n  # The person: readable'],
      ['unclassified: reject', 'unclassified: encrypt'],
    )
    assert.equal((await causes(ecluse)).find(({ cause }) => cause === DETAILS)!.mayPassNow, true)
    const ids = await entries(ecluse, DETAILS)
    const body = { ids: [...ids, ids[0]!, randomUUID()] }
    const planned = await carryOut(ecluse, 'replays', { ...body, dryRun: true })
    assert.deepEqual(some(planned.counts), { accepted: 2, gone: 1 })
    assert.deepEqual((await carryOut(ecluse, 'replays', body)).counts, planned.counts)
    for (const event of withDetails) await isStored(idOf(event))
    assert.deepEqual(some((await carryOut(ecluse, 'replays', body)).counts), { gone: 3 })
  })

  test('is told what an event that still breaks the contract is rejected for today', async () => {
    await reject(sale({ montant: 'plenty', moyen_paiement: 'cheque' }))
    const [id] = (await causes(ecluse))[0]!.examples
    const look = async () => (await (await ecluse.call('data-steward', `/v1/quarantine/${id}`)).json()) as JsonObject
    const errors = async () => ((await look()).errors as JsonObject[]).map(({ pointer }) => pointer)
    assert.deepEqual(await errors(), ['/montant'])
    const { counts } = await carryOut(ecluse, 'replays', { ids: [id!], schema: '1-0-0' })
    assert.deepEqual(some(counts), { rejected: 1 })
    assert.deepEqual((await errors()).sort(), ['/montant', '/moyen_paiement'])
    assert.equal((await look()).schema, '1-0-0', 'it was checked against the version asked for')
    await carryOut(ecluse, 'discards', { ids: [id!], reason: REASON })
  })

  test('discards for a reason, which stands in the audit; roles that may not are told', async () => {
    for (const role of ['analyst', 'data-engineer', 'dpo', 'producer']) {
      assert.equal((await file(ecluse, 'discards', { cause: AMOUNT, reason: REASON }, { role })).status, 403, role)
      assert.equal((await file(ecluse, 'replays', { cause: AMOUNT }, { role })).status, 403, role)
    }
    assert.equal((await file(ecluse, 'discards', { cause: AMOUNT })).status, 400)
    assert.equal((await file(ecluse, 'discards', { reason: REASON })).status, 400)
    assert.equal((await file(ecluse, 'replays', { cause: AMOUNT, ids: ['a'] })).status, 400)
    assert.equal((await file(ecluse, 'replays', { cause: AMOUNT, schema: '9-0-0' })).status, 422)
    assert.equal((await file(ecluse, 'replays', { cause: AMOUNT }, { dataset: 'transaction' })).status, 404)

    const ids = await entries(ecluse, AMOUNT)
    const { counts, logUntil } = await carryOut(ecluse, 'discards', { cause: AMOUNT, reason: REASON })
    assert.deepEqual(some(counts), { discarded: 3 })
    assert.ok(logUntil! > new Date().toISOString())
    assert.deepEqual(await countCauses(ecluse), {})
    for (const id of ids) assert.equal((await ecluse.call('data-steward', `/v1/quarantine/${id}`)).status, 404)
    const asked = (await audited('discard-requested')).map(({ details }) => (details as JsonObject).reason)
    assert.deepEqual(asked, [REASON, REASON])
    assert.deepEqual((await audited('discarded')).length, 2)
    const list = await ecluse.call('data-owner', '/v1/quarantine/discards?dataset=transactions')
    assert.equal(((await list.json()) as { items: unknown[] }).items.length, 2)
  })

  test('does not see them again where the whole topic is read from its start', async () => {
    await reject(sale({ montant: 'more' }))
    await causes(ecluse)
    await whileStopped(open => {
      const log = open('event-log.sqlite')
      const { changes } = log.prepare("DELETE FROM positions WHERE consumer_group = 'ecluse.quarantine'").run()
      assert.ok(changes > 0)
    })
    assert.deepEqual(await countCauses(ecluse), { [AMOUNT]: 1 })
    await carryOut(ecluse, 'discards', { cause: AMOUNT, reason: REASON })
  })

  test('does all of it at the command line', async () => {
    await reject(sale({ montant: 'much' }), sale({ montant: 'more' }))
    await ecluse.settled()
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [MAIN, 'quarantine', ...args], {
        cwd: ecluse.dir,
        encoding: 'utf8',
        env: { ECLUSE_URL: ecluse.url, ECLUSE_DATA_DIR: ecluse.dataDir },
      })
    const listed = run()
    assert.match(listed.stdout, /transactions:\n +2 {2}\/montant type\n/)
    assert.match(listed.stdout, /user-profiles: nothing in quarantine/)
    const planned = run('replay', 'transactions', '--cause', AMOUNT, '--dry-run')
    assert.match(planned.stdout, /a replay would find\n +2 {2}rejected: /)
    const discarded = run('discard', 'transactions', '--cause', AMOUNT, '--reason', REASON, '--json')
    assert.equal(discarded.stderr, '')
    assert.equal((JSON.parse(discarded.stdout) as { counts: { discarded: number } }).counts.discarded, 2)
    for (const args of [
      ['replay', 'transactions'],
      ['discard', 'transactions', '--cause', AMOUNT],
      ['a', 'b'],
    ])
      assert.equal(run(...args).status, 2, args.join(' '))
  })
})

describe('what was accepted since under the id of a rejected event', () => {
  test('is left as it is: the same event is a duplicate, another one a conflict that stays', async () => {
    const [same, mended] = [sale({ type_transaction: 'avoir' }), sale({ type_transaction: 'avoir' })]
    await reject(same, mended)
    await causes(ecluse)
    // What the first meant passes since; the second its producer has mended itself.
    await mendSchema(ecluse, '1-0-2', ({ properties }) => {
      ;(properties.type_transaction!.enum as string[]).push('avoir')
    })
    const { answer } = await ecluse.post('transactions', [same, { ...mended, type_transaction: 'achat' }])
    assert.equal(answer.accepted, 2)
    await ecluse.settled()
    const { cause } = (await causes(ecluse))[0]!
    const planned = await carryOut(ecluse, 'replays', { cause, dryRun: true })
    assert.deepEqual(some(planned.counts), { duplicate: 1, conflict: 1 })
    assert.deepEqual((await carryOut(ecluse, 'replays', { cause })).counts, planned.counts)
    assert.equal(((await stored(idOf(mended)))!.event as JsonObject).type_transaction, 'achat')
    assert.equal((await stored(idOf(same)))!.replayedAt, undefined)
    assert.deepEqual(Object.values(await countCauses(ecluse)), [1])
    const anomalies = await ecluse.call('data-steward', '/v1/anomalies?dataset=transactions&kind=conflict')
    assert.deepEqual(((await anomalies.json()) as { items: unknown[] }).items, [])
    await carryOut(ecluse, 'discards', { cause, reason: REASON })
  })

  test('has effect once, also where it is sent at the very time of the replay', async () => {
    const events = Array.from({ length: 300 }, () => sale({ lieu: 7 }))
    await reject(...events)
    await causes(ecluse)
    await mendSchema(ecluse, '1-0-3', ({ properties }) => {
      properties.lieu = { description: 'A place, or its number', type: ['string', 'integer'], maxLength: 200 }
    })
    const [replayed, sent] = await Promise.all([
      carryOut(ecluse, 'replays', { cause: '/lieu type' }),
      ecluse.post('transactions', events),
    ])
    assert.equal(sent.answer.accepted, events.length)
    const { accepted = 0, duplicate = 0 } = replayed.counts
    assert.equal(accepted + duplicate, events.length)
    await ecluse.settled()
    for (const event of events) assert.ok(await stored(idOf(event)))
    const anomalies = await ecluse.call('data-steward', '/v1/anomalies?dataset=transactions&kind=conflict')
    assert.deepEqual(((await anomalies.json()) as { items: unknown[] }).items, [])
  })
})
