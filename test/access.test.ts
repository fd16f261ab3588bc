import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Problem } from '../gateway/problem.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { AUDIENCE, forge, type IdentityProvider, ISSUER, startIdentityProvider } from './identity-provider.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

interface NewKey {
  id: string
  apiKey: string
  roles: string[]
}

let provider: IdentityProvider
let ecluse: EcluseProcess
before(async () => {
  provider = await startIdentityProvider()
  ecluse = await spawnEcluse({
    environment: {
      ECLUSE_JWT_ISSUER: ISSUER,
      ECLUSE_JWT_AUDIENCE: AUDIENCE,
      ECLUSE_JWT_JWKS: provider.url,
      ECLUSE_LEASE_MS: '200',
      ECLUSE_WATCH_INTERVAL_MS: '50',
    },
  })
})
after(async () => {
  await ecluse.end()
  await provider.stop()
})

const as = (credential: string, path: string, init: RequestInit = {}) =>
  fetch(`${ecluse.url}${path}`, { ...init, headers: { authorization: `Bearer ${credential}`, ...init.headers } })

const json = { 'content-type': 'application/json' }
const makeKey = (body: object, role = 'data-engineer') =>
  ecluse.call(role, '/v1/access/keys', { method: 'POST', headers: json, body: JSON.stringify(body) })

async function newKey(roles: string[], datasets = ['*']): Promise<NewKey> {
  const response = await makeKey({ name: 'a test', roles, datasets, days: 1 })
  assert.equal(response.status, 201)
  return (await response.json()) as NewKey
}

async function bodyOf(response: Response): Promise<string> {
  return `${response.status} ${await response.text()}`
}

describe('an API key', () => {
  test('is made over HTTP, shown once, listed without its secret, and ends when it is revoked', async () => {
    const { id, apiKey } = await newKey(['analyst', 'auditor'], ['transactions'])
    const me = (await (await as(apiKey, '/v1/access/me')).json()) as { access: { dataset: string }[] }
    const shown = { ...me, access: me.access.map(({ dataset }) => dataset) }
    const about = { id, kind: 'api-key', roles: ['analyst', 'auditor'], datasets: ['transactions'], actions: [] }
    assert.deepEqual(shown, { ...about, access: ['transactions'] })
    assert.equal((await as(apiKey, '/v1/datasets/transactions/events')).status, 200)
    const listed = await (await ecluse.call('data-engineer', '/v1/access/keys')).text()
    assert.ok(listed.includes(id) && !listed.includes(apiKey.split('_')[2]!) && !/secret|sha256/i.test(listed))
    const revoke = () => ecluse.call('data-engineer', `/v1/access/keys/${id}`, { method: 'DELETE' })
    assert.equal((await revoke()).status, 204)
    assert.equal((await revoke()).status, 404)
    await eventually('it is refused', async () => (await as(apiKey, '/v1/access/me')).status === 401)
    const engineer = (await (await ecluse.call('data-engineer', '/v1/access/me')).json()) as { id: string }
    const done = async (actor: string) => {
      const { items } = (await (await ecluse.call('auditor', `/v1/audit/entries?actor=${actor}`)).json()) as {
        items: { entry: { kind: string; actor: string } }[]
      }
      assert.ok(items.every(({ entry }) => entry.actor === actor))
      return items.filter(item => JSON.stringify(item).includes(id)).map(({ entry }) => entry.kind)
    }
    await eventually('both stand in the audit, by who did it', async () => {
      return (await done(engineer.id)).join() === 'key-revoked,key-made'
    })
    assert.deepEqual(await done(id), [])
    assert.ok(!ecluse.output().includes(apiKey))
  })

  test('is made for roles and datasets that there are, by those who run Écluse alone', async () => {
    const good = { name: 'a test', roles: ['analyst'], datasets: ['*'] }
    const bad = [
      { roles: ['analist'] },
      { roles: [] },
      { datasets: ['No!'] },
      { datasets: [] },
      { days: 0 },
      { name: '' },
      { name: 'two\nlines' },
      { name: 'x'.repeat(101) },
      { more: 1 },
      { roles: 'analyst' },
      { days: '1' },
    ]
    for (const change of bad) assert.equal((await makeKey({ ...good, ...change })).status, 400, JSON.stringify(change))
    for (const role of Object.keys(ecluse.keys).filter(name => name !== 'data-engineer'))
      assert.equal((await makeKey(good, role)).status, 403, role)
  })

  test('is not made of members that are misspelt: those there are are told, and not what was sent', async () => {
    const response = await makeKey({ name: 'a test', roles: ['analyst'], datasets: ['*'], dayss: 'camille' })
    const { detail, fix } = (await response.json()) as Problem
    assert.deepEqual(
      [response.status, detail, fix],
      [
        400,
        'The body has a member that is not declared.',
        'Did you mean `days`? It may have `name`, `roles`, `datasets`, `days`.',
      ],
    )
    const misspelt = await makeKey({ name: 'a test', roles: ['analist'], datasets: ['*'] })
    const told = (await misspelt.json()) as Problem
    assert.deepEqual(
      [misspelt.status, told.detail, told.fix],
      [
        400,
        'body/roles/0 has a value it may not have.',
        'It may be `producer`, `data-owner`, `data-steward`, `data-engineer`, `analyst`, `dpo`, `auditor`.',
      ],
    )
    const stranger = await makeKey({ name: 'a', roles: ['analyst'], datasets: ['*'], 'camille@example.com': 1 })
    assert.doesNotMatch(await stranger.text(), /camille/)
  })

  test('is made by the command line, with several roles and a name', async () => {
    const args = ['keys', 'create', '--role', 'dpo', '--role', 'auditor', '--name', 'the officer', '--days', '1']
    const run = (...more: string[]) =>
      spawnSync(process.execPath, [join(import.meta.dirname, '../cli/main.ts'), ...more], {
        cwd: ecluse.dir,
        env: {},
        encoding: 'utf8',
      })
    const { stdout } = run(...args)
    const me = (await (await as(stdout.trim(), '/v1/access/me')).json()) as NewKey
    assert.deepEqual(me.roles, ['dpo', 'auditor'])
    assert.match(run('keys', 'list').stdout, new RegExp(`^${me.id} {2}dpo,auditor {2}\\* .*: the officer$`, 'm'))
    const wrong = run('keys', 'create', '--role', 'dpoo')
    assert.equal(wrong.status, 2)
    assert.match(wrong.stderr, /Did you mean `dpo`/)
  })
})

describe('a denial', () => {
  test('says which right is missing and who has it', async () => {
    const response = await ecluse.call('analyst', '/v1/quarantine?dataset=transactions')
    const problem = (await response.json()) as Problem
    assert.equal(response.status, 403)
    assert.match(problem.detail, /`quarantine`/)
    assert.match(problem.fix, /data-owner or data-steward or data-engineer or dpo/)
  })

  test('is the same whatever there is', async () => {
    const event = transaction()
    assert.equal((await ecluse.post('transactions', [event, {}])).answer.accepted, 1)
    await ecluse.settled()
    const listed = await ecluse.call('data-steward', '/v1/quarantine?dataset=transactions')
    const [entry] = ((await listed.json()) as { items: { id: string }[] }).items
    const pairs = (dataset: string) => [
      [`/v1/datasets/${dataset}/events/${event.id_transaction}`, `/v1/datasets/${dataset}/events/nothing`],
      [`/v1/quarantine/${entry!.id}`, '/v1/quarantine/nothing'],
    ]
    const auditor = (path: string) => ecluse.call('auditor', path)
    const elsewhere = (await newKey(['data-owner', 'data-steward'], ['user-profiles'])).apiKey
    for (const [found, missing] of pairs('transactions')) {
      assert.equal(await bodyOf(await auditor(found!)), await bodyOf(await auditor(missing!)))
      assert.equal(await bodyOf(await as(elsewhere, found!)), await bodyOf(await as(elsewhere, missing!)))
    }
    const [there, notThere] = ['/v1/datasets/transactions', '/v1/datasets/no-such-dataset']
    assert.equal(await bodyOf(await as(elsewhere, there)), await bodyOf(await as(elsewhere, notThere)))
    assert.match(await bodyOf(await as(elsewhere, there)), /^403 /)
  })

  test('holds for a query that names no dataset, or several', async () => {
    for (const query of ['', '?dataset=transactions&dataset=user-profiles', '?Dataset=transactions']) {
      assert.equal((await ecluse.call('data-steward', `/v1/quarantine${query}`)).status, 400, query)
      assert.equal((await ecluse.call('analyst', `/v1/quarantine${query}`)).status, 403, query)
    }
  })
})

describe('a token', () => {
  test('lets in whom the identity provider names, on the datasets it names', async () => {
    const token = await provider.token({ roles: ['analyst'], datasets: ['transactions'] })
    const me = await (await as(token, '/v1/access/me')).text()
    assert.ok(!me.includes('alice'))
    assert.equal((await as(token, '/v1/datasets/transactions/events')).status, 200)
    assert.equal((await as(token, '/v1/datasets/user-profiles/events')).status, 403)
    assert.equal((await as(await provider.token({ datasets: undefined }), '/v1/datasets/transactions')).status, 403)
    assert.ok(!ecluse.output().includes('alice'))
  })

  test('that is forged is refused, and guessing is slowed down', async () => {
    const good = await provider.token()
    assert.equal((await as(good, '/v1/access/me')).status, 200)
    const forged = [
      forge({ alg: 'none' }),
      await provider.token({ aud: 'another' }),
      await provider.token({ exp: 1 }),
      await provider.token({}, { header: { kid: 'another' } }),
      await provider.token({ more: 'x'.repeat(9_000) }),
    ]
    for (const token of forged) assert.ok([401, 429].includes((await as(token, '/v1/access/me')).status))
    const slowed = await eventually('guessing is answered 429', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => as(forged[0]!, '/v1/access/me')))
      return answers.find(({ status }) => status === 429)
    })
    assert.ok(Number(slowed.headers.get('retry-after')) > 0)
    assert.equal((await as(good, '/v1/access/me')).status, 200, 'who is in stays in')
    const other = await provider.token()
    await eventually('others are let in again', async () => (await as(other, '/v1/access/me')).status === 200)
  })

  test('is answered 503 while the keys cannot be had; API keys go on working', async t => {
    const dir = makeDir()
    const without = await spawnEcluse({
      dir,
      environment: {
        ECLUSE_JWT_ISSUER: ISSUER,
        ECLUSE_JWT_AUDIENCE: AUDIENCE,
        ECLUSE_JWT_JWKS: 'http://127.0.0.1:1/keys',
      },
    })
    t.after(() => without.end())
    const headers = { authorization: `Bearer ${await provider.token()}` }
    const response = await fetch(`${without.url}/v1/access/me`, { headers })
    assert.equal(response.status, 503)
    assert.ok(Number(response.headers.get('retry-after')) > 0)
    assert.equal((await without.call('analyst', '/v1/access/me')).status, 200)
  })
})

describe('an edit of the access policy', () => {
  test('that is good is soon in force; a broken one changes nothing, and is told with its place', async () => {
    const path = join(ecluse.policiesDir, 'access/policy.csv')
    const good = readFileSync(path, 'utf8')
    const analyst = async () => (await ecluse.call('analyst', '/v1/datasets/transactions/events')).status
    const readiness = async () =>
      (await (await fetch(`${ecluse.url}/readyz`)).json()) as { degraded: string[]; access: { problems: string[] } }
    writeFileSync(path, good.replaceAll('p, analyst, *, internal, read', 'p, analyst, *, internl, read'))
    const { access } = await eventually('the mistake is reported', async () => {
      const found = await readiness()
      return found.degraded.includes('access') && found
    })
    assert.match(access.problems.join('\n'), /policy\.csv:\d+:16: there is no level `internl`\./)
    assert.match(ecluse.output(), /policy\.csv:\d+:16: error: .*Did you mean `internal`/)
    assert.equal(await analyst(), 200)
    const check = spawnSync(process.execPath, [join(import.meta.dirname, '../cli/main.ts'), 'check'], {
      cwd: ecluse.dir,
      env: {},
      encoding: 'utf8',
    })
    assert.equal(check.status, 1)
    assert.match(check.stdout, /^policies\/access\/policy\.csv:\d+:16: error: /m)
    writeFileSync(path, `${good}p, analyst, transactions, *, read, deny\n`)
    await eventually('the denial is in force', async () => (await analyst()) === 403)
    assert.deepEqual((await readiness()).access.problems, [])
    writeFileSync(path, `${good}p, analyst, transaction, *, read, deny\n`)
    await eventually('the denial is gone', async () => (await analyst()) === 200)
    const warned = spawnSync(process.execPath, [join(import.meta.dirname, '../cli/main.ts'), 'check'], {
      cwd: ecluse.dir,
      env: {},
      encoding: 'utf8',
    })
    assert.match(warned.stdout, /policy\.csv:\d+:13: warning: no dataset transaction is declared.*`transactions`/)
  })
})
