import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { sealingKey } from '../governance/protection/seal.ts'
import { type Identified, Unauthenticated } from './authenticate.ts'
import { makeSessions } from './sessions.ts'

const SESSION_MS = 60_000
const identified: Identified = {
  caller: { id: '0123456789abcdef', kind: 'api-key', roles: ['dpo'], datasets: ['*'] },
  secretSha256: 'ab'.repeat(32),
  expiresAtMs: null,
}
const key = sealingKey(randomBytes(32))

function setUp({ leaseMs = 0 } = {}) {
  const state = { nowMs: 1_000_000, looks: 0, isRevoked: false, roles: ['dpo'] }
  const authenticator = {
    checkAgain: async () => {
      state.looks++
      if (state.isRevoked) throw new Unauthenticated()
      return { ...identified.caller, roles: state.roles }
    },
  }
  const make = () => makeSessions({ key, authenticator, sessionMs: SESSION_MS, leaseMs, now: () => state.nowMs })
  return { state, make, sessions: make() }
}

test('a session that one gateway began is known to another, and names who it is', async () => {
  const { sessions, make } = setUp()
  const { cookie, seconds } = sessions.begin(identified)
  assert.equal(seconds, SESSION_MS / 1_000)
  assert.deepEqual((await make().check(cookie)).caller, identified.caller)
})

test('a session ends when it was said to, and no later than the credential it began with', async () => {
  const { sessions, state } = setUp()
  const long = sessions.begin(identified).cookie
  const short = sessions.begin({ ...identified, expiresAtMs: state.nowMs + 1_000 }).cookie
  state.nowMs += 1_000
  await assert.rejects(sessions.check(short), Unauthenticated)
  await sessions.check(long)
  state.nowMs += SESSION_MS
  await assert.rejects(sessions.check(long), Unauthenticated)
})

test('an API key is looked up once a lease, and a revoked one ends its sessions', async () => {
  const lasting = setUp({ leaseMs: 3_600_000 })
  const { cookie } = lasting.sessions.begin(identified)
  for (let i = 0; i < 5; i++) await lasting.sessions.check(cookie)
  assert.equal(lasting.state.looks, 1)
  const { sessions, state } = setUp()
  const other = sessions.begin(identified).cookie
  state.roles = ['auditor']
  assert.deepEqual((await sessions.check(other)).caller.roles, ['auditor'], 'as the vault has them')
  state.isRevoked = true
  await assert.rejects(sessions.check(other), Unauthenticated)
})

test('nobody can make a session, or change a bit of one', async t => {
  const { sessions } = setUp()
  const bytes = Buffer.from(sessions.begin(identified).cookie, 'base64url')
  const seed = Date.now() % 2 ** 31
  t.diagnostic(`seed ${seed}`)
  const flipped = fc.nat(bytes.length * 8 - 1).map(bit => {
    const copy = Buffer.from(bytes)
    copy[bit >> 3]! ^= 1 << (bit & 7)
    return copy.toString('base64url')
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(flipped, fc.base64String(), fc.string()), async text => {
      assert.equal(sessions.isOurs(text), false)
      await assert.rejects(sessions.check(text), Unauthenticated)
    }),
    { seed },
  )
})

test('nothing of the credential stands in a cookie, and one that no browser keeps is refused', () => {
  const { sessions } = setUp()
  const { cookie } = sessions.begin(identified)
  assert.ok(!Buffer.from(cookie, 'base64url').includes(identified.secretSha256!))
  const datasets = Array.from({ length: 500 }, (_, i) => `dataset-${i}`)
  assert.throws(() => sessions.begin({ ...identified, caller: { ...identified.caller, datasets } }), /more roles/)
})
