import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { type KeyRing, openKeyRing } from '../governance/subjects/key-ring.ts'
import { openOriginals } from '../governance/subjects/open-originals.ts'
import { readQuarantineRecord } from '../storage/quarantine-record.ts'
import { sqlName } from '../storage/sqlite/sql-name.ts'
import type { StoredQuarantine } from '../storage/stored-quarantine.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { eraseLiving } from './erase-living.ts'
import { eventually } from './eventually.ts'
import { filesOutsideLog } from './files-outside-log.ts'
import { carryOut, some } from './quarantine.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { searchBytes } from './search-bytes.ts'
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

type Gift = { from: { id: string | null; name?: string }; to?: Record<string, string | null>; gift?: unknown }
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

async function withVault<T>(work: (vault: Vault, ring: KeyRing) => Promise<T>): Promise<T> {
  const vault = openSqliteVault(join(ecluse.dataDir, 'vault.sqlite'))
  const kek = Buffer.from(readFileSync(join(ecluse.dataDir, 'dev-kek'), 'utf8'), 'base64')
  try {
    return await work(vault, await openKeyRing(vault, kek, Date.now))
  } finally {
    await vault.close()
  }
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
    await withVault((vault, ring) => eraseLiving(vault, ring.lookupHash('person', 'customer', receiver)))
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

describe('a rejected event about two persons', () => {
  const list = async () => {
    await ecluse.settled()
    const answer = await ecluse.call('data-steward', '/v1/quarantine?dataset=gifts')
    return ((await answer.json()) as { items: { id: string; sealedBy: string }[] }).items
  }

  /** Its entry; undefined where its original is not stored. */
  async function reject(gift: Gift): Promise<string | undefined> {
    const before = new Set((await list()).map(({ id }) => id))
    assert.equal((await ecluse.post('gifts', gift)).answer.rejected, 1)
    return (await list()).find(({ id }) => !before.has(id))?.id
  }

  async function reveal(id: string): Promise<{ status: number; body: string }> {
    const answer = await ecluse.call('data-steward', `/v1/quarantine/${id}/reveal`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"purpose":"mending what a producer sends"}',
    })
    return { status: answer.status, body: await answer.text() }
  }

  const erase = async (id: string) => rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(id)))

  test('goes with the second: out of the documents, and unreadable in the log; no later one is stored', async () => {
    const [giver, receiver, bystander] = [randomUUID(), randomUUID(), randomUUID()]
    await give({ from: { id: giver }, to: { id: receiver } })
    await give({ from: { id: giver }, to: { id: bystander } })
    const values = [`Blaise ${randomUUID()}`, `Rouen ${randomUUID()}`] as const
    const to = { id: receiver, name: values[0], city: values[1] }
    const entry = (await reject({ from: { id: giver }, to, gift: 5 }))!
    const others = (await reject({ from: { id: giver }, to: { id: bystander, name: 'Cleo' }, gift: 5 }))!
    for (const id of [entry, others]) assert.equal((await reveal(id)).status, 200)
    const db = new DatabaseSync(join(ecluse.dataDir, 'event-log.sqlite'), { readOnly: true, timeout: 5_000 })
    const logged = db
      .prepare('SELECT value FROM records')
      .all()
      .map(({ value }) => readQuarantineRecord({ key: null, value: Buffer.from(value as Uint8Array), headers: {} }))
      .find(record => record?.id === entry) as unknown as StoredQuarantine
    db.close()
    const open = () => withVault((vault, ring) => openOriginals({ vault, ring }, [logged]))
    assert.ok((await open())[0]?.body.includes(values[0]))

    const done = await erase(receiver)
    const holder = (done.holders as { name: string; records: number }[]).find(({ name }) => name.startsWith('other'))
    assert.equal(holder?.records, 2)
    assert.deepEqual([(await reveal(entry)).status, (await reveal(others)).status], [404, 200])
    assert.deepEqual(await open(), [undefined])
    assert.deepEqual(await searchBytes({ dir: ecluse.dataDir, values: [...values, receiver] }), [])
    for (const { name, bytes } of await filesOutsideLog(ecluse.dataDir))
      assert.ok(!bytes.includes(logged.sealed.slice(0, 40)), name)
    const certificate = await (await ecluse.call('dpo', `/v1/erasure-requests/${done.id}/certificate`)).json()
    const { log } = (certificate as { payload: { remains: { log: { topic: string; what: string }[] } } }).payload
      .remains
    const left = log.filter(({ topic }) => topic.endsWith('.quarantine')).map(({ what }) => what)
    assert.deepEqual(left, ['pseudonym'])

    assert.equal(await reject({ from: { id: giver }, to, gift: 5 }), undefined)
  })

  test('is read by nobody while the second is restricted', async () => {
    const [giver, receiver] = [randomUUID(), randomUUID()]
    const early = (await reject({ from: { id: giver }, to: { id: receiver, name: 'Blaise' }, gift: 5 }))!
    await give({ from: { id: giver }, to: { id: receiver } })
    const later = (await reject({ from: { id: giver }, to: { id: receiver, name: 'Blaise' }, gift: 5 }))!
    await rightDone(ecluse, await fileRight(ecluse, 'restriction', customer(receiver)))
    const refused = await reveal(later)
    assert.equal(refused.status, 410)
    assert.deepEqual(await reveal(early), refused)
    for (const path of ['?dataset=gifts', '/causes?dataset=gifts', `/${early}`, `/${later}`]) {
      const shown = await (await ecluse.call('data-steward', `/v1/quarantine${path}`)).text()
      assert.doesNotMatch(shown, new RegExp(`Blaise|p1\\.|${receiver}`))
    }
    const kept = await carryOut(ecluse, 'discards', { ids: [later], reason: 'ticket 4711: a test till' }, 'gifts')
    assert.deepEqual(some(kept.counts), { kept: 1 })
    await rightDone(ecluse, await fileRight(ecluse, 'restriction', { ...customer(receiver), lift: true }))
    for (const id of [early, later]) assert.equal((await reveal(id)).status, 200)
  })

  test('that came before the second was known stays sealed once they are erased, and brings nobody back', async () => {
    const [giver, receiver] = [randomUUID(), randomUUID()]
    const to = { id: receiver, name: 'Blaise', city: 'Rouen' }
    await give({ from: { id: giver } })
    const mended = (await reject({ from: { id: giver }, to, gift: 5 }))!
    const broken = (await reject({ from: { id: giver }, to, gift: true }))!
    await give({ from: { id: giver }, to: { id: receiver } })
    for (const id of [mended, broken]) assert.equal((await reveal(id)).status, 200)
    await erase(receiver)
    for (const id of [mended, broken]) assert.equal((await reveal(id)).status, 410)

    const { gift: _, ...properties } = SCHEMA.properties
    const schema = { ...SCHEMA, properties: { ...properties, gift: { type: ['string', 'integer'] } } }
    writeFileSync(join(ecluse.schemasDir, 'gifts/1-0-1.json'), JSON.stringify(schema))
    await eventually('the mended version is live', async () => {
      const answer = await ecluse.call('data-steward', '/v1/datasets/gifts/schemas/1-0-1')
      return answer.status === 200
    })
    const { counts } = await carryOut(ecluse, 'replays', { ids: [mended, broken] }, 'gifts')
    assert.deepEqual(some(counts), { accepted: 1, suppressed: 1 })
    for (const id of [mended, broken]) assert.equal((await reveal(id)).status, 404)
    await ecluse.settled()
    const events = await ecluse.call('data-steward', '/v1/datasets/gifts/events?limit=100')
    const { items } = (await events.json()) as { items: Stored[] }
    const replayed = items.filter(({ event }) => event.gift === 5).map(({ event }) => event.to)
    assert.deepEqual(replayed, [{ id: null, name: null, city: null }])
  })
})
