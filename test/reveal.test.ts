import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { AUDIT_TOPIC, openEntry, readEntry } from '../governance/audit/record.ts'
import type { LogRecord } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import { transactionOf } from './fixtures.ts'
import { makeGiftsDir } from './gifts.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

const PURPOSE = 'mending what a producer sends'

let ecluse: StartedEcluse
let entries: LogRecord[]
before(async () => {
  ecluse = await startEcluse({}, makeGiftsDir())
  entries = ecluse.watch(AUDIT_TOPIC)
})
after(() => ecluse.stop())

describe('the original of a rejected event', () => {
  async function rejected(person: string, montant: string): Promise<{ id: string; event: JsonObject }> {
    const event = transactionOf(person, { montant })
    assert.deepEqual(await ecluse.post('transactions', event), ['rejected'])
    const response = await ecluse.call('data-steward', '/v1/quarantine?dataset=transactions')
    const { items } = (await response.json()) as { items: { id: string }[] }
    return { id: items[0]!.id, event }
  }
  const reveal = (role: string, id: string, purpose: string | undefined = PURPOSE) =>
    ecluse.answer(role, `/v1/quarantine/${id}/reveal`, { body: { purpose } })

  test('is revealed for a purpose to who may, whosever key sealed it, and that stands in the audit', async () => {
    const { person, subject } = await ecluse.newcomer()
    for (const who of [person, randomUUID()]) {
      const { id, event } = await rejected(who, 'plenty')
      const before = entries.length
      const { status, body } = await reveal('data-steward', id)
      assert.equal(status, 200)
      const shown = body as unknown as Record<string, string>
      assert.deepEqual(JSON.parse(shown.body!), event)
      assert.deepEqual(
        [shown.encoding, shown.contentType, shown.eventId],
        ['utf8', 'application/json', event.id_transaction],
      )
      const [entry, ...more] = entries.slice(before).map(({ value }) => readEntry(value))
      assert.deepEqual([entry!.kind, more.length], ['original-revealed', 0])
      assert.equal(entry!.details!.entry, id)
      assert.ok(!JSON.stringify(entry).includes(PURPOSE))
      const keys = (await ecluse.known(subject))!.keys
      if (who === person)
        assert.deepEqual([entry!.person, openEntry(keys, entry!)], [keys.auditTag, { purpose: PURPOSE }])
    }
  })

  test('stands in the audit once for each person in it', async () => {
    const gift = { from: { id: randomUUID(), name: 'Ada' }, to: { id: randomUUID(), name: 'Blaise' } }
    await ecluse.accept('gifts', gift)
    const events = await ecluse.call('data-owner', '/v1/datasets/gifts/events')
    const [stored] = ((await events.json()) as { items: { event: typeof gift }[] }).items
    assert.deepEqual(await ecluse.post('gifts', { ...gift, note: 5 }), ['rejected'])
    const listed = await ecluse.call('data-steward', '/v1/quarantine?dataset=gifts')
    const [{ id }] = ((await listed.json()) as { items: [{ id: string }] }).items
    const before = entries.length
    assert.equal((await reveal('data-steward', id)).status, 200)
    const recorded = entries.slice(before).map(({ value }) => readEntry(value))
    for (const [i, subject] of [stored!.event.from.id, stored!.event.to.id].entries()) {
      const { keys } = (await ecluse.known(subject))!
      assert.deepEqual([recorded[i]!.person, openEntry(keys, recorded[i]!)], [keys.auditTag, { purpose: PURPOSE }])
    }
    assert.equal(recorded.length, 2)
  })

  test('is refused without the right, whether or not it exists, without a purpose, and once nothing can be read', async () => {
    const { person, subject } = await ecluse.newcomer()
    const { id } = await rejected(person, 'plenty')
    const denied = await reveal('analyst', id)
    assert.deepEqual([denied.status, denied], [403, await reveal('analyst', randomUUID())])
    assert.equal((await reveal('data-steward', randomUUID())).status, 404)
    assert.equal((await reveal('data-steward', id, 'no')).status, 400)
    await ecluse.setState(subject, 'restricted')
    const restricted = await reveal('data-steward', id)
    await ecluse.setState(subject, 'erased')
    assert.deepEqual(restricted, await reveal('data-steward', id))
    assert.equal(restricted.status, 410)
  })
})
