import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { JsonObject } from '../../storage/json.ts'
import type { StoredQuarantine } from '../../storage/stored-quarantine.ts'
import type { StoredContract } from '../../storage/stored-shapes.ts'
import { type PersonState, VaultUnavailable } from '../../storage/vault/vault.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import type { LiveContract } from '../contract/catalogue.ts'
import { eventReaders } from '../contract/event-parts.ts'
import { openKeyRing } from './key-ring.ts'
import { type LivingPerson, openPeople } from './people.ts'
import { sealOriginal } from './quarantine-seal.ts'
import { revealOriginal } from './reveal-original.ts'

const PURPOSE = 'delivery'
const subjects = ['giver', 'receiver'].map(name => ({ name, type: 'customer', pointer: `/${name}/id` }))
const live = {
  policy: { purpose: PURPOSE },
  readers: eventReaders({
    eventId: undefined,
    eventTime: undefined,
    subjects: subjects.map(subject => ({ ...subject, aliases: [], sentinels: new Set(['0']) })),
  }),
} as unknown as LiveContract
const ofItsTime = { event: { subjects } } as StoredContract
const GIFT = { giver: { id: 'a', name: 'Ada' }, receiver: { id: 'b', name: 'Blaise' }, gift: 5 }

async function opened(t: TestContext) {
  const { vault } = await temporaryVault(t)
  const ring = await openKeyRing(vault, Buffer.alloc(32, 1), Date.now)
  const people = await openPeople(vault, ring, { leaseMs: 1_000, cachedPersons: 10 })
  const refer = (ids: string[], create: boolean) =>
    people.lookUp(ids.map(id => ({ type: 'customer', id, aliases: [], create })))
  let contract: StoredContract | undefined = ofItsTime
  return {
    vault,
    ring,
    meet: async (...ids: string[]) => (await refer(ids, true)) as LivingPerson[],
    keepNoContract: () => {
      contract = undefined
    },
    change: async (id: string, state: PersonState | 'erased') => {
      const lookup = ring.lookupHash('person', 'customer', id)
      const [person] = await vault.findPersons([lookup])
      assert.ok(person && person.state !== 'erased')
      if (state === 'erased') await vault.erasePerson(lookup, person.pseudonym)
      else await vault.updatePerson(lookup, { state })
    },
    /** As the gateway rejects it, by whom the vault knows then. */
    reject: async (event: JsonObject | string, ...known: (LivingPerson | undefined)[]): Promise<StoredQuarantine> => {
      const body = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event))
      const original = { contentType: 'application/json', id: 'e1', attributes: undefined, body }
      const place = { id: 'q1', dataset: 'gifts', receivedAtMs: Date.now(), retentionMs: 86_400_000, subjects: known }
      const sealed = await sealOriginal(ring, original, place)
      return { id: 'q1', dataset: 'gifts', schema: '1-0-0', policy: 'p', ...sealed } as StoredQuarantine
    },
    reveal: async (entry: StoredQuarantine, today: LiveContract | undefined = live) => {
      const revealed = await revealOriginal({ vault, ring, contracts: { find: async () => contract } }, entry, today)
      return revealed && [revealed.original.body.toString(), revealed.persons.map(({ id }) => id)]
    },
  }
}

test('an original is opened with all whom the vault knows; nobody becomes known by it', async t => {
  const { vault, ring, meet, reject, reveal } = await opened(t)
  const strange = await reject(GIFT, undefined, undefined)
  assert.deepEqual(await reveal(strange), [JSON.stringify(GIFT), []])
  const ids = ['a', 'b'].map(id => ring.lookupHash('person', 'customer', id))
  assert.deepEqual(await vault.findPersons(ids), [undefined, undefined])
  const [ada, blaise] = await meet('a', 'b')
  for (const entry of [strange, await reject(GIFT, ada, blaise)])
    assert.deepEqual((await reveal(entry))?.[1], ['a', 'b'])
})

for (const who of ['a', 'b'])
  for (const state of ['restricted', 'erasing', 'erased'] as const)
    test(`it is not once ${who} is ${state}, whether or not they were known when it came`, async t => {
      const { meet, change, reject, reveal } = await opened(t)
      const strange = await reject(GIFT, undefined, undefined)
      const [ada, blaise] = await meet('a', 'b')
      const entries = [strange, await reject(GIFT, ada), await reject(GIFT, ada, blaise)]
      for (const entry of entries) assert.ok(await reveal(entry))
      await change(who, state)
      for (const entry of entries) assert.equal(await reveal(entry), undefined)
    })

test('nor to a purpose that one of them objects to, nor without a contract that tells who is in it', async t => {
  const { vault, ring, meet, reject, reveal, keepNoContract } = await opened(t)
  const entry = await reject(GIFT, ...(await meet('a', 'b')))
  const lookup = ring.lookupHash('person', 'customer', 'b')
  await vault.changeObjections(lookup, { add: 'marketing' })
  assert.ok(await reveal(entry))
  await vault.changeObjections(lookup, { add: PURPOSE })
  assert.equal(await reveal(entry), undefined)
  await vault.changeObjections(lookup, { remove: PURPOSE })
  keepNoContract()
  assert.ok(await reveal(entry))
  const none = { ...live, readers: undefined } as unknown as LiveContract
  assert.equal(await reveal(entry, none), undefined)
})

test('persons are found by the contract of its time alone, and in what is too flawed to be checked', async t => {
  const { meet, change, reject, reveal } = await opened(t)
  await meet('b')
  const twice = await reject(`{"gift":1,"gift":2,"giver":{"id":[]},"receiver":{"id":"b"}}`, undefined, undefined)
  const cut = await reject('{"receiver":{"id":"b"},', undefined, undefined)
  const ofNobody = await reject({ giver: { id: '0' } }, undefined, undefined)
  const forgetful = { ...live, readers: undefined } as unknown as LiveContract
  for (const today of [live, forgetful]) assert.deepEqual((await reveal(twice, today))?.[1], ['b'])
  await change('b', 'erased')
  for (const today of [live, forgetful]) assert.equal(await reveal(twice, today), undefined)
  // Whom it names cannot be told.
  assert.ok(await reveal(cut))
  assert.deepEqual((await reveal(ofNobody))?.[1], [])
})

test('where the vault cannot be asked, nothing is shown', async t => {
  const { vault, meet, reject, reveal } = await opened(t)
  const [ada] = await meet('a')
  const entries = [await reject(GIFT, undefined), await reject(GIFT, ada)]
  for (const look of ['findPersons', 'findByPseudonyms'] as const) {
    const answers = vault[look]
    Object.assign(vault, { [look]: () => Promise.reject(new VaultUnavailable('it is away')) })
    for (const entry of entries) await assert.rejects(reveal(entry), VaultUnavailable)
    Object.assign(vault, { [look]: answers })
  }
})
