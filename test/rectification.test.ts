// The correction of a person's event, end to end: what is stored then, what readers see, and what cannot be corrected.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import type { JsonObject, JsonValue } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { sampleProfiles, transactionOf } from './fixtures.ts'
import { makeGiftsDir, writeGiftsPolicy } from './gifts.ts'
import { customer, type Filed, fileRight, readRight, rightDone } from './rights.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

interface Stored {
  id: string
  subject: string
  time: string
  receivedAt: string
  policy: string
  rectifies: string | null
  rectifiedBy: string | null
  event: JsonObject
}

let ecluse: EcluseProcess
before(async () => {
  const environment = { ECLUSE_LEASE_MS: '100', ECLUSE_WATCH_INTERVAL_MS: '100' }
  ecluse = await spawnEcluse({ dir: makeGiftsDir(), environment })
})
after(() => ecluse.end())

async function post(dataset: string, event: JsonObject): Promise<string> {
  const { answer } = await ecluse.post(dataset, event)
  const [result] = answer.results
  assert.ok(result && 'outcome' in result && result.outcome === 'accepted', JSON.stringify(answer))
  return result.id
}

async function read(dataset: string, id: string, clear = false): Promise<Stored> {
  const query = clear ? '?clear=true&purpose=a%20look' : ''
  return eventually(`event ${id} is archived`, async () => {
    const path = `/v1/datasets/${dataset}/events/${encodeURIComponent(id)}${query}`
    const response = await ecluse.call('data-owner', path)
    return response.status === 200 && ((await response.json()) as Stored)
  })
}

function correct(person: string, dataset: string, event: string, ...changes: JsonObject[]): Promise<Filed> {
  return fileRight(ecluse, 'rectification', { ...customer(person), dataset, event, changes })
}

async function fails(filed: Filed): Promise<string> {
  const failed = await eventually('the request fails', async () => {
    const request = await readRight(ecluse, filed)
    assert.notEqual(request.state, 'done')
    return request.state === 'failed' && request
  })
  return failed.because as string
}

/** Event ids of rows, by table. */
function rowsOf(...ids: string[]): string[] {
  const db = new DatabaseSync(join(ecluse.dataDir, 'tables.sqlite'), { readOnly: true, timeout: 5_000 })
  try {
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[]
    return tables
      .filter(({ name }) => name.startsWith('t_'))
      .flatMap(({ name }) => {
        const rows = db.prepare(`SELECT * FROM ${name} WHERE removed_at_ms IS NULL`).all()
        return rows.map(row => [name, JSON.stringify(row)] as const)
      })
      .flatMap(([name, row]) => ids.flatMap(id => (row.includes(`"${id}"`) ? `${name} ${ids.indexOf(id)}` : [])))
      .sort()
  } finally {
    db.close()
  }
}

const gift = (from: string, to: string): JsonObject => ({
  from: { id: from, name: 'Adda', mail: 'ada@example.org' },
  to: { id: to, name: 'Blaise' },
  items: [{ name: 'book' }, { name: 'pen' }],
  at: '2026-04-17T10:30:00Z',
  note: 'with love',
})

describe('a correction', () => {
  test('is a new event that names the old one; the old one carries the mark and has no row any more', async () => {
    const person = randomUUID()
    const id = await post('transactions', transactionOf(person))
    const before = await read('transactions', id)
    assert.deepEqual([before.rectifies, before.rectifiedBy], [null, null])
    const filed = await correct(person, 'transactions', id, { pointer: '/utilisateur/nom', value: 'Camille Neuve' })
    assert.deepEqual((await rightDone(ecluse, filed)).outcome, { persons: 1, corrected: 1 })

    const old = await read('transactions', id)
    const corrected = await read('transactions', `${id}~r1`, true)
    assert.equal(old.rectifiedBy, corrected.id)
    assert.deepEqual(old.event, before.event)
    assert.deepEqual([corrected.rectifies, corrected.rectifiedBy], [id, null])
    assert.deepEqual(
      [corrected.subject, corrected.time, corrected.receivedAt],
      [before.subject, before.time, before.receivedAt],
    )
    const clear = await read('transactions', id, true)
    const user = clear.event.utilisateur as JsonObject
    assert.deepEqual(corrected.event, { ...clear.event, utilisateur: { ...user, nom: 'Camille Neuve' } })
    const stored = (await read('transactions', `${id}~r1`)).event.utilisateur as JsonObject
    assert.match(stored.nom as string, /^enc1\./)
    assert.deepEqual(rowsOf(id, corrected.id), ['t_events__by__subject 1', 't_latest__events 1'])
  })

  test('may follow another, of the newest alone', async () => {
    const person = randomUUID()
    const id = await post('transactions', transactionOf(person))
    await rightDone(ecluse, await correct(person, 'transactions', id, { pointer: '/montant', value: 1 }))
    const again = await correct(person, 'transactions', id, { pointer: '/montant', value: 2 })
    assert.match(await fails(again), /rectifiedBy/)
    await rightDone(ecluse, await correct(person, 'transactions', `${id}~r1`, { pointer: '/montant', value: 2 }))
    const newest = await read('transactions', `${id}~r2`)
    assert.deepEqual([newest.rectifies, newest.event.montant], [`${id}~r1`, 2])
    assert.equal((await read('transactions', `${id}~r1`)).rectifiedBy, `${id}~r2`)
  })

  test('of an event with a personal id', async () => {
    const profile = structuredClone(sampleProfiles[0]!)
    const person = randomUUID()
    profile.login = { ...(profile.login as JsonObject), uuid: person }
    await post('user-profiles', profile)
    await ecluse.settled()
    const list = (await (await ecluse.call('data-owner', '/v1/datasets/user-profiles/events')).json()) as {
      items: Stored[]
    }
    const { id } = list.items[0]!
    assert.match(id, /^tok1\.person\./)
    await rightDone(ecluse, await correct(person, 'user-profiles', id, { pointer: '/name/first', value: 'Ada' }))
    const corrected = await read('user-profiles', `${id}~r1`, true)
    assert.equal((corrected.event.name as JsonObject).first, 'Ada')
    assert.equal((corrected.event.login as JsonObject).uuid, person)
  })

  test('keeps what is of others readable to who may, and changes items and times', async () => {
    const [from, to] = [randomUUID(), randomUUID()]
    const id = await post('gifts', gift(from, to))
    await read('gifts', id)
    const filed = await correct(
      from,
      'gifts',
      id,
      { pointer: '/from/mail', value: 'new@example.org' },
      { pointer: '/items/1/name', value: 'ink' },
      { pointer: '/at', value: '2026-04-18T12:00:00+02:00' },
    )
    await rightDone(ecluse, filed)
    const { event, time } = await read('gifts', `${id}~r1`, true)
    assert.deepEqual(event, {
      ...gift(from, to),
      from: { id: from, name: 'Adda', mail: 'new@example.org' },
      items: [{ name: 'book' }, { name: 'ink' }],
      at: '2026-04-18T12:00:00+02:00',
    })
    assert.equal(time, '2026-04-18T10:00:00.000Z')
  })

  test('brings what was kept under a policy that protects it by now; asks for what cannot be brought', async () => {
    const [from, to] = [randomUUID(), randomUUID()]
    const id = await post('gifts', gift(from, to))
    const { policy: before } = await read('gifts', id)
    const usePolicy = async (noteAction: string, old: string) => {
      writeGiftsPolicy(ecluse.policiesDir, noteAction)
      return eventually('the policy is live', async () => {
        const other = await post('gifts', { from: { id: randomUUID() } })
        const { policy: live } = await read('gifts', other)
        return live !== old && live
      })
    }
    const tightened = await usePolicy('encrypt', before)
    await rightDone(ecluse, await correct(from, 'gifts', id, { pointer: '/from/name', value: 'Ada' }))
    const corrected = await read('gifts', `${id}~r1`)
    assert.equal(corrected.policy, tightened)
    assert.match(corrected.event.note as string, /^enc1\./)
    assert.equal((await read('gifts', `${id}~r1`, true)).event.note, 'with love')
    await usePolicy('keep', tightened)
    const weaker = await correct(from, 'gifts', `${id}~r1`, { pointer: '/from/name', value: 'Ada L.' })
    assert.match(await fails(weaker), /treats \/note otherwise/)
    const both = [
      { pointer: '/from/name', value: 'Ada L.' },
      { pointer: '/note', value: 'with love' },
    ]
    await rightDone(ecluse, await correct(from, 'gifts', `${id}~r1`, ...both))
    assert.equal((await read('gifts', `${id}~r2`)).event.note, 'with love')
  })

  test('is refused where it cannot be, naming the place and the keyword, never the value', async () => {
    const [from, to] = [randomUUID(), randomUUID()]
    const id = await post('gifts', gift(from, to))
    await read('gifts', id)
    const refused: [pointer: string, value: JsonValue, because: RegExp][] = [
      ['/from/name', 'Canary'.repeat(9), /\/from\/name \(maxLength\)/],
      ['/from/name', 7, /\/from\/name \(type\)/],
      ['/from/canary', 'x', /not declared by schema version 1-0-0: \/from\/\*$/],
      ['/items/7/name', 'x', /an item that is to be corrected/],
      ['/from/id', 'canary', /\/from\/id says whose event/],
      ['/from', { id: 'canary' }, /\/from\/id says whose event/],
      ['/to/name', 'Canary', /\/to\/name is about another person/],
      ['/at', 'canary', /\/at \(format\)/],
    ]
    for (const [pointer, value, because] of refused) {
      const told = await fails(await correct(from, 'gifts', id, { pointer, value }))
      assert.match(told, because)
      assert.ok(!/canary/i.test(told))
    }
    const name = { pointer: '/from/name', value: 'Ada' }
    assert.match(await fails(await correct(from, 'gifts', id, name, name)), /two changes/)
    // The same sentence for what is somebody else's and what is not there.
    const others = await fails(await correct(to, 'gifts', id, name))
    assert.equal(others, await fails(await correct(from, 'gifts', 'no-such-event', name)))
    const eventId = randomUUID()
    const transactionId = await post('transactions', transactionOf(eventId))
    await read('transactions', transactionId)
    const change = { pointer: '/id_transaction', value: 'x' }
    assert.match(await fails(await correct(eventId, 'transactions', transactionId, change)), /id_transaction says/)
    assert.equal((await read('gifts', id)).rectifiedBy, null)
  })

  test('of a restricted person is held until the restriction is lifted', async () => {
    const person = randomUUID()
    const id = await post('transactions', transactionOf(person))
    await read('transactions', id)
    await rightDone(ecluse, await fileRight(ecluse, 'restriction', customer(person)))
    await rightDone(ecluse, await correct(person, 'transactions', id, { pointer: '/montant', value: 3 }))
    const hidden = await ecluse.call('data-owner', `/v1/datasets/transactions/events/${id}~r1`)
    assert.equal(hidden.status, 404)
    assert.deepEqual(rowsOf(id, `${id}~r1`), [])
    await rightDone(ecluse, await fileRight(ecluse, 'restriction', { ...customer(person), lift: true }))
    assert.equal((await read('transactions', `${id}~r1`)).event.montant, 3)
    assert.equal(rowsOf(id, `${id}~r1`).length, 2)
  })

  test('two at once of one event: one stands, the other is told', async () => {
    const person = randomUUID()
    const id = await post('transactions', transactionOf(person))
    await read('transactions', id)
    const filed = await Promise.all(
      [4, 5].map(value => correct(person, 'transactions', id, { pointer: '/montant', value })),
    )
    const ended = await Promise.all(
      filed.map(each =>
        eventually('it has ended', async () => {
          const request = await readRight(ecluse, each)
          return request.finishedAt !== null && request.state
        }),
      ),
    )
    assert.deepEqual(ended.sort(), ['done', 'failed'])
    const first = await read('transactions', id)
    assert.equal(first.rectifiedBy, `${id}~r1`)
    assert.equal((await read('transactions', `${id}~r1`)).rectifiedBy, null)
  })

  test('stands after the log is read again from its start', async () => {
    const person = randomUUID()
    const id = await post('transactions', transactionOf(person))
    await read('transactions', id)
    await rightDone(ecluse, await correct(person, 'transactions', id, { pointer: '/montant', value: 6 }))
    await ecluse.end()
    for (const [file, sql] of [
      ['event-log.sqlite', 'DELETE FROM positions'],
      ['documents.sqlite', 'DELETE FROM d_events'],
    ] as const) {
      const db = new DatabaseSync(join(ecluse.dataDir, file))
      db.exec(sql)
      db.close()
    }
    ecluse = await ecluse.restart()
    await ecluse.settled()
    assert.equal((await read('transactions', id)).rectifiedBy, `${id}~r1`)
    assert.equal((await read('transactions', `${id}~r1`)).event.montant, 6)
    assert.deepEqual(rowsOf(id, `${id}~r1`), ['t_events__by__subject 1', 't_latest__events 1'])
  })
})
