// Anomalies over HTTP, from events that come in to what somebody says of what was found. The clock is the test's own:
// minutes pass when it says so.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, mock, test } from 'node:test'
import { promisify } from 'node:util'
import { MINUTE_MS } from '../governance/anomalies/history.ts'
import type { JsonObject } from '../storage/json.ts'
import type { StoredAnomaly } from '../storage/stored-shapes.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

const environment = { ECLUSE_MAINTENANCE_INTERVAL_MS: '200' }
const FOUND_MS = 60_000

let ecluse: StartedEcluse
before(async () => {
  mock.timers.enable({ apis: ['Date'], now: Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS })
  ecluse = await startEcluse(environment)
})
after(async () => {
  await ecluse.stop()
  mock.timers.reset()
})

const pass = (ms: number) => mock.timers.setTime(Date.now() + ms)

async function list(query = '', role = 'data-owner'): Promise<StoredAnomaly[]> {
  const response = await ecluse.call(role, `/v1/anomalies?dataset=transactions${query}`)
  assert.equal(response.status, 200)
  return ((await response.json()) as { items: StoredAnomaly[] }).items
}

/** What this test puts in; a policy may promise more than its events keep. */
const seeded = async (query = '') =>
  (await list(query)).filter(({ kind }) => kind === 'personal-data' || kind === 'schema-drift')

const found = (kind: string) => eventually(`${kind} is found`, async () => (await list(`&kind=${kind}`))[0], FOUND_MS)

const path = ({ id }: { id: string }) => `/v1/anomalies/${encodeURIComponent(id)}`
const say = (role: string, anomaly: { id: string }, body: JsonObject) =>
  ecluse.answer(role, `${path(anomaly)}/states`, { body })

/** A minute of a producer that changed: e-mail addresses as products, and another type where the address stands. */
async function faultyMinute(): Promise<void> {
  const { utilisateur, details } = transaction() as { utilisateur: JsonObject; details: JsonObject }
  const good = Array.from({ length: 40 }, (_, i) =>
    transaction({ details: { ...details, produit: `someone.${i}@example.org` } }),
  )
  const bad = Array.from({ length: 10 }, () => transaction({ utilisateur: { ...utilisateur, adresse: 75 } }))
  await ecluse.post('transactions', ...good, ...bad)
  pass(MINUTE_MS)
}

describe('what comes in otherwise than before', () => {
  test('is found within three minutes, once, also over a restart', async () => {
    for (let minute = 0; minute < 3; minute++) await faultyMinute()
    pass(MINUTE_MS / 2)
    const personal = await found('personal-data')
    const drift = await found('schema-drift')
    assert.deepEqual(
      [personal.severity, personal.state, personal.pointer, personal.level],
      ['high', 'open', '/details/produit', 'internal'],
    )
    assert.match(personal.detail, /^Texts at \/details\/produit, which are kept as they come, looked like e-mail/)
    assert.deepEqual([drift.severity, drift.pointer, drift.level], ['medium', '/utilisateur/adresse', 'restricted'])
    assert.match(drift.detail, /^20 % of 50 events were rejected by `type` at \/utilisateur\/adresse/)
    for (const anomaly of [personal, drift]) {
      assert.ok(Date.parse(anomaly.detectedAt) <= Date.parse(anomaly.window!.start) + 4 * MINUTE_MS)
      assert.doesNotMatch(JSON.stringify(anomaly), /someone|example\.org|"75"/)
      assert.ok(!('run' in anomaly) && !('series' in anomaly) && !('running' in anomaly))
    }
    assert.equal((await seeded()).length, 2)

    await ecluse.stop()
    ecluse = await startEcluse(environment, ecluse.dir)
    pass(MINUTE_MS / 2)
    await faultyMinute()
    pass(MINUTE_MS)
    await eventually('it goes on', async () => (await found('personal-data')).windows! > personal.windows!, FOUND_MS)
    assert.deepEqual((await seeded()).map(({ id }) => id).sort(), [personal.id, drift.id].sort())
    const metrics = await (await fetch(`${ecluse.address}/metrics`)).text()
    assert.match(metrics, /^ecluse_anomalies_open\{dataset="transactions",kind="personal-data",severity="high"\S* 1$/m)
  })

  test('is told in the language that is asked for', async () => {
    const personal = await found('personal-data')
    const { body } = await ecluse.answer('data-owner', `${path(personal)}?language=fr`)
    assert.match(body.detail!, /ressemblaient à des adresses électroniques/)
    assert.deepEqual({ ...body, detail: personal.detail }, personal)
    assert.deepEqual(await list('&kind=personal-data&language=fr'), [body])
    assert.equal((await ecluse.call('data-owner', `${path(personal)}?language=de`)).status, 400)
  })

  test('is listed by state, kind and severity', async () => {
    assert.deepEqual(
      (await seeded('&severity=high&state=open')).map(({ kind }) => kind),
      ['personal-data'],
    )
    assert.deepEqual(await list('&state=resolved'), [])
    assert.equal((await ecluse.call('data-owner', '/v1/anomalies?dataset=transactions&kind=no')).status, 400)
  })

  test('is told in numbers to those alone who may read the field', async () => {
    const drift = await found('schema-drift')
    for (const role of ['data-engineer', 'data-steward']) {
      const { body } = await ecluse.answer(role, path(drift))
      const { detail, evidence: _, ...rest } = drift
      assert.deepEqual(body, { ...rest, detail: body.detail })
      assert.match(body.detail!, /level restricted/)
      assert.match((await ecluse.answer(role, `${path(drift)}?language=fr`)).body.detail!, /niveau restricted/)
      assert.deepEqual(await list('&kind=schema-drift', role), [body])
    }
    for (const role of ['analyst', 'producer', 'auditor'])
      assert.equal((await ecluse.call(role, path(drift))).status, 403)
    assert.equal((await ecluse.call('data-owner', path({ id: 'windows/transactions/none' }))).status, 404)
  })
})

describe('what somebody says of it', () => {
  test('stands with who said it, and what was over opens again with a comment alone', async () => {
    const drift = await found('schema-drift')
    const known = await say('data-engineer', drift, { state: 'acknowledged', comment: 'The till’s new version.' })
    assert.equal(known.status, 200)
    const { id: engineer } = (await ecluse.answer('data-engineer', '/v1/access/me')).body
    const { history } = (await (await ecluse.call('data-owner', path(drift))).json()) as StoredAnomaly
    assert.deepEqual(
      history!.map(({ at: _, ...entry }) => entry),
      [
        { state: 'open', by: 'écluse' },
        { state: 'acknowledged', by: engineer, comment: 'The till’s new version.' },
      ],
    )
    // Who may not read the field is not told either what was said of it.
    const masked = (known.body as unknown as StoredAnomaly).history!
    assert.ok(masked.every(entry => !('comment' in entry)))

    assert.equal((await say('data-owner', drift, { state: 'false-alarm' })).body.state, 'false-alarm')
    const wrong = await say('data-owner', drift, { state: 'resolved' })
    assert.deepEqual([wrong.status, wrong.body.fix], [409, 'Send one of these states: open.'])
    assert.equal((await say('data-owner', drift, { state: 'false-alarm' })).status, 409)
    const silent = await say('data-owner', drift, { state: 'open' })
    assert.deepEqual([silent.status, silent.body.fix], [409, 'Send a comment that says why.'])
    assert.equal((await say('data-owner', drift, { state: 'open', comment: 'It was none.' })).body.state, 'open')
  })

  test('takes the right to judge', async () => {
    const personal = await found('personal-data')
    for (const role of ['analyst', 'producer', 'dpo'])
      assert.equal((await say(role, personal, { state: 'resolved' })).status, 403)
    assert.equal((await say('data-owner', { id: 'none' }, { state: 'resolved' })).status, 404)
    for (const body of [
      { state: 'gone' },
      { state: 'resolved', comment: 'x'.repeat(501) },
      { state: 'resolved', by: 'me' },
    ])
      assert.equal((await say('data-owner', personal, body)).status, 400)
  })

  test('can be said at the command line', async () => {
    const personal = await found('personal-data')
    const ecluseAt = async (...args: string[]) => (await anomaliesAt('transactions', ...args)).stdout
    assert.match(
      await ecluseAt('--state', 'open'),
      /^\S+ {2}high {6}open {10}personal-data {2}windows\/transactions\/\S+$/m,
    )
    const said = await ecluseAt(
      '--id',
      personal.id,
      '--state',
      'acknowledged',
      '--comment',
      'The shop was told.',
      '--json',
    )
    assert.equal((JSON.parse(said) as StoredAnomaly).state, 'acknowledged')
  })
})

/** What the command says of a dataset. */
function anomaliesAt(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const env = { ECLUSE_URL: ecluse.address, ECLUSE_API_KEY: ecluse.keys['data-steward'] }
  const command = [join(import.meta.dirname, '../cli/main.ts'), 'anomalies', ...args]
  return promisify(execFile)(process.execPath, command, { env, maxBuffer: 64 * 1_024 * 1_024 })
}

describe('the command', () => {
  test('says which event a conflict is about, and that there is none of a kind', async () => {
    const event = transaction()
    for (const montant of [10, 20]) await ecluse.accept('transactions', { ...event, montant })
    const { stdout } = await anomaliesAt('transactions', '--kind', 'conflict')
    assert.match(stdout, new RegExp(`\\n {4}event ${event.id_transaction} at 0/\\d+, again at 0/\\d+\\n$`))
    const none = await anomaliesAt('transactions', '--kind', 'drift')
    assert.deepEqual(none, { stdout: 'transactions: no anomaly of this state, kind or severity\n', stderr: '' })
    await assert.rejects(
      anomaliesAt('transaction'),
      /answered 404: No dataset of this name is live\. Did you mean `transactions`/,
    )
  })

  test('says that there are more than it prints, beside what programs read', async () => {
    const anomaly = {
      ...{ dataset: 'user-profiles', kind: 'burst', severity: 'low', state: 'false-alarm', detail: 'Seeded.' },
      ...{ detectedAt: new Date().toISOString(), eventDocument: null, subject: null, schema: null, policy: null },
      ...{ position: null, copy: null, reprotectedAt: null },
    }
    const ids = Array.from({ length: 1_001 }, (_, i) => `seeded ${i}`)
    const seeded = ids.map(id => ({ id, version: 1, expiresAtMs: null, body: { ...anomaly, id } }))
    await ecluse.stores.documents.insertFirst('anomalies', seeded)
    const { stdout, stderr } = await anomaliesAt('user-profiles', '--json')
    assert.equal((JSON.parse(stdout) as object[]).length, 1_000)
    assert.match(stderr, /^These are the newest 1000, and there are more: .* --state, --kind or --severity\.\n$/)
  })
})

test('it is over by itself, whoever works on it', async () => {
  for (let minute = 0; minute < 12; minute++) {
    await ecluse.post('transactions', ...Array.from({ length: 30 }, () => transaction()))
    pass(MINUTE_MS)
  }
  pass(MINUTE_MS)
  const over = await eventually(
    'both are over',
    async () => {
      const resolved = await seeded('&state=resolved')
      return resolved.length === 2 && resolved
    },
    FOUND_MS,
  )
  for (const { history } of over) assert.deepEqual(history!.at(-1)!.by, 'écluse')
})
