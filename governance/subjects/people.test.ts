import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { PersonEntry, Vault } from '../../storage/vault/vault.ts'
import { eraseLiving } from '../../test/erase-living.ts'
import { eventually } from '../../test/eventually.ts'
import { searchBytes } from '../../test/search-bytes.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { openField, sealField } from '../protection/field-cipher.ts'
import { openKeyRing } from './key-ring.ts'
import { type LivingPerson, openPeople, type SubjectReference } from './people.ts'

const KEK = Buffer.alloc(32, 1)
const reference = (id: string, given: Partial<SubjectReference> = {}): SubjectReference => ({
  type: 'customer',
  id,
  aliases: [],
  create: true,
  ...given,
})

async function peopleOver(vault: Vault, options: { leaseMs?: number; cachedPersons?: number } = {}) {
  const ring = await openKeyRing(vault, KEK, Date.now)
  return { ring, people: await openPeople(vault, ring, { leaseMs: 60_000, cachedPersons: 1_000, ...options }) }
}

async function twoGateways(t: TestContext) {
  const { vault, openAgain } = await temporaryVault(t)
  return { vault, one: (await peopleOver(vault)).people, two: (await peopleOver(openAgain())).people }
}

const pseudonymOf = (person: unknown) => (person as LivingPerson).pseudonym
const tokenOf = (person: unknown) => (person as LivingPerson).keys.token('x')

test('two gateways that meet a person at once give one pseudonym and one key', async t => {
  const { one, two } = await twoGateways(t)
  const ids = Array.from({ length: 20 }, (_, i) => `User${i}`)
  const [a, b] = await Promise.all([one, two].map(people => people.lookUp(ids.map(id => reference(id)))))
  assert.deepEqual(a!.map(pseudonymOf), b!.map(pseudonymOf))
  assert.deepEqual(a!.map(tokenOf), b!.map(tokenOf))
  assert.equal(new Set(a!.map(pseudonymOf)).size, 20)
  assert.equal(new Set(a!.map(tokenOf)).size, 20)
})

test('what one gateway sealed for a person the other opens', async t => {
  const { one, two } = await twoGateways(t)
  const [a] = (await one.lookUp([reference('User001')])) as [LivingPerson]
  const [b] = (await two.lookUp([reference('User001')])) as [LivingPerson]
  const place = { dataset: 'd', pointer: '/a', eventId: 'e' }
  assert.equal(openField(b.keys.field, sealField(a.keys.field, 'é', place), place), 'é')
})

test('one person is one, however often in a request; another type or a similar id is another person', async t => {
  const { one } = await twoGateways(t)
  const same = await one.lookUp([reference('1'), reference('1'), reference('1', { create: false })])
  assert.equal(new Set(same.map(pseudonymOf)).size, 1)
  const different = [
    reference('1'),
    reference('1', { type: 'merchant' }),
    reference('01'),
    reference('1 '),
    reference('customer1', { type: '' }),
  ]
  assert.equal(new Set((await one.lookUp(different)).map(pseudonymOf)).size, different.length)
})

test('an unknown person who may not be created stays unknown, and is created when they may', async t => {
  const { one } = await twoGateways(t)
  assert.deepEqual(await one.lookUp([reference('1', { create: false })]), [undefined])
  const [created, looked] = await one.lookUp([reference('1'), reference('1', { create: false })])
  assert.ok(created)
  assert.equal(pseudonymOf(looked), pseudonymOf(created))
  assert.deepEqual(await one.lookUp([]), [])
})

test('a request with more persons than are remembered has them all', async t => {
  const { vault } = await temporaryVault(t)
  const { people } = await peopleOver(vault, { cachedPersons: 5 })
  const references = Array.from({ length: 50 }, (_, i) => reference(`${i}`))
  const first = (await people.lookUp(references)).map(pseudonymOf)
  assert.equal(new Set(first).size, 50)
  assert.deepEqual((await people.lookUp(references)).map(pseudonymOf), first)
})

test('an erased, restricted or objecting person is told within one lease, and not asked for again before', async t => {
  const { vault, openAgain } = await temporaryVault(t)
  const { people, ring } = await peopleOver(vault, { leaseMs: 300 })
  const other = openAgain()
  const references = ['erased', 'restricted', 'objecting', 'same'].map(id => reference(id))
  const before = (await people.lookUp(references)) as LivingPerson[]
  const lookupOf = (id: string) => ring.lookupHash('person', 'customer', id)
  await eraseLiving(other, lookupOf('erased'))
  await other.updatePerson(lookupOf('restricted'), { state: 'restricted' })
  await other.changeObjections(lookupOf('objecting'), { add: 'marketing' })
  const after = await eventually('the lease has ended', async () => {
    const startMs = performance.now()
    const persons = await people.lookUp(references)
    if (persons[0]!.lookedUpAtMs > before[0]!.lookedUpAtMs) return persons
    assert.equal(persons[0]!.state, 'active')
    assert.ok(startMs - persons[0]!.lookedUpAtMs < 300, 'an answer outlived its lease')
    return undefined
  })
  // Renewed at half the lease at the earliest.
  assert.ok(after[0]!.lookedUpAtMs - before[0]!.lookedUpAtMs >= 150)
  assert.deepEqual(
    after.map(person => person!.state),
    ['erased', 'restricted', 'active', 'active'],
  )
  assert.ok(!('keys' in after[0]!))
  assert.deepEqual((after[2] as LivingPerson).objections, ['marketing'])
  assert.equal(tokenOf(after[3]), tokenOf(before[3]))
})

test('an erased person is not created again', async t => {
  const { vault } = await temporaryVault(t)
  const { people, ring } = await peopleOver(vault)
  await people.lookUp([reference('1')])
  await eraseLiving(vault, ring.lookupHash('person', 'customer', '1'))
  const again = (await peopleOver(vault)).people
  assert.equal((await again.lookUp([reference('1')]))[0]!.state, 'erased')
  assert.equal((await again.lookUp([reference('1')]))[0]!.state, 'erased')
})

test('further names of a person are recorded once, 64 at most, and lead to them', async t => {
  const { vault } = await temporaryVault(t)
  const { people, ring } = await peopleOver(vault)
  const alias = (id: string) => ({ type: 'email', id })
  const hash = (id: string) => ring.lookupHash('alias', 'email', id)
  const [person] = await people.lookUp([
    reference('1', { aliases: [alias('a')] }),
    reference('1', { aliases: [alias('b'), alias('b')] }),
  ])
  await people.lookUp([reference('2', { aliases: [alias('a')] })])
  const aliasesOf = async (): Promise<string[]> => (await vault.findByPseudonyms([pseudonymOf(person)]))[0]!.aliases
  assert.deepEqual(new Set(await aliasesOf()), new Set([hash('a'), hash('b')]))
  assert.deepEqual(
    (await vault.findByAlias(hash('b'))).map(({ pseudonym }) => pseudonym),
    [pseudonymOf(person)],
  )
  assert.equal((await vault.findByAlias(hash('a'))).length, 2)
  const many = Array.from({ length: 100 }, (_, i) => alias(`m${i}`))
  for (const each of many) await people.lookUp([reference('1', { aliases: [each] })])
  assert.equal((await aliasesOf()).length, 64)
  await people.lookUp([reference('3', { aliases: many })])
  const [third] = await vault.findPersons([ring.lookupHash('person', 'customer', '3')])
  assert.equal((third as PersonEntry).aliases.length, 64)
})

test('names of a person who is erased are not recorded', async t => {
  const { vault } = await temporaryVault(t)
  const { people, ring } = await peopleOver(vault)
  await people.lookUp([reference('1')])
  await eraseLiving(vault, ring.lookupHash('person', 'customer', '1'))
  // Still remembered as living: the vault decides.
  await people.lookUp([reference('1', { aliases: [{ type: 'email', id: 'a' }] })])
  assert.deepEqual(await vault.findByAlias(ring.lookupHash('alias', 'email', 'a')), [])
})

test('the lease of the first process holds for all', async t => {
  const { vault } = await temporaryVault(t)
  assert.equal((await peopleOver(vault, { leaseMs: 1_234 })).people.leaseMs, 1_234)
  assert.equal((await peopleOver(vault, { leaseMs: 99_999 })).people.leaseMs, 1_234)
})

test('no id and no further name rests in the vault in the clear', async t => {
  const { vault, dir } = await temporaryVault(t)
  const { people } = await peopleOver(vault)
  await people.lookUp([reference('Customer-Alice-Dubois', { aliases: [{ type: 'email', id: 'alice@example.com' }] })])
  await vault.settingOr('canary', 'canary-value')
  const values = ['Customer-Alice-Dubois', 'alice@example.com', 'canary-value']
  assert.deepEqual(new Set((await searchBytes({ dir, values })).map(({ valueIndex }) => valueIndex)), new Set([2]))
})

test('a person just taken in whom the vault does not hold is an outage, never nobody', async t => {
  const { vault } = await temporaryVault(t)
  const { people } = await peopleOver({ ...vault, insertPersonsIfAbsent: async () => {} })
  await assert.rejects(people.lookUp([reference('1')]), { name: 'VaultUnavailable' })
  assert.deepEqual(await people.lookUp([reference('1', { create: false })]), [undefined])
})

test('who is being erased is fenced as if erased, and not created again', async t => {
  const { vault } = await temporaryVault(t)
  const { people, ring } = await peopleOver(vault)
  await people.lookUp([reference('1')])
  await vault.updatePerson(ring.lookupHash('person', 'customer', '1'), { state: 'erasing' })
  const [person] = await (await peopleOver(vault)).people.lookUp([reference('1')])
  assert.deepEqual([person!.state, 'keys' in person!], ['erased', false])
  assert.equal((await vault.listPersons({ limit: 10 })).length, 1)
})
