// What every side of the vault port promises, run by each side's own test file. It must only ask for what a real
// server holds too: names are fresh, and others may use the same vault at the same time.

import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Credential, PersonEntry, SealedKey, Vault } from './vault.ts'

export interface OpenedVault {
  vault: Vault
  /** A second connection to the same content, as another process has it. */
  openAgain(): Promise<Vault>
  close(): Promise<void>
}

const freshHash = () => randomBytes(32).toString('hex')

/** A new person with bytes of their own. */
export function samplePerson(given: Partial<PersonEntry> = {}): PersonEntry {
  return {
    lookup: freshHash(),
    pseudonym: `p1.${randomBytes(16).toString('base64url')}`,
    sealedId: randomBytes(60),
    sealedKey: randomBytes(60),
    epoch: 1,
    state: 'active',
    objections: [],
    sealedHold: null,
    aliases: [],
    ...given,
  }
}

export function vaultContractSuite(name: string, open: () => Promise<OpenedVault>): void {
  describe(`vault: ${name}`, () => {
    let opened: OpenedVault
    let vault: Vault
    let other: Vault
    before(async () => {
      opened = await open()
      vault = opened.vault
      other = await opened.openAgain()
    })
    after(async () => {
      await other.close()
      await opened.close()
    })

    async function insert(given: Partial<PersonEntry> = {}): Promise<PersonEntry> {
      const person = samplePerson(given)
      await vault.insertPersonsIfAbsent([person])
      return person
    }
    const find = async (lookup: string) => (await vault.findPersons([lookup]))[0]

    test('a person comes back as inserted, by look-up hash and by pseudonym, on every connection', async () => {
      const person = await insert({ state: 'restricted', objections: ['é 🙂', ''], aliases: [freshHash()], epoch: 7 })
      for (const each of [vault, other]) {
        assert.deepEqual(await each.findPersons([person.lookup]), [person])
        assert.deepEqual(await each.findByPseudonyms([person.pseudonym]), [person])
      }
    })

    test('one look-up answers for many persons, in the order asked, unknown and repeated ones too', async () => {
      const [a, b] = [await insert(), await insert()]
      const found = await vault.findPersons([b.lookup, freshHash(), a.lookup, b.lookup])
      assert.deepEqual(found, [b, undefined, a, b])
      assert.deepEqual(await vault.findPersons([]), [])
      assert.deepEqual(await vault.findByPseudonyms(['p1.unknown']), [])
      assert.deepEqual(await vault.findByPseudonyms([]), [])
      const both = await vault.findByPseudonyms([b.pseudonym, 'p1.unknown', a.pseudonym, b.pseudonym])
      assert.deepEqual(new Set(both.map(({ lookup }) => lookup)), new Set([a.lookup, b.lookup]))
      assert.equal(both.length, 2)
    })

    test('who is inserted first stays, also inside one call and with nothing to insert', async () => {
      const first = await insert({ aliases: [freshHash()] })
      const second = samplePerson({ lookup: first.lookup, aliases: [freshHash()] })
      const fresh = samplePerson()
      await other.insertPersonsIfAbsent([second, fresh, samplePerson({ lookup: fresh.lookup })])
      await vault.insertPersonsIfAbsent([])
      assert.deepEqual(await vault.findPersons([first.lookup, fresh.lookup]), [first, fresh])
      assert.deepEqual(await vault.findByPseudonyms([second.pseudonym]), [])
      assert.deepEqual(await vault.findByAlias(second.aliases[0]!), [])
    })

    test('of gateways that meet a new person at once one wins, and all read the same entry', async () => {
      const lookup = freshHash()
      const candidates = Array.from({ length: 20 }, () => samplePerson({ lookup }))
      await Promise.all(candidates.map((each, i) => (i % 2 ? vault : other).insertPersonsIfAbsent([each])))
      const winner = (await find(lookup)) as PersonEntry
      assert.equal(candidates.filter(({ pseudonym }) => pseudonym === winner.pseudonym).length, 1)
      assert.deepEqual(await other.findPersons([lookup]), [winner])
    })

    test('aliases are added once, and lead to every living person who has them', async () => {
      const [given, added] = [freshHash(), freshHash()]
      const [a, b] = [await insert({ aliases: [given] }), await insert()]
      for (let twice = 0; twice < 2; twice++) {
        await vault.addAliases([
          { lookup: a.lookup, aliases: [added] },
          { lookup: b.lookup, aliases: [added, added] },
          { lookup: freshHash(), aliases: [added] },
        ])
      }
      assert.deepEqual(new Set(((await find(a.lookup)) as PersonEntry).aliases), new Set([given, added]))
      assert.deepEqual(((await find(b.lookup)) as PersonEntry).aliases, [added])
      assert.deepEqual(await lookupsOf(vault.findByAlias(added)), [a.lookup, b.lookup].sort())
      assert.deepEqual(await lookupsOf(vault.findByAlias(given)), [a.lookup])
      assert.deepEqual(await vault.findByAlias(freshHash()), [])
    })

    test('aliases added at once are all kept', async () => {
      const { lookup } = await insert()
      const aliases = Array.from({ length: 10 }, freshHash)
      await Promise.all(aliases.map((each, i) => (i % 2 ? vault : other).addAliases([{ lookup, aliases: [each] }])))
      assert.deepEqual(((await find(lookup)) as PersonEntry).aliases.toSorted(), aliases.toSorted())
    })

    test('state and objections change each by itself; an unknown person has none', async () => {
      const person = await insert({ objections: ['a'] })
      assert.equal(await vault.updatePerson(person.lookup, { state: 'restricted' }), true)
      assert.deepEqual(await find(person.lookup), { ...person, state: 'restricted' })
      assert.equal(await vault.changeObjections(person.lookup, { add: 'b', remove: 'a' }), true)
      assert.deepEqual(await find(person.lookup), { ...person, state: 'restricted', objections: ['b'] })
      assert.equal(await vault.updatePerson(person.lookup, { state: 'active' }), true)
      assert.equal(await vault.changeObjections(person.lookup, { remove: 'b' }), true)
      assert.deepEqual(await find(person.lookup), { ...person, objections: [] })
      assert.equal(await vault.changeObjections(person.lookup, { remove: 'b' }), true)
      assert.equal(await vault.changeObjections(freshHash(), { add: 'b' }), false)
      assert.equal(await vault.updatePerson(freshHash(), { state: 'active' }), false)
    })

    test('an erased person stays erased: found by no way, never inserted, changed or named again', async () => {
      const person = await insert({ aliases: [freshHash()] })
      assert.equal(await vault.erasePerson(person.lookup, person.pseudonym), true)
      assert.equal(await other.erasePerson(person.lookup, person.pseudonym), false)
      await other.insertPersonsIfAbsent([samplePerson({ lookup: person.lookup })])
      await vault.addAliases([{ lookup: person.lookup, aliases: person.aliases }])
      assert.equal(await vault.updatePerson(person.lookup, { state: 'active' }), false)
      for (const each of [vault, other]) {
        assert.deepEqual(await each.findPersons([person.lookup]), [{ lookup: person.lookup, state: 'erased' }])
        assert.deepEqual(await each.findByPseudonyms([person.pseudonym]), [])
        assert.deepEqual(await each.findByAlias(person.aliases[0]!), [])
      }
    })

    test('erasing whom the vault never knew leaves no trace', async () => {
      const lookup = freshHash()
      assert.equal(await vault.erasePerson(lookup, samplePerson().pseudonym), false)
      assert.equal(await find(lookup), undefined)
    })

    test('erased pseudonyms are told from others, whose persons are untouched', async () => {
      const alias = freshHash()
      const [erased, living] = [await insert({ aliases: [alias] }), await insert({ aliases: [alias] })]
      await vault.erasePerson(erased.lookup, erased.pseudonym)
      const asked = [erased.pseudonym, living.pseudonym, 'p1.unknown']
      assert.deepEqual(await other.findErasedPseudonyms(asked), new Set([erased.pseudonym]))
      assert.deepEqual(await vault.findErasedPseudonyms([]), new Set())
      assert.deepEqual(await vault.findByAlias(alias), [living])
    })

    test('a key is made once: later makers get the one that stands', async () => {
      const key: SealedKey = { name: `suite/${randomUUID()}`, sealed: randomBytes(60), createdAtMs: 1, endsAtMs: 5e12 }
      const told = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 ? vault : other).putKeyIfAbsent(i === 0 ? key : { ...key, sealed: randomBytes(60) }),
        ),
      )
      const [standing] = await vault.listKeys(key.name)
      for (const each of told) assert.deepEqual(each, standing)
    })

    test('keys are listed by prefix, sorted, and by no other name', async () => {
      const prefix = `suite/${randomUUID()}/`
      const keys = ['b', 'a', 'é', '_', '%'].map((end, i) => ({
        name: prefix + end,
        sealed: randomBytes(8),
        createdAtMs: i,
        endsAtMs: null,
      }))
      for (const key of keys) assert.deepEqual(await vault.putKeyIfAbsent(key), key)
      await vault.putKeyIfAbsent({ ...keys[0]!, name: prefix.slice(0, -1) })
      const order = ['%', '_', 'a', 'b', 'é'].map(end => keys.find(({ name }) => name === prefix + end))
      assert.deepEqual(await other.listKeys(prefix), order)
      assert.deepEqual(await vault.listKeys(`${prefix}_`), [order[1]])
    })

    test('a key is deleted once its end has come, and no other is', async () => {
      const prefix = `suite/${randomUUID()}/`
      const put = (name: string, endsAtMs: number | null) =>
        vault.putKeyIfAbsent({ name: prefix + name, sealed: randomBytes(8), createdAtMs: 0, endsAtMs })
      for (const [name, end] of [
        ['a', 1_000],
        ['b', 1_001],
        ['c', null],
        ['d', null],
      ] as const)
        await put(name, end)
      await vault.setKeyEnd(`${prefix}d`, 999)
      const deleted = await other.deleteEndedKeys(1_000)
      assert.deepEqual(deleted.filter(each => each.startsWith(prefix)).sort(), [`${prefix}a`, `${prefix}d`])
      const left = (await vault.listKeys(prefix)).map(({ name, endsAtMs }) => [name, endsAtMs])
      assert.deepEqual(left, [
        [`${prefix}b`, 1_001],
        [`${prefix}c`, null],
      ])
    })

    test('credentials are put, replaced, found, listed and deleted', async () => {
      const [id, second] = [`a-${randomUUID()}`, `b-${randomUUID()}`]
      const credential: Credential = {
        id,
        secretSha256: freshHash(),
        name: 'till 4',
        roles: ['producer', 'analyst'],
        datasets: ['a', '*'],
        createdAtMs: 1,
        expiresAtMs: null,
      }
      await vault.putCredential({ ...credential, id: second })
      await vault.putCredential({ ...credential, name: '', roles: ['analyst'] })
      await vault.putCredential({ ...credential, expiresAtMs: 5e12 })
      assert.deepEqual(await other.findCredential(id), { ...credential, expiresAtMs: 5e12 })
      const listed = (await vault.listCredentials()).filter(each => [id, second].includes(each.id))
      assert.deepEqual(
        listed.map(each => each.id),
        [id, second],
      )
      assert.equal(await vault.deleteCredential(id), true)
      assert.equal(await other.deleteCredential(id), false)
      assert.equal(await other.findCredential(id), undefined)
    })

    test('a setting is what the first process made it, for all of them', async () => {
      const setting = `suite-${randomUUID()}`
      const told = await Promise.all(
        ['1', '2', '3', '4'].map((value, i) => (i % 2 ? vault : other).settingOr(setting, value)),
      )
      assert.equal(new Set(told).size, 1)
      assert.equal(await other.settingOr(setting, '9'), told[0])
    })

    test('a setting can be looked at without making it', async () => {
      const setting = `suite-${randomUUID()}`
      assert.equal(await vault.findSetting(setting), undefined)
      assert.equal(await vault.findSetting(setting), undefined)
      await vault.settingOr(setting, '')
      assert.equal(await other.findSetting(setting), '')
    })

    test('a setting can be given another value, also by several at once', async () => {
      const setting = `suite-${randomUUID()}`
      await Promise.all(['1', '2', '3', '4'].map((value, i) => (i % 2 ? vault : other).putSetting(setting, value)))
      assert.match((await vault.findSetting(setting))!, /^[1-4]$/)
      await vault.putSetting(setting, '5')
      assert.equal(await other.settingOr(setting, '6'), '5')
    })

    test('settings are listed by the beginning of their names, and deleted', async () => {
      const prefix = `suite-${randomUUID()}/`
      for (const end of ['b', 'a', 'c']) await vault.putSetting(prefix + end, `value ${end}`)
      const listed = (limit: number) => other.listSettings(prefix, limit)
      assert.deepEqual(
        await listed(2),
        ['a', 'b'].map(end => ({ name: prefix + end, value: `value ${end}` })),
      )
      assert.equal(await vault.deleteSetting(`${prefix}a`), true)
      assert.equal(await other.deleteSetting(`${prefix}a`), false)
      assert.deepEqual(
        (await listed(1_000)).map(({ name }) => name),
        [`${prefix}b`, `${prefix}c`],
      )
      assert.equal(await vault.findSetting(`${prefix}a`), undefined)
      await assert.rejects(vault.listSettings(prefix, 1_001), RangeError)
    })

    test('the vault answers a ping', () => vault.ping())
  })
}

async function lookupsOf(found: Promise<PersonEntry[]>): Promise<string[]> {
  return (await found).map(({ lookup }) => lookup).sort()
}
