// Quality over HTTP: against what was sent, masked for each role, and across kill -9.

import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import type { showQuality } from '../gateway/show-quality.ts'
import { seededRandom } from '../sources/simulate/seeded-random.ts'
import type { JsonObject } from '../storage/json.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { postUntilItDies } from './read-ledger.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const HOUR_MS = 3_600_000

type Window = ReturnType<typeof showQuality>
interface Page {
  items: Window[]
  summary: Window | null
  next: string | null
}

const around = () =>
  `from=${new Date(Date.now() - HOUR_MS).toISOString()}&to=${new Date(Date.now() + HOUR_MS).toISOString()}`

async function readPage({ call }: EcluseProcess, role: string, query: string): Promise<Page> {
  const response = await call(role, `/v1/datasets/transactions/quality?${query}`)
  const page = (await response.json()) as Page
  assert.equal(response.status, 200, JSON.stringify(page))
  return page
}

const summaryOf = async (ecluse: EcluseProcess, role: string, query = '') =>
  (await readPage(ecluse, role, `${around()}&${query}`)).summary!

const at = (window: Window, pointer: string) => window.fields.find(field => field.pointer === pointer)

describe('a mixed stream', () => {
  let ecluse: EcluseProcess
  before(async () => {
    ecluse = await spawnEcluse()
  })
  after(() => ecluse.end())

  const amounts = Array.from({ length: 40 }, (_, i) => i + 0.25)

  test('is measured: each first copy once, and why others were rejected', async () => {
    const events = amounts.map((montant, i) => {
      const event = transaction({ montant, date: new Date(Date.now() - 60_000).toISOString().slice(0, 19) })
      const { email: _email, ...utilisateur } = event.utilisateur as JsonObject
      const details = { produit: 'ask camille@example.com', quantite: 1 }
      return { ...event, ...(i % 4 === 0 && { utilisateur }), details }
    })
    const wrong = [
      ...[1, 2, 3].map(() => transaction({ montant: 'nothing' })),
      ...[1, 2].map(() => transaction({ secret_field: 'a value' })),
      ...[1, 2].map(() => ({ ...transaction(), utilisateur: { idUtilisateur: randomUUID(), email: 'none' } })),
      transaction({ moyen_paiement: 'shells' }),
    ]
    for (const batch of [events, wrong, events.slice(0, 10)]) await ecluse.post('transactions', batch)
    await ecluse.settled()

    const window = await summaryOf(ecluse, 'data-owner')
    assert.equal(window.events, 40)
    const { received, accepted, rejected, effective, duplicates, conflicts } = window.volume as Record<string, number>
    assert.deepEqual([received, accepted, rejected], [58, 50, 8])
    assert.deepEqual([effective, duplicates, conflicts], [40, 10, 0])
    assert.deepEqual(at(window, '/montant'), {
      ...{ pointer: '/montant', of: 40, missing: 0 },
      numbers: { count: 40, mean: 19.75, variance: (40 ** 2 - 1) / 12 },
    })
    assert.deepEqual(at(window, '/utilisateur/email'), {
      ...{ pointer: '/utilisateur/email', of: 40, missing: 10, numbers: null },
    })
    assert.deepEqual(at(window, '/details/prixUnitaire')?.missing, 40)
    const { completeness, ...others } = window.dimensions
    // What was written down in UTC is read as French time: no event comes within ten minutes.
    assert.deepEqual(others, { conformity: 50 / 58, uniqueness: 0.8, timeliness: 0, consistency: 1 })
    const promised = ['/utilisateur/email', '/lieu']
    const missing = promised.reduce((sum, pointer) => sum + at(window, pointer)!.missing, 0)
    assert.equal(completeness, 1 - missing / (40 * promised.length))
    const mean = (completeness! + 50 / 58 + 0.8 + 0 + 1) / 5
    assert.equal(window.score, Math.round(mean * 1_000) / 10)
    assert.equal(window.timeliness?.timed, 40)
    assert.deepEqual(window.schemaDrift, {
      undeclaredFields: [{ pointer: '', count: 2 }],
      changedTypes: [{ pointer: '/montant', count: 3 }],
      newValues: [{ pointer: '/moyen_paiement', count: 1 }],
    })
    assert.deepEqual(window.causes.map(({ cause, count }) => [cause, count])[0], ['/montant type', 3])
    assert.equal(window.sampled, 4)
    assert.deepEqual(window.suspects, [{ pointer: '/details/produit', kind: 'email', count: 4 }])
    assert.doesNotMatch(JSON.stringify(window), /secret_field|a value|nothing|shells|camille/)
  })

  test('is shown as far as a role reads levels, and to those alone who may see it', async () => {
    for (const role of ['producer', 'dpo', 'auditor'])
      assert.equal((await ecluse.call(role, '/v1/datasets/transactions/quality')).status, 403)
    const engineer = await summaryOf(ecluse, 'data-engineer')
    const owner = await summaryOf(ecluse, 'data-owner')
    assert.deepEqual(
      owner.fields.map(({ pointer }) => pointer).filter(pointer => !at(engineer, pointer)),
      ['/utilisateur/idUtilisateur', '/utilisateur/nom', '/utilisateur/adresse', '/utilisateur/email'],
    )
    assert.deepEqual(
      owner.causes.filter(({ cause }) => !engineer.causes.some(each => each.cause === cause)),
      [{ cause: '/utilisateur/email format', pointer: '/utilisateur/email', keyword: 'format', count: 2 }],
    )
    assert.equal(engineer.score, owner.score)
    // Who is suppressed or held is for those who may read the ledger.
    const analyst = await summaryOf(ecluse, 'analyst')
    assert.deepEqual(Object.keys(analyst.volume).sort(), ['conflicts', 'duplicates', 'effective', 'rejected'])
    assert.equal((await ecluse.call('data-owner', '/v1/datasets/transactions/quality?cursor=x')).status, 400)
    const long = '/v1/datasets/transactions/quality?step=1m&from=2020-01-01T00:00:00Z'
    assert.equal((await ecluse.call('data-owner', long)).status, 400)
  })

  test('is paged window by window, and the pages are those of one long look', async () => {
    const query = `${around()}&step=1m`
    const all = await readPage(ecluse, 'data-owner', `${query}&limit=500`)
    const items: Window[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Page = await readPage(ecluse, 'data-owner', `${query}&limit=50${cursor && `&cursor=${cursor}`}`)
      items.push(...page.items)
      cursor = page.next
    }
    assert.deepEqual([all.next, all.items.length, items.length], [null, items.length, all.items.length])
    const sums = (windows: Window[]) => windows.map(({ window, events }) => `${window.start} ${events}`)
    assert.deepEqual(sums(items), sums(all.items))
    assert.equal(
      items.reduce((sum, { events }) => sum + events, 0),
      all.summary!.events,
    )
  })
})

test('kill -9 under load changes no figure: they are those of what is archived', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const acknowledged = { accepted: 0, rejected: 0 }
  let ecluse = await spawnEcluse({ environment: { ECLUSE_PROCESSOR_BATCH: '7' } })
  t.after(() => ecluse.end())
  const target = 50 + Math.floor(random() * 300)
  const load = Array.from({ length: 4 }, () => postUntilItDies(ecluse, random, acknowledged))
  await eventually('enough was answered', () => acknowledged.accepted > target)
  assert.equal(await ecluse.end('SIGKILL'), 'SIGKILL')
  await Promise.all(load)
  ecluse = await ecluse.restart()
  await ecluse.settled()
  const window = await summaryOf(ecluse, 'data-owner')
  const { window: _window, ...byMinute } = await summaryOf(ecluse, 'data-owner', 'step=1m')
  const { window: _hours, ...byHour } = window
  assert.deepEqual(byMinute, byHour)
  const db = new DatabaseSync(join(ecluse.dataDir, 'documents.sqlite'), { readOnly: true })
  t.after(() => db.close())
  const bodies = (table: string) =>
    db
      .prepare(`SELECT body FROM ${table}`)
      .all()
      .map(({ body }) => JSON.parse(Buffer.from(body as string).toString()))
  const archived = (bodies('d_events') as StoredEvent[]).map(({ event }) => event.montant as number)
  t.diagnostic(JSON.stringify({ acknowledged, archived: archived.length }))
  assert.deepEqual([window.events, window.volume.effective], [archived.length, archived.length])
  const numbers = at(window, '/montant')!.numbers!
  assert.equal(numbers.count, archived.length)
  assert.ok(Math.abs(numbers.mean! - archived.reduce((sum, amount) => sum + amount, 0) / archived.length) < 1e-6)
  const rejected = bodies('d_quarantine').length
  assert.deepEqual(
    window.causes.map(({ cause, count }) => [cause, count]),
    [['/montant type', rejected]],
  )
  assert.equal(window.volume.rejected, rejected)
})
