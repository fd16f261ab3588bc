import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AUDIT_TOPIC, openEntry, readEntry } from '../governance/audit/record.ts'
import type { LogRecord } from '../storage/event-log/event-log.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

const WHY = 'a dispute before the court'
const LONG_MS = 120_000

let ecluse: StartedEcluse
let entries: LogRecord[]
before(async () => {
  ecluse = await startEcluse({ ECLUSE_LEASE_MS: '200', ECLUSE_TELL_SUPPRESSED: 'accepted' })
  entries = ecluse.watch(AUDIT_TOPIC)
})
after(() => ecluse.stop())

const customer = (id: string) => ({ subject: { type: 'customer', id } })
const ask = (path: string, body: object, role = 'dpo') => ecluse.answer(role, path, { body })
const state = async (path: string) => (await ecluse.answer('dpo', path)).body as Record<string, string>
const isInLedger = (pseudonym: string) => {
  const folder = join(ecluse.dir, 'data/erasures/rights')
  return readdirSync(folder).some(name => readFileSync(join(folder, name), 'utf8').includes(pseudonym))
}
const recorded = () => entries.map(({ value }) => readEntry(value))

describe('a legal hold', () => {
  test('blocks an erasure with its reason, which is sealed and recorded, and lets it go on once it is lifted', async () => {
    const { person, subject } = await ecluse.newcomer()
    assert.deepEqual((await ask('/v1/legal-holds', { ...customer(person), reason: WHY })).body, { held: true })
    assert.deepEqual((await ask('/v1/legal-holds/lookups', customer(person))).body, { held: true, reason: WHY })
    const { location } = await ask('/v1/erasure-requests', { ...customer(person), reason: 'asked' })
    const blocked = await eventually('it is blocked', async () => {
      const request = await state(location!)
      return request.state === 'blocked' && request
    })
    assert.match(blocked.because!, /legal hold/)
    assert.ok(isInLedger(subject))
    assert.ok(!JSON.stringify(blocked).includes(WHY))

    const { keys } = (await ecluse.known(subject))!
    const told = recorded().filter(({ kind }) => kind === 'legal-hold')
    assert.deepEqual(
      told.map(({ details, person }) => [details, person]),
      [
        [{ change: 'placed' }, keys.auditTag],
        [{ change: 'read' }, keys.auditTag],
      ],
    )
    assert.deepEqual(openEntry(keys, told[0]!), { reason: WHY })
    assert.ok(!JSON.stringify(told).includes(WHY))

    const lifted = await ask('/v1/legal-holds/lifts', { ...customer(person), reason: 'the dispute is over' })
    assert.deepEqual([lifted.status, lifted.body], [200, { held: false }])
    await eventually('it is done', async () => (await state(location!)).state === 'done', LONG_MS)
    assert.equal(await ecluse.known(subject), undefined)
    assert.ok(!isInLedger(subject))
    assert.equal((await ask('/v1/legal-holds', { ...customer(person), reason: WHY })).status, 404)
    assert.equal((await ask('/v1/legal-holds/lookups', customer(person))).status, 404)
  })

  test('is nobody’s to place, lift or see without the right, and of nobody unknown', async () => {
    const body = { ...customer(randomUUID()), reason: WHY }
    for (const path of ['/v1/legal-holds', '/v1/legal-holds/lifts'])
      for (const [role, status] of [
        ['dpo', 404],
        ['data-owner', 403],
        ['auditor', 403],
      ] as const)
        assert.equal((await ask(path, body, role)).status, status, `${role} ${path}`)
    assert.equal((await ask('/v1/legal-holds/lookups', { subject: body.subject }, 'analyst')).status, 403)
    assert.equal((await ask('/v1/erasure-lifts', body, 'data-owner')).status, 403)
  })
})

describe('an erasure that is lifted', () => {
  test('lets the id be used again by somebody new; until then producers learn nothing, where that is the setting', async () => {
    const { person, subject } = await ecluse.newcomer()
    const { location } = await ask('/v1/erasure-requests', { ...customer(person), reason: 'asked' })
    await eventually('it is done', async () => (await state(location!)).state === 'done', LONG_MS)

    const later = transactionOf(person)
    const answered = await ecluse.answer('producer', '/v1/datasets/transactions/events', { body: [later] })
    const { accepted, suppressed, results } = answered.body as unknown as {
      accepted: number
      suppressed: number
      results: object[]
    }
    assert.deepEqual([accepted, suppressed], [1, 0])
    assert.deepEqual(results, [{ index: 0, id: later.id_transaction, outcome: 'accepted' }])
    const metrics = await (await fetch(`${ecluse.address}/metrics`)).text()
    assert.match(metrics, /^ecluse_gateway_events\S*outcome="suppressed"\S* 1$/m)

    const lift = { ...customer(person), reference: 'file 26/117' }
    for (const wrong of [{ reason: 'x came back' }, { reference: 'x'.repeat(101) }, { reference: 'two\nlines' }])
      assert.equal((await ask('/v1/erasure-lifts', { ...customer(person), ...wrong })).status, 400)
    assert.deepEqual((await ask('/v1/erasure-lifts', lift)).body, { lifted: true })
    assert.equal((await ask('/v1/erasure-lifts', lift)).status, 404)
    assert.deepEqual(
      recorded()
        .filter(({ kind }) => kind === 'erasure-lifted')
        .map(({ details }) => details),
      [{ reference: 'file 26/117' }],
    )
    const event = transactionOf(person)
    // Gateways may act on what they looked up before, for a lease.
    const found = await eventually('events are accepted again', async () => {
      await ecluse.post('transactions', event)
      const { status, body } = await ecluse.answer(
        'data-owner',
        `/v1/datasets/transactions/events/${event.id_transaction}`,
      )
      return status === 200 && body
    })
    assert.notEqual(found.subject, subject)
    assert.equal(
      (await ecluse.answer('data-owner', `/v1/datasets/transactions/events/${later.id_transaction}`)).status,
      404,
    )
  })
})
