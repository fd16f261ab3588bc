import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { type KeyRing, openKeyRing } from './key-ring.ts'
import { type LivingPerson, openPeople } from './people.ts'
import { openOriginal, sealOriginal } from './quarantine-seal.ts'

const KEK = Buffer.alloc(32, 1)
const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-11-21T12:00:00Z')
const original = {
  contentType: 'application/json',
  id: 'e1',
  attributes: { id: 'e1', source: '/till', type: 'sale' },
  body: Buffer.from('{"nom":"Alice Dubois", broken \xff\n', 'latin1'),
}

function seal(
  ring: KeyRing,
  given: { dataset?: string; receivedAtMs?: number; subjects?: (LivingPerson | undefined)[] } = {},
) {
  return sealOriginal(ring, original, {
    id: 'q1',
    dataset: 'transactions',
    receivedAtMs: NOON_MS,
    retentionMs: 30 * DAY_MS,
    subjects: [undefined],
    ...given,
  })
}

async function twoPersons(t: TestContext) {
  const { vault } = await temporaryVault(t)
  const ring = await openKeyRing(vault, KEK, Date.now)
  const people = await openPeople(vault, ring, { leaseMs: 1_000, cachedPersons: 10 })
  const [alice, bob] = (await people.lookUp(
    ['a', 'b'].map(id => ({ type: 'customer', id, aliases: [], create: true })),
  )) as [LivingPerson, LivingPerson]
  return { vault, ring, alice, bob }
}

test('the original of a known person opens with that person’s key alone, at its own place', async t => {
  const { vault, ring, alice, bob } = await twoPersons(t)
  const { sealedBy, alsoSealedBy, sealed } = await seal(ring, { subjects: [alice] })
  assert.deepEqual([sealedBy, alsoSealedBy], [{ by: 'person', pseudonym: alice.pseudonym }, undefined])
  assert.deepEqual(openOriginal([alice.keys.quarantine], sealed, 'transactions', 'q1'), original)
  assert.throws(() => openOriginal([bob.keys.quarantine], sealed, 'transactions', 'q1'))
  assert.throws(() => openOriginal([alice.keys.field], sealed, 'transactions', 'q1'))
  assert.throws(() => openOriginal([alice.keys.quarantine], sealed, 'transactions', 'q2'))
  assert.throws(() => openOriginal([alice.keys.quarantine], sealed, 'other', 'q1'))
  assert.deepEqual(await vault.listKeys('quarantine/'), [])
})

test('the original of several takes the keys of all who are known, and the day’s where somebody is not', async t => {
  const { ring, alice, bob } = await twoPersons(t)
  const by = ({ pseudonym }: LivingPerson) => ({ by: 'person', pseudonym })
  const byDay = { by: 'day', key: 'quarantine/transactions/2026-11-21' }

  const both = await seal(ring, { subjects: [alice, bob] })
  assert.deepEqual([both.sealedBy, both.alsoSealedBy], [by(alice), [by(bob)]])
  const keys = [alice.keys.quarantine, bob.keys.quarantine]
  assert.deepEqual(openOriginal(keys, both.sealed, 'transactions', 'q1'), original)
  for (const some of [[keys[0]!], [keys[1]!], keys.toReversed(), []])
    assert.throws(() => openOriginal(some, both.sealed, 'transactions', 'q1'))

  const twice = await seal(ring, { subjects: [alice, alice] })
  assert.deepEqual([twice.sealedBy, twice.alsoSealedBy], [by(alice), undefined])

  const strange = await seal(ring, { subjects: [alice, undefined, bob] })
  assert.deepEqual([strange.sealedBy, strange.alsoSealedBy], [by(alice), [by(bob), byDay]])
  const dayKey = (await ring.findQuarantineKey(byDay.key))!
  assert.deepEqual(openOriginal([...keys, dayKey], strange.sealed, 'transactions', 'q1'), original)
  assert.throws(() => openOriginal(keys, strange.sealed, 'transactions', 'q1'))

  const first = await seal(ring, { subjects: [undefined, bob] })
  assert.deepEqual([first.sealedBy, first.alsoSealedBy], [byDay, [by(bob)]])
  assert.deepEqual(openOriginal([dayKey, keys[1]!], first.sealed, 'transactions', 'q1'), original)
})

test('the original of nobody known is sealed under its dataset’s key of the UTC day', async t => {
  const { vault, openAgain } = await temporaryVault(t)
  const ring = await openKeyRing(vault, KEK, Date.now)
  const names = [
    await seal(ring),
    await seal(ring, { receivedAtMs: NOON_MS + DAY_MS / 2 - 1 }),
    await seal(ring, { receivedAtMs: NOON_MS + DAY_MS / 2 }),
    await seal(ring, { dataset: 'user-profiles' }),
  ].map(({ sealedBy }) => (sealedBy.by === 'day' ? sealedBy.key : ''))
  assert.deepEqual(names, [
    'quarantine/transactions/2026-11-21',
    'quarantine/transactions/2026-11-21',
    'quarantine/transactions/2026-11-22',
    'quarantine/user-profiles/2026-11-21',
  ])
  const { sealed } = await seal(ring)
  const elsewhere = await openKeyRing(openAgain(), KEK, Date.now)
  assert.deepEqual(
    openOriginal([(await elsewhere.findQuarantineKey(names[0]!))!], sealed, 'transactions', 'q1'),
    original,
  )
  assert.throws(() => openOriginal([{} as never], sealed, 'transactions', 'q1'))
  const tomorrows = (await elsewhere.findQuarantineKey(names[2]!))!
  assert.throws(() => openOriginal([tomorrows], sealed, 'transactions', 'q1'))
})

test('a day’s key is destroyed when the last original sealed with it has reached its retention, not before', async t => {
  const { vault } = await temporaryVault(t)
  const ring = await openKeyRing(vault, KEK, Date.now)
  await seal(ring)
  const name = 'quarantine/transactions/2026-11-21'
  const endOfDayMs = Date.parse('2026-11-22T00:00:00Z')
  assert.deepEqual(await vault.deleteEndedKeys(endOfDayMs + 30 * DAY_MS - 1), [])
  assert.ok(await ring.findQuarantineKey(name))
  assert.deepEqual(await vault.deleteEndedKeys(endOfDayMs + 30 * DAY_MS), [name])
  assert.equal(await ring.findQuarantineKey(name), undefined)
})
