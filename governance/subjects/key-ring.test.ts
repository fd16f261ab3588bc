import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMatcher } from '../../test/byte-matcher.ts'
import { searchBuffer } from '../../test/search-bytes.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { openKeyRing } from './key-ring.ts'

const KEK = Buffer.alloc(32, 1)
const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-11-21T12:00:00Z')

/** A clock that stands until it is moved. */
function clock() {
  let nowMs = NOON_MS
  return {
    now: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}
const idsOf = (keys: { id: number }[]) => keys.map(({ id }) => id)

test('all processes of a vault hash a person alike, another vault does not', async t => {
  const [one, other] = [await temporaryVault(t), await temporaryVault(t)]
  const rings = [one.vault, one.openAgain(), other.vault].map(vault => openKeyRing(vault, KEK, Date.now))
  const [a, b, c] = (await Promise.all(rings)).map(ring => ring.lookupHash('person', 'customer', 'User001'))
  assert.match(a!, /^[0-9a-f]{64}$/)
  assert.equal(a, b)
  assert.notEqual(a, c)
})

test('no two persons or names share a look-up hash, wherever their parts are cut', async t => {
  const ring = await openKeyRing((await temporaryVault(t)).vault, KEK, Date.now)
  const parts = fc.array(fc.string({ unit: fc.constantFrom('1', ':', 'a', 'é', '\0') }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      assert.equal(ring.lookupHash(...a) === ring.lookupHash(...b), JSON.stringify(a) === JSON.stringify(b))
    }),
  )
})

test('a wrong key-encryption key is told in one clear sentence, and changes nothing', async t => {
  const { vault } = await temporaryVault(t)
  const before = (await openKeyRing(vault, KEK, Date.now)).lookupHash('a')
  const wrong = Buffer.alloc(32, 2)
  await assert.rejects(openKeyRing(vault, wrong, Date.now), (error: Error) => {
    assert.match(
      error.message,
      /^ECLUSE_KEK does not open this vault \(key lookup\/1\): .*Start with the KEK the vault was made with/,
    )
    return searchBuffer(Buffer.from(error.stack!), createMatcher([wrong.toString('latin1')])).length === 0
  })
  assert.equal((await openKeyRing(vault, KEK, Date.now)).lookupHash('a'), before)
})

test('an epoch whose key is not there is told by its number', async t => {
  const ring = await openKeyRing((await temporaryVault(t)).vault, KEK, Date.now)
  assert.ok(ring.epochKey(ring.epoch))
  assert.throws(() => ring.epochKey(7), /key of epoch 7 is destroyed/)
})

test('quarantine keys end with their day and the retention, also when that changes', async t => {
  const { vault } = await temporaryVault(t)
  const ring = await openKeyRing(vault, KEK, () => NOON_MS)
  for (const dataset of ['orders', 'others']) await ring.quarantineKey(dataset, NOON_MS, 30 * DAY_MS)
  const ends = async () => (await vault.listKeys('quarantine/')).map(({ endsAtMs }) => endsAtMs)
  const endOfDay = NOON_MS + DAY_MS / 2
  assert.deepEqual(await ends(), [endOfDay + 30 * DAY_MS, endOfDay + 30 * DAY_MS])
  await ring.setQuarantineRetention('orders', 2 * DAY_MS)
  assert.deepEqual(await ends(), [endOfDay + 2 * DAY_MS, endOfDay + 30 * DAY_MS])
})

test('a rotated domain has two live keys, newest first, until the overlap ends, and never three', async t => {
  const { now, pass } = clock()
  const ring = await openKeyRing((await temporaryVault(t)).vault, KEK, now)
  assert.throws(() => ring.domainKeys('marketing'), /domain marketing were not loaded/)
  await ring.loadDomain('marketing')
  const [first] = ring.domainKeys('marketing')
  assert.deepEqual(idsOf(ring.domainKeys('marketing')), [1])
  assert.equal(await ring.rotateDomain('marketing', DAY_MS), 2)
  assert.deepEqual(idsOf(ring.domainKeys('marketing')), [2, 1])
  assert.equal(ring.domainKeys('marketing')[1]!.mac('x'), first!.mac('x'))
  assert.notEqual(ring.domainKeys('marketing')[0]!.mac('x'), first!.mac('x'))
  pass(DAY_MS / 2)
  assert.equal(await ring.rotateDomain('marketing', DAY_MS), 3)
  assert.deepEqual(idsOf(ring.domainKeys('marketing')), [3, 2])
  pass(DAY_MS - 1)
  assert.deepEqual(idsOf(ring.domainKeys('marketing')), [3, 2])
  pass(1)
  assert.deepEqual(idsOf(ring.domainKeys('marketing')), [3])
})

test('a rotation elsewhere is noticed at the next refresh, and old keys can be deleted', async t => {
  const { now, pass } = clock()
  const { vault, openAgain } = await temporaryVault(t)
  const [here, elsewhere] = [await openKeyRing(vault, KEK, now), await openKeyRing(openAgain(), KEK, now)]
  for (const ring of [here, elsewhere]) await ring.loadDomain('marketing')
  await elsewhere.rotateDomain('marketing', DAY_MS)
  assert.deepEqual(idsOf(here.domainKeys('marketing')), [1])
  await here.refresh()
  assert.deepEqual(idsOf(here.domainKeys('marketing')), [2, 1])
  assert.equal(here.domainKeys('marketing')[0]!.mac('x'), elsewhere.domainKeys('marketing')[0]!.mac('x'))
  pass(DAY_MS)
  assert.deepEqual(await vault.deleteEndedKeys(now()), ['domain/marketing/1'])
  const fresh = await openKeyRing(vault, KEK, now)
  await fresh.loadDomain('marketing')
  assert.deepEqual(idsOf(fresh.domainKeys('marketing')), [2])
  assert.equal(await fresh.rotateDomain('marketing', 0), 3)
  assert.deepEqual(idsOf(fresh.domainKeys('marketing')), [3])
})

test('domains whose names begin alike do not share keys', async t => {
  const ring = await openKeyRing((await temporaryVault(t)).vault, KEK, Date.now)
  for (const domain of ['a', 'a-b']) await ring.loadDomain(domain)
  await ring.rotateDomain('a-b', DAY_MS)
  assert.deepEqual(idsOf(ring.domainKeys('a')), [1])
  assert.notEqual(ring.domainKeys('a')[0]!.mac('x'), ring.domainKeys('a-b')[1]!.mac('x'))
})

test('more than nine keys of a domain are still in order', async t => {
  const { now, pass } = clock()
  const ring = await openKeyRing((await temporaryVault(t)).vault, KEK, now)
  await ring.loadDomain('a')
  for (let id = 2; id <= 11; id++) {
    assert.equal(await ring.rotateDomain('a', 10), id)
    pass(5)
  }
  assert.deepEqual(idsOf(ring.domainKeys('a')), [11, 10])
})
