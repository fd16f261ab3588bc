import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { sqlName } from '../storage/sqlite/sql-name.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import { eraseLiving } from './erase-living.ts'
import { eventually } from './eventually.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

const POLICY = `dataset: gifts
title: Gifts from one person to another
owner: a@example.org
steward: b@example.org
purpose: delivery
legalBasis: contract
review: { every: 3650d, last: 2026-11-01 }
retention: { log: 1d, events: 2d, quarantine: 1d, lake: 2d }
event:
  subjects:
    - { name: giver, type: customer, id: /from/id, sentinels: [unknown] }
    - { name: receiver, type: customer, id: /to/id }
fields:
  /from/name: { category: user.name, level: confidential, action: encrypt }
  /to/name: { category: user.name, level: confidential, action: encrypt, of: receiver }
  /to/city: { category: user.contact.address.city, level: internal, action: keep, of: receiver }
  /gift: { level: internal, action: keep }
`
const person = (required: string[]) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties: { id: { type: 'string', minLength: 1 }, name: { type: 'string' }, city: { type: 'string' } },
})
const from = person(['id'])
const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['from'],
  properties: {
    from: { ...from, properties: { id: from.properties.id, name: from.properties.name } },
    to: person([]),
    gift: { type: 'string' },
  },
}

type Gift = { from: { id: string | null; name?: string }; to?: Record<string, string | null>; gift?: string }
type Stored = { id: string; subject: string | null; event: Gift }

let ecluse: EcluseProcess
before(async () => {
  const dir = makeDir()
  mkdirSync(join(dir, 'schemas/gifts'))
  writeFileSync(join(dir, 'schemas/gifts/1-0-0.json'), JSON.stringify(SCHEMA))
  writeFileSync(join(dir, 'policies/gifts.yaml'), POLICY)
  ecluse = await spawnEcluse({ dir, environment: { ECLUSE_LEASE_MS: '100' } })
})
after(() => ecluse.end())

/** Posts one gift; what is stored of it, or the outcome if it was not accepted. */
async function give(gift: Gift, headers = {}): Promise<Stored> {
  const { answer } = await ecluse.post('gifts', gift, headers)
  const [result] = answer.results
  assert.ok(result && 'outcome' in result && result.outcome === 'accepted', JSON.stringify(answer))
  return eventually('the gift is archived', async () => {
    const response = await ecluse.call('data-steward', `/v1/datasets/gifts/events/${result.id}`)
    return response.status === 200 && ((await response.json()) as Stored)
  })
}

describe('an event about two persons', () => {
  test('is stored under the first, and each one’s fields under their own key', async () => {
    const [giver, receiver] = [randomUUID(), randomUUID()]
    const { subject, event } = await give({
      from: { id: giver, name: 'Ada' },
      to: { id: receiver, name: 'Blaise', city: 'Rouen' },
    })
    assert.equal(event.from.id, subject)
    assert.match(event.to!.id!, /^p1\./)
    assert.notEqual(event.to!.id, subject)
    const swapped = await give({ from: { id: receiver }, to: { id: giver } })
    assert.deepEqual([swapped.event.from.id, swapped.event.to!.id], [event.to!.id, event.from.id])
  })

  test('loses the second person’s fields alone when that person is erased', async () => {
    const [giver, receiver] = [randomUUID(), randomUUID()]
    await give({ from: { id: giver }, to: { id: receiver } })
    const vault = openSqliteVault(join(ecluse.dataDir, 'vault.sqlite'))
    const kek = Buffer.from(readFileSync(join(ecluse.dataDir, 'dev-kek'), 'utf8'), 'base64')
    const ring = await openKeyRing(vault, kek, Date.now)
    await eraseLiving(vault, ring.lookupHash('person', 'customer', receiver))
    await vault.close()
    const { event } = await eventually('the erasure is noticed', async () => {
      const stored = await give({
        from: { id: giver, name: 'Ada' },
        to: { id: receiver, name: 'Blaise', city: 'Rouen' },
        gift: 'book',
      })
      return stored.event.to!.id === null && stored
    })
    assert.deepEqual(event.to, { id: null, name: null, city: null })
    assert.match(event.from.name!, /^enc1\./)
    assert.equal(event.gift, 'book')
  })

  test('is kept when its second person asks to be erased, without what is of them: in documents, tables and after a replay', async () => {
    const [giver, receiver] = [randomUUID(), randomUUID()]
    const given = await give({
      from: { id: giver, name: 'Ada' },
      to: { id: receiver, name: 'Blaise', city: 'Rouen' },
      gift: 'book',
    })
    const done = await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(receiver)))
    const others = (done.holders as { name: string; records: number }[]).find(({ name }) => name.startsWith('other'))
    assert.equal(others?.records, 1)
    const read = async () => {
      const response = await ecluse.call('data-steward', `/v1/datasets/gifts/events/${given.id}`)
      return ((await response.json()) as Stored).event
    }
    const left = { from: given.event.from, to: { id: null, name: null, city: null }, gift: 'book' }
    assert.deepEqual(await read(), left)
    const row = () => {
      const db = new DatabaseSync(join(ecluse.dataDir, 'tables.sqlite'), { readOnly: true, timeout: 5_000 })
      const rows = db.prepare(`SELECT * FROM t_${sqlName('events_by_subject')}`).all()
      db.close()
      return rows.filter(cells => JSON.stringify(cells).includes(given.id)).map(cells => JSON.stringify(cells))
    }
    assert.equal(row().length, 1)
    assert.ok(!row()[0]!.includes('Rouen'))
    const certificate = await (await ecluse.call('dpo', `/v1/erasure-requests/${done.id}/certificate`)).json()
    const { log } = (certificate as { payload: { remains: { log: { pointer: string; what: string }[] } } }).payload
      .remains
    assert.deepEqual(
      log.map(({ pointer, what }) => `${pointer} ${what}`),
      [' pseudonym', '/to/city kept', '/to/id pseudonym'],
    )
    await ecluse.end()
    for (const [file, sql] of [
      ['event-log', 'DELETE FROM positions'],
      ['documents', `DELETE FROM d_events WHERE id = 'gifts/${given.id}'`],
    ] as const) {
      const db = new DatabaseSync(join(ecluse.dataDir, `${file}.sqlite`))
      db.exec(sql)
      db.close()
    }
    ecluse = await ecluse.restart()
    await ecluse.settled()
    assert.deepEqual(await read(), left)
  })

  test('needs no second person', async () => {
    const { event } = await give({ from: { id: randomUUID() }, to: { name: 'Nobody we know' } })
    assert.equal(event.to!.name, null)
  })
})

describe('an event', () => {
  test('about nobody is accepted, its personal fields redacted', async () => {
    const { subject, event } = await give({ from: { id: 'unknown', name: 'Guest' }, gift: 'flowers' })
    assert.equal(subject, null)
    assert.deepEqual(event, { from: { id: null, name: null }, gift: 'flowers' })
  })

  test('without an id gets a UUIDv7; with an Idempotency-Key the same one each time', async () => {
    const gift = { from: { id: randomUUID() } }
    const [one, two] = [await give(gift), await give(gift)]
    assert.match(one.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/)
    assert.notEqual(one.id, two.id)
    const key = { 'idempotency-key': randomUUID() }
    const [three, four] = [await give(gift, key), await give(gift, key)]
    assert.equal(three.id, four.id)
  })
})
