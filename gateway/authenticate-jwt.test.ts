import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { exportJWK, exportSPKI, generateKeyPair } from 'jose'
import { readConfig } from '../runtime/config.ts'
import { AUDIENCE, forge, type IdentityProvider, ISSUER, startIdentityProvider } from '../test/identity-provider.ts'
import { Unauthenticated } from './authenticate.ts'
import { makeAuthenticateJwt } from './authenticate-jwt.ts'
import { RequestRefused } from './body/request-refused.ts'

let provider: IdentityProvider
before(async () => {
  provider = await startIdentityProvider()
})
after(() => provider.stop())

function configOf(settings: Record<string, string> = {}) {
  return readConfig({
    ECLUSE_JWT_ISSUER: ISSUER,
    ECLUSE_JWT_AUDIENCE: AUDIENCE,
    ECLUSE_JWT_JWKS: provider.url,
    ...settings,
  })
}

const make = (settings?: Record<string, string>, now = Date.now) => {
  const authenticate = makeAuthenticateJwt(configOf(settings), now)!
  return async (token: string) => (await authenticate(token)).caller
}
const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds

async function assertRefused(token: string, why: string, authenticate = make()): Promise<void> {
  const refusal = await authenticate(token).then(
    () => assert.fail(`let in: ${why}`),
    error => error,
  )
  assert.ok(refusal instanceof Unauthenticated, `${why}: ${refusal}`)
  // The same answer, whatever was wrong.
  assert.deepEqual([refusal.status, refusal.detail], [401, 'The request carries no valid API key or token.'])
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a token of the identity provider', () => {
  test('lets its bearer in with its roles and datasets, under a hash of the subject', async () => {
    const authenticate = make()
    for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
      const caller = await authenticate(await provider.token({}, { alg }))
      assert.deepEqual({ ...caller, id: '' }, { id: '', kind: 'jwt', roles: ['analyst'], datasets: ['transactions'] })
      assert.match(caller.id, /^jwt:[0-9a-f]{16}$/)
    }
    const [one, again, other] = await Promise.all(
      [{}, { roles: 'dpo auditor' }, { sub: 'bob@example.org' }].map(async claims =>
        authenticate(await provider.token(claims)),
      ),
    )
    assert.deepEqual([one!.id === again!.id, one!.id === other!.id], [true, false])
    assert.deepEqual(again!.roles, ['dpo', 'auditor'])
  })

  test('gives nothing by claims that are missing or are no lists of texts', async () => {
    for (const claim of [undefined, null, 7, { a: 1 }, [1], [['dpo']]]) {
      const { roles, datasets } = await make()(await provider.token({ roles: claim, datasets: claim }))
      assert.deepEqual([roles, datasets], [[], []])
    }
    const named = make({ ECLUSE_JWT_ROLES_CLAIM: 'https://x.example/roles', ECLUSE_JWT_DATASETS_CLAIM: '__proto__' })
    const caller = await named(await provider.token({ 'https://x.example/roles': ['dpo'] }))
    assert.deepEqual([caller.roles, caller.datasets], [['dpo'], []])
  })

  test('is held to its times, give or take the clock skew', async () => {
    await assertRefused(await provider.token({ exp: secondsFromNow(-40) }), 'expired')
    await assertRefused(await provider.token({ nbf: secondsFromNow(40) }), 'not yet valid')
    await assertRefused(await provider.token({ exp: undefined }), 'without an end')
    await assertRefused(await provider.token({ exp: '9999999999' }), 'its end is a text')
    await make()(await provider.token({ exp: secondsFromNow(-20), nbf: secondsFromNow(20) }))
    const strict = make({ ECLUSE_JWT_CLOCK_SKEW_MS: '0' })
    await assertRefused(await provider.token({ exp: secondsFromNow(-20) }), 'expired without skew', strict)
  })

  test('is for us, of our issuer, about somebody', async () => {
    for (const aud of ['another', ['another'], undefined, '', 'ecluse2', { ecluse: true }])
      await assertRefused(await provider.token({ aud }), `audience ${JSON.stringify(aud)}`)
    await make()(await provider.token({ aud: ['another', AUDIENCE] }))
    for (const iss of ['https://login.example.org', 'https://evil.example/', undefined, [ISSUER]])
      await assertRefused(await provider.token({ iss }), `issuer ${JSON.stringify(iss)}`)
    for (const sub of [undefined, '', 7, ['alice']])
      await assertRefused(await provider.token({ sub }), `subject ${sub}`)
  })
})

describe('a forged token is refused:', () => {
  test('without a signature, whatever the algorithm calls itself', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', undefined, null, 0, ['RS256']]) {
      await assertRefused(forge({ alg, kid: 'key-RS256', typ: 'JWT' }), `alg ${alg}, no signature`)
      await assertRefused(forge({ alg, kid: 'key-RS256' }, {}, 'AAAA'), `alg ${alg}, some signature`)
    }
    const [header, claims] = (await provider.token()).split('.')
    await assertRefused(`${header}.${claims}.`, 'signature taken away')
    await assertRefused(`${header}.${claims}`, 'signature cut off')
  })

  test('signed by the public key, as if it were a shared secret', async () => {
    const pem = await exportSPKI(provider.keys.RS256!.publicKey)
    const jwk = JSON.stringify(await exportJWK(provider.keys.RS256!.publicKey))
    for (const secret of [pem, pem.trim(), jwk, provider.jwks()[0]!.n!, ''])
      for (const [alg, digest] of [
        ['HS256', 'sha256'],
        ['HS512', 'sha512'],
        ['RS256', 'sha256'],
      ] as const) {
        const unsigned = forge({ alg, kid: 'key-RS256', typ: 'JWT' })
        const signature = createHmac(digest, secret).update(unsigned.slice(0, -1)).digest('base64url')
        await assertRefused(`${unsigned}${signature}`, `${alg} with the public key`)
      }
  })

  test('signed by a key of its own, which it brings or names', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'evil', alg: 'RS256' }
    const headers = [
      {},
      { jwk },
      { jwk, kid: undefined },
      { jku: 'http://127.0.0.1:1/evil', kid: 'evil' },
      { x5u: 'http://127.0.0.1:1/evil', kid: 'evil' },
      { x5c: ['MIIB'], kid: 'evil' },
      { kid: '../../../../dev/null' },
      { kid: 'key-ES256' },
    ]
    for (const header of headers)
      await assertRefused(await provider.token({}, { key: privateKey, header }), JSON.stringify(header))
  })

  test('of an unknown key: the key set is asked again once, not by each such token', async () => {
    const authenticate = make()
    await authenticate(await provider.token())
    const asked = provider.asked()
    for (let i = 0; i < 20; i++)
      await assertRefused(await provider.token({}, { header: { kid: `key-${i}` } }), 'unknown key', authenticate)
    assert.ok(provider.asked() <= asked + 1)
  })

  test('with a critical header that nobody understands', async () => {
    const header = { crit: ['x-unknown'], 'x-unknown': 'yes' }
    await assertRefused(await provider.token({}, { header }), 'crit')
    await assertRefused(forge({ alg: 'RS256', kid: 'key-RS256', crit: [] }, {}, 'AAAA'), 'empty crit')
    await assertRefused(forge({ alg: 'RS256', kid: 'key-RS256', crit: ['b64'], b64: false }, {}, 'AAAA'), 'b64')
  })

  test('changed in a single place', async () => {
    const token = await provider.token()
    const authenticate = make()
    const [header, , signature] = token.split('.') as [string, string, string]
    await assertRefused(`${header}.${encoded({ roles: ['dpo'] })}.${signature}`, 'other claims', authenticate)
    for (let at = 0; at < token.length - 1; at += 7) {
      if (token[at] === '.') continue
      const other = token[at] === 'A' ? 'B' : 'A'
      await assertRefused(token.slice(0, at) + other + token.slice(at + 1), `changed at ${at}`, authenticate)
    }
  })

  test('huge or shapeless: unread, and without asking for keys', async () => {
    const authenticate = make()
    const asked = provider.asked()
    const huge = await provider.token({ more: 'x'.repeat(8_192) })
    const shapeless = ['', '.', '..', '...', 'a.b.c.d', 'a b.c.d', 'é.b.c', `${'a'.repeat(9_000)}.b.c`, 'eck_x']
    for (const token of [huge, ...shapeless]) await assertRefused(token, token.slice(0, 20), authenticate)
    assert.equal(provider.asked(), asked)
  })

  test('by an algorithm that the settings do not list', async () => {
    const authenticate = make({ ECLUSE_JWT_ALGORITHMS: 'ES256' })
    await assertRefused(await provider.token(), 'RS256', authenticate)
    await authenticate(await provider.token({}, { alg: 'ES256' }))
  })
})

describe('while the key set cannot be had', () => {
  async function assertUnavailable(authenticate: ReturnType<typeof make>): Promise<void> {
    const refusal = await authenticate(await provider.token()).catch(error => error)
    assert.ok(refusal instanceof RequestRefused)
    assert.deepEqual([refusal.status, refusal.slug, refusal.retryAfterSeconds], [503, 'unavailable', 1])
  }

  test('tokens are answered 503 with a pause, and nobody is let in', async t => {
    t.after(() => provider.answerWith(undefined))
    const bodies = [
      { status: 500, body: '' },
      { status: 200, body: 'not json' },
      { status: 200, body: '{}' },
      { status: 200, body: JSON.stringify({ keys: provider.jwks(), more: 'x'.repeat(300_000) }) },
    ]
    for (const answer of bodies) {
      provider.answerWith(answer)
      let nowMs = Date.now()
      const authenticate = make({}, () => nowMs)
      const asked = provider.asked()
      for (let i = 0; i < 5; i++) await assertUnavailable(authenticate)
      assert.equal(provider.asked(), asked + 1, 'it is not asked for every token')
      nowMs += 1_000
      await assertUnavailable(authenticate)
      assert.equal(provider.asked(), asked + 2)
    }
    await assertUnavailable(make({ ECLUSE_JWT_JWKS: 'http://127.0.0.1:1/keys' }))
    await assertUnavailable(make({ ECLUSE_JWT_JWKS: '/nowhere/jwks.json' }))
  })

  test('keys that are known go on working', async t => {
    const authenticate = make()
    await authenticate(await provider.token())
    provider.answerWith({ status: 500, body: '' })
    t.after(() => provider.answerWith(undefined))
    assert.equal((await authenticate(await provider.token())).kind, 'jwt')
  })
})

describe('the settings', () => {
  test('take a file of keys', async t => {
    const dir = mkdtempSync(join(tmpdir(), 'jwks-'))
    t.after(() => rmSync(dir, { recursive: true }))
    const path = join(dir, 'jwks.json')
    writeFileSync(path, JSON.stringify({ keys: provider.jwks() }))
    await make({ ECLUSE_JWT_JWKS: path })(await provider.token())
  })

  test('take no tokens unless all three parts are set, and no weak algorithm', () => {
    assert.equal(makeAuthenticateJwt(readConfig({}), Date.now), undefined)
    assert.throws(() => readConfig({ ECLUSE_JWT_ISSUER: ISSUER }), /ECLUSE_JWT_AUDIENCE: .*\n.*ECLUSE_JWT_JWKS: /)
    for (const algorithms of ['none', 'HS256', 'RS256,HS256', '', 'rs256', 'RS256,none'])
      assert.throws(() => configOf({ ECLUSE_JWT_ALGORITHMS: algorithms }), /ECLUSE_JWT_ALGORITHMS: /)
    for (const jwks of ['http://login.example.org/keys', 'ftp://127.0.0.1/keys', 'https://user:pass@x.example/keys'])
      assert.throws(() => configOf({ ECLUSE_JWT_JWKS: jwks }), /ECLUSE_JWT_JWKS: /)
  })
})
