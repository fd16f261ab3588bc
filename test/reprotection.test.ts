// A policy is tightened, and what is stored already comes under it: what is in the stores before and after, what cannot
// be brought under it, what stays in the log and in an erasure's certificate, and that it may be interrupted.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { verifySigned } from '../governance/audit/sign.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { makeGiftsDir } from './gifts.ts'
import { counts, edit, reprotect } from './reprotect.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const MAIN = join(import.meta.dirname, '../cli/main.ts')
const EVENTS = 1_200
const NOTE = 'a note that nobody else writes'
const CITY = 'Sainte-Ménehould-sur-Aisne'

interface Stored {
  id: string
  policy: string
  event: { from: JsonObject; to: JsonObject; items: JsonObject[]; note: string }
}

const environment = { ECLUSE_LEASE_MS: '2000', ECLUSE_WATCH_INTERVAL_MS: '100', ECLUSE_DOMAIN_OVERLAP_MS: '3600000' }
const [giver, receiver] = [randomUUID(), randomUUID()]
let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({ dir: makeGiftsDir(), environment })
})
after(() => ecluse.end())

const gift = (from: string, to: string): JsonObject => ({
  from: { id: from, name: 'Ada', mail: 'ada@example.org' },
  to: { id: to, name: 'Blaise', city: CITY },
  items: [{ name: 'book' }, { name: 'pen' }],
  at: '2026-04-17T10:30:00Z',
  note: NOTE,
})

async function post(...events: JsonObject[]): Promise<string[]> {
  const { status, answer } = await ecluse.post('gifts', events)
  assert.equal(status, 202, JSON.stringify(answer))
  return answer.results.map(result => result.id as string)
}

async function read(id: string, query = ''): Promise<Stored> {
  return eventually(`event ${id} is archived`, async () => {
    const response = await ecluse.call('data-owner', `/v1/datasets/gifts/events/${id}${query}`)
    return response.status === 200 && ((await response.json()) as Stored)
  })
}

/** The stores' files that hold a text; the log's are not among them. */
function filesWith(text: string): string[] {
  return readdirSync(ecluse.dataDir).filter(
    name => /^(documents|tables)/.test(name) && readFileSync(join(ecluse.dataDir, name)).includes(text),
  )
}

/** Reads the row of an event by its day, or puts one back as it was read before. */
function row(id: string, back?: Record<string, SQLInputValue>): Record<string, SQLInputValue> {
  const db = new DatabaseSync(join(ecluse.dataDir, 'tables.sqlite'), { timeout: 5_000 })
  try {
    if (back) {
      const names = Object.keys(back)
      db.prepare(
        `INSERT OR REPLACE INTO t_latest__events (${names.join()}) VALUES (${names.map(() => '?').join()})`,
      ).run(...Object.values(back))
    }
    const rows = db.prepare('SELECT * FROM t_latest__events').all() as Record<string, SQLInputValue>[]
    return rows.find(each => Object.values(each).includes(id))!
  } finally {
    db.close()
  }
}

describe('a tightened policy', () => {
  let ids: string[]
  let first: Stored
  let firstRow: Record<string, SQLInputValue>
  const expected = {
    '/note: keep → encrypt': EVENTS,
    '/to/city: keep → pseudonymise': EVENTS,
    '/items/*/name: keep → redact': 2 * EVENTS,
  }

  test('leaves what is stored as it is, and the plan says what a re-protection would do', async () => {
    ids = await post(
      ...Array.from({ length: EVENTS - 1 }, () => gift(randomUUID(), randomUUID())),
      gift(giver, receiver),
    )
    await ecluse.settled()
    first = await read(ids.at(-1)!)
    firstRow = row(first.id)
    assert.deepEqual([first.event.note, first.event.to.city], [NOTE, CITY])
    assert.notDeepEqual(filesWith(NOTE), [])
    await edit(
      ecluse,
      'gifts',
      ['/note: { level: internal, action: keep }', '/note: { level: confidential, action: encrypt }'],
      [
        '/to/city: { category: user.contact.address.city, level: internal, action: keep',
        '/to/city: { category: user.contact.address.city, level: confidential, action: pseudonymise',
      ],
      ['/items/*/name: { level: internal, action: keep }', '/items/*/name: { level: internal, action: redact }'],
    )
    assert.deepEqual(await read(first.id), first)
    const { status, totals } = reprotect(ecluse, 'gifts', '--plan')
    assert.equal(status, 0)
    assert.deepEqual([totals.read, totals.changed, totals.skipped], [EVENTS, EVENTS, 0])
    assert.deepEqual(counts(totals.protected), expected)
    assert.deepEqual(await read(first.id), first, 'a plan changes nothing')
  })

  test('is what stored events come under, in every store; their keys read them as before', async () => {
    const { status, totals } = reprotect(ecluse, 'gifts', '--reason', 'the works council asked for it')
    assert.equal(status, 0)
    assert.deepEqual([totals.read, totals.changed, totals.skipped], [EVENTS, EVENTS, 0])
    assert.deepEqual(counts(totals.protected), expected)
    assert.deepEqual([totals.left, totals.renewed], [[], []])
    assert.ok(totals.logUntil! > new Date().toISOString())

    const stored = await read(first.id)
    assert.match(stored.event.note, /^enc1\./)
    assert.match(stored.event.to.city as string, /^tok1\.person\./)
    assert.deepEqual(stored.event.items, [{ name: null }, { name: null }])
    assert.deepEqual(stored.event.from, first.event.from, 'what was protected enough stays as it is')
    const clear = await read(first.id, '?clear=true&purpose=a%20look')
    assert.deepEqual([clear.event.note, clear.event.from.name], [NOTE, 'Ada'])
    const [later] = await post(gift(giver, receiver))
    assert.equal((await read(later!)).event.to.city, stored.event.to.city, 'old and new events join')
    for (const text of [NOTE, CITY, '"book"']) assert.deepEqual(filesWith(text), [], text)
  })

  test('is not applied twice; a row that a dying process had not come to is', () => {
    const protectedRow = row(first.id)
    assert.ok(JSON.stringify(firstRow).includes(NOTE))
    row(first.id, firstRow)
    const { totals } = reprotect(ecluse, 'gifts', '--reason', 'again')
    assert.deepEqual([totals.read, totals.changed, totals.logUntil], [EVENTS + 1, 0, null])
    assert.deepEqual({ ...row(first.id), expires_at_ms: 0 }, { ...protectedRow, expires_at_ms: 0 })
  })

  test('is told in the audit, with who asked', async () => {
    await ecluse.settled()
    const answer = await ecluse.call('dpo', '/v1/audit/entries?kind=reprotected')
    const { items } = (await answer.json()) as { items: { entry: { details: JsonObject; dataset: string } }[] }
    assert.deepEqual(
      items.map(({ entry: { dataset, details } }) => [dataset, details.changed]).sort(),
      [
        ['gifts', 0],
        ['gifts', EVENTS],
      ].sort(),
    )
    const asked = await ecluse.call('dpo', '/v1/audit/entries?kind=reprotection-requested')
    assert.equal(((await asked.json()) as { items: unknown[] }).items.length, 3)
  })

  test('cannot bring back what a token was made of: that is left, and said', async () => {
    await edit(ecluse, 'gifts', [
      'level: confidential, action: pseudonymise, of: receiver',
      'level: confidential, action: encrypt, of: receiver',
    ])
    const { totals } = reprotect(ecluse, 'gifts', '--reason', 'stricter still')
    assert.deepEqual(counts(totals.left), { '/to/city: pseudonymise → encrypt': EVENTS + 1 })
    assert.equal(totals.changed, 0)
  })

  test('is no reason to protect less what was stored under a stricter one', async () => {
    await edit(ecluse, 'gifts', [
      '/note: { level: confidential, action: encrypt }',
      '/note: { level: internal, action: keep }',
    ])
    const { totals } = reprotect(ecluse, 'gifts', '--reason', 'a weaker one')
    assert.equal(totals.changed, 0)
    assert.match((await read(first.id)).event.note, /^enc1\./)
  })

  test('an erasure still tells what of these events stays in the log as it came', async () => {
    const filed = await fileRight(ecluse, 'erasure', customer(giver))
    await rightDone(ecluse, filed)
    const keys = (await (await ecluse.call('dpo', '/v1/signing-keys')).json()) as { items: { publicKeyPem: string }[] }
    const text = await (await ecluse.call('dpo', `${filed.path}/certificate`)).text()
    const { payload } = verifySigned(
      text,
      keys.items.map(key => key.publicKeyPem),
    )
    const left = JSON.stringify((payload.remains as JsonObject).log)
    for (const pointer of ['/note', '/items/*/name']) assert.ok(left.includes(`"${pointer}"`), pointer)
  })
})

describe('tokens of a named domain', () => {
  test('are renewed from the values sealed beside them', async () => {
    const [id] = await post(gift(randomUUID(), randomUUID()))
    await ecluse.settled()
    const old = (await read(id!)).event.from.mail as { tokens: string[] }
    assert.equal(old.tokens.length, 1)
    const rotated = spawnSync(process.execPath, [MAIN, 'keys', 'rotate', 'post'], {
      cwd: ecluse.dir,
      encoding: 'utf8',
      env: environment,
    })
    assert.equal(rotated.status, 0, rotated.stderr)
    const fresh = await eventually('both tokens are written', async () => {
      const [later] = await post(gift(randomUUID(), randomUUID()))
      const { tokens } = (await read(later!)).event.from.mail as { tokens: string[] }
      return tokens.length === 2 && tokens
    })
    const planned = await eventually('processors know of the new key', () => {
      const { totals } = reprotect(ecluse, 'gifts', '--plan')
      return totals.renewed.length > 0 && totals
    })
    const { totals } = reprotect(ecluse, 'gifts', '--reason', 'the key was rotated')
    assert.deepEqual(totals.renewed, planned.renewed)
    const renewed = await read(id!)
    assert.deepEqual((renewed.event.from.mail as { tokens: string[] }).tokens, fresh)
    const clear = await read(id!, '?clear=true&purpose=a%20look')
    assert.equal(clear.event.from.mail, 'ada@example.org')
    assert.equal(reprotect(ecluse, 'gifts', '--reason', 'again').totals.changed, 0)
  })
})

describe('a re-protection whose process is stopped again and again', () => {
  test('ends with every document and every row protected', async () => {
    await edit(ecluse, 'gifts', [
      '/from/name: { category: user.name, level: confidential, action: encrypt }',
      '/from/name: { category: user.name, level: confidential, action: redact }',
    ])
    const filed = await ecluse.call('dpo', '/v1/reprotection-requests', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dataset: 'gifts', reason: 'names are nobody’s business' }),
    })
    assert.equal(filed.status, 202)
    const path = filed.headers.get('location')!
    const look = async () => (await (await ecluse.call('dpo', path)).json()) as { state: string; holders: unknown[] }
    for (let round = 0; round < 3; round++) {
      await eventually('it has begun', async () => ['running', 'done'].includes((await look()).state))
      await ecluse.end()
      ecluse = await ecluse.restart()
    }
    await eventually('it is done', async () => (await look()).state === 'done')
    assert.equal(reprotect(ecluse, 'gifts', '--plan').totals.changed, 0)
    const page = await ecluse.call('data-owner', '/v1/datasets/gifts/events?limit=1000')
    const { items } = (await page.json()) as { items: Stored[] }
    assert.ok(items.length > 900)
    assert.ok(items.every(({ event }) => event.from.name === null))
  })
})

test('the copy of a conflicting event, which an anomaly keeps, comes under it too', async () => {
  const event = transaction()
  await ecluse.post('transactions', event)
  await ecluse.post('transactions', { ...event, montant: 987_654.25 })
  await ecluse.settled()
  const copy = () => {
    const db = new DatabaseSync(join(ecluse.dataDir, 'documents.sqlite'), { readOnly: true, timeout: 5_000 })
    try {
      const rows = db
        .prepare('SELECT * FROM d_anomalies')
        .all()
        .map(each => JSON.stringify(each))
      return rows.filter(text => text.includes('987654.25')).length
    } finally {
      db.close()
    }
  }
  assert.equal(copy(), 1)
  await edit(ecluse, 'transactions', [
    '/montant:             { level: internal, action: keep }',
    '/montant: { level: internal, action: { generalise: { band: 1000000 } } }',
  ])
  const { totals } = reprotect(ecluse, 'transactions', '--reason', 'exact amounts are not needed')
  assert.deepEqual(counts(totals.protected), { '/montant: keep → generalise': 2 })
  assert.equal(copy(), 0)
})

test('a dataset that is not live, and a role that may not, are told so', async () => {
  const file = (role: string, dataset: string) =>
    ecluse.call(role, '/v1/reprotection-requests', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dataset, reason: 'a reason' }),
    })
  const unknown = await file('data-owner', 'gift')
  assert.equal(unknown.status, 404)
  assert.match(((await unknown.json()) as { fix: string }).fix, /gifts/)
  assert.equal((await file('data-steward', 'gifts')).status, 403)
})
