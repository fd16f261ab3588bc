// Sessions of the pages over HTTP: what a browser is given, what it must not be able to do, and how they end.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Problem } from '../gateway/problem.ts'
import { AUDIT_TOPIC, readEntry } from '../governance/audit/record.ts'
import { eventually } from './eventually.ts'
import { AUDIENCE, type IdentityProvider, ISSUER, startIdentityProvider } from './identity-provider.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'
import { startEcluse } from './start-ecluse.ts'

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
      ECLUSE_SESSION_MS: '3600000',
      ECLUSE_MAX_AUTH_FAILURES_PER_SECOND: '5',
      ECLUSE_TRUST_PROXY: 'loopback',
    },
  })
})
after(async () => {
  await ecluse.end()
  await provider.stop()
})

const page = { 'ecluse-page': '1', 'content-type': 'application/json' }
const signIn = (credential: string, headers: Record<string, string> = page) =>
  fetch(`${ecluse.url}/v1/session`, { method: 'POST', headers, body: JSON.stringify({ credential }) })
const cookieOf = (answer: Response) => answer.headers.get('set-cookie')!.split(';')[0]!
const get = (path: string, cookie: string, headers: Record<string, string> = {}) =>
  fetch(`${ecluse.url}${path}`, { headers: { cookie, ...headers } })

describe('a session', () => {
  test('is a cookie that no script reads and no other site sends, and lets in with the roles of its key', async () => {
    const answer = await signIn(ecluse.keys.dpo!)
    assert.equal(answer.status, 200)
    const cookie = answer.headers.get('set-cookie')!
    assert.match(
      cookie,
      /^ecluse-session=[\w-]{100,}; Path=\/; Max-Age=3(600|599); HttpOnly; SameSite=Strict$/,
      'attributes',
    )
    assert.ok(!cookie.includes(ecluse.keys.dpo!.split('_')[2]!))
    const me = await get('/v1/access/me', cookieOf(answer))
    assert.deepEqual(((await me.json()) as { roles: string[] }).roles, ['dpo'])
    assert.equal(me.headers.get('cache-control'), 'no-store')
    assert.equal((await get('/v1/datasets/transactions/events', cookieOf(answer))).status, 403)
  })

  test('over TLS has a name and attributes that keep it there', async () => {
    const forwarded = { ...page, 'x-forwarded-proto': 'https' }
    const answer = await signIn(ecluse.keys.analyst!, forwarded)
    const cookie = answer.headers.get('set-cookie')!
    assert.match(cookie, /^__Host-ecluse-session=.*; Secure$/)
    const path = '/v1/access/me'
    assert.equal((await get(path, cookieOf(answer), { 'x-forwarded-proto': 'https' })).status, 200)
    assert.equal((await get(path, cookieOf(answer))).status, 401)
  })

  test('writes nothing without the header that other pages cannot send, nor from another site', async () => {
    const cookie = cookieOf(await signIn(ecluse.keys.dpo!))
    const file = (headers: Record<string, string>) =>
      fetch(`${ecluse.url}/v1/erasure-requests`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ subject: { type: 'customer', id: 'nobody' }, reason: 'a test' }),
      })
    for (const headers of [{}, { 'ecluse-page': '1', 'sec-fetch-site': 'same-site' }]) {
      const answer = await file(headers as Record<string, string>)
      assert.equal(answer.status, 403)
      assert.match(((await answer.json()) as Problem).detail, /own pages/)
    }
    assert.equal((await file({ 'ecluse-page': '1', 'sec-fetch-site': 'same-origin' })).status, 202)
    assert.equal((await get('/v1/access/me', cookie, { 'sec-fetch-site': 'cross-site' })).status, 403)
    assert.equal((await signIn(ecluse.keys.dpo!, { 'content-type': 'application/json' })).status, 403)
    assert.equal((await fetch(`${ecluse.url}/v1/session`, { method: 'DELETE', headers: { cookie } })).status, 403)
  })

  test('begins with a token, too, and ends no later', async () => {
    const answer = await signIn(await provider.token({ exp: Math.floor(Date.now() / 1_000) + 60 }))
    assert.equal(answer.status, 200)
    const { session } = (await answer.json()) as { session: { kind: string; endsAt: string } }
    assert.equal(session.kind, 'jwt')
    assert.ok(Date.parse(session.endsAt) <= Date.now() + 60_000)
    assert.equal((await get('/v1/access/me', cookieOf(answer))).status, 200)
  })

  test('ends within a lease once its API key is revoked', async () => {
    const body = JSON.stringify({ name: 'a test', roles: ['analyst'], datasets: ['*'] })
    const headers = { 'content-type': 'application/json' }
    const made = await ecluse.call('data-engineer', '/v1/access/keys', { method: 'POST', headers, body })
    const { apiKey, id } = (await made.json()) as { apiKey: string; id: string }
    const cookie = cookieOf(await signIn(apiKey))
    assert.equal((await get('/v1/access/me', cookie)).status, 200)
    await ecluse.call('data-engineer', `/v1/access/keys/${id}`, { method: 'DELETE' })
    await eventually('the session is over', async () => (await get('/v1/access/me', cookie)).status === 401)
    assert.deepEqual(await (await get('/v1/session', cookie)).json(), { session: null })
  })

  test('is ended by signing out, and a browser without one is told so without an error', async () => {
    const cookie = cookieOf(await signIn(ecluse.keys.analyst!))
    const { session } = (await (await get('/v1/session', cookie)).json()) as { session: { roles: string[] } }
    assert.deepEqual(session.roles, ['analyst'])
    const out = await fetch(`${ecluse.url}/v1/session`, { method: 'DELETE', headers: { cookie, 'ecluse-page': '1' } })
    assert.deepEqual(
      [out.status, out.headers.get('set-cookie')!.split('; ').slice(0, 3)],
      [204, ['ecluse-session=', 'Path=/', 'Max-Age=0']],
    )
    for (const none of ['', 'ecluse-session=', 'ecluse-session=forged'])
      assert.deepEqual(await (await get('/v1/session', none)).json(), { session: null })
  })

  test('guessed at a door counts like any guess, and keeps nobody out who is in', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, (_, i) => signIn(`eck_${i}`).then(each => each.status)),
    )
    assert.deepEqual([...new Set(statuses)].sort(), [401, 429])
    const forged = await eventually('guesses are looked at again', async () => {
      const answer = await get('/v1/access/me', 'ecluse-session=forged')
      return answer.status !== 429 && answer
    })
    assert.equal(forged.status, 401)
    assert.equal((await get('/v1/access/me', cookieOf(await signedInAgain()))).status, 200)
  })
})

function signedInAgain(): Promise<Response> {
  return eventually('the door is open', async () => {
    const answer = await signIn(ecluse.keys.analyst!)
    return answer.status === 200 && answer
  })
}

test('refused sign-ins stand in the audit, counted, without what was tried', async () => {
  const own = await startEcluse()
  const entries = own.watch(AUDIT_TOPIC)
  const tried = 'eck_0123456789abcdef_0123456789012345678901234567890123456789012'
  for (const credential of [tried, 'nonsense']) {
    const answer = await fetch(`${own.address}/v1/session`, {
      method: 'POST',
      headers: page,
      body: JSON.stringify({ credential }),
    })
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.get('set-cookie'), null)
  }
  await own.stop()
  const found = entries.map(({ value }) => readEntry(value)).find(entry => entry?.kind === 'login-failures')
  assert.ok(found)
  const text = JSON.stringify(found)
  assert.match(text, /"unknown":1/)
  assert.match(text, /"malformed":1/)
  assert.ok(!text.includes(tried) && !text.includes('nonsense'))
})

test('no credential or cookie stands in what the process writes', async () => {
  const answer = await signIn(ecluse.keys.auditor!)
  const written = ecluse.output()
  assert.equal(answer.status, 200)
  assert.ok(!written.replace(/^ {2}[\w-]+ +eck_\S+$/gm, '').includes(ecluse.keys.auditor!))
  assert.ok(!written.includes(cookieOf(answer).split('=')[1]!))
})
