// What every side of the vault port promises of entries that change: fences, holds, re-wrapping, moves, erasures told
// from elsewhere; and of keys that are sealed anew or deleted. Run by each side's own test file, like the other suite.

import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type OpenedVault, samplePerson } from './contract-suite.ts'
import type { PersonChange, PersonEntry, Vault } from './vault.ts'

const freshHash = () => randomBytes(32).toString('hex')
const lookupsOf = (found: PersonEntry[]) => found.map(({ lookup }) => lookup).sort()

export function vaultChangesSuite(name: string, open: () => Promise<OpenedVault>): void {
  describe(`vault, what changes: ${name}`, () => {
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
    const find = async (lookup: string) => (await other.findPersons([lookup]))[0]
    const place = (lookup = freshHash()) => ({ lookup, sealedKey: randomBytes(60), epoch: 9 })

    test('who is being erased is living still, with key and state', async () => {
      const person = await insert({ aliases: [freshHash()] })
      assert.equal(await vault.updatePerson(person.lookup, { state: 'erasing' }), true)
      const fenced = { ...person, state: 'erasing' as const }
      assert.deepEqual(await find(person.lookup), fenced)
      assert.deepEqual(await other.findByPseudonyms([person.pseudonym]), [fenced])
      assert.deepEqual(await other.findByAlias(person.aliases[0]!), [fenced])
      assert.equal(await vault.erasePerson(person.lookup, person.pseudonym), true)
      assert.deepEqual(await find(person.lookup), { lookup: person.lookup, state: 'erased' })
    })

    test('a legal hold is set and lifted, and nothing else with it', async () => {
      const sealedHold = randomBytes(40)
      const person = await insert()
      assert.equal(await vault.updatePerson(person.lookup, { sealedHold }), true)
      assert.equal(await vault.updatePerson(person.lookup, { state: 'restricted' }), true)
      assert.deepEqual(await find(person.lookup), { ...person, state: 'restricted', sealedHold })
      assert.equal(await vault.updatePerson(person.lookup, { sealedHold: null }), true)
      assert.deepEqual(await find(person.lookup), { ...person, state: 'restricted' })
      assert.equal(await vault.updatePerson(freshHash(), { sealedHold }), false)
      assert.equal(await vault.updatePerson(person.lookup, {}), true)
    })

    test('nobody is held and being erased at once: of the two, the first one stands', async () => {
      const sealedHold = randomBytes(40)
      const [held, fenced] = [await insert({ sealedHold }), await insert({ state: 'erasing' })]
      const { lookup } = await insert()
      assert.equal(await vault.updatePerson(held.lookup, { state: 'erasing' }), false)
      assert.deepEqual(await find(held.lookup), held)
      for (const to of [{ sealedHold }, { state: 'erasing' as const, sealedHold }])
        assert.equal(await vault.updatePerson(fenced.lookup, to), false)
      assert.equal(await vault.updatePerson(fenced.lookup, { state: 'erasing' }), true)
      assert.deepEqual(await find(fenced.lookup), fenced)
      const told = [vault.updatePerson(lookup, { sealedHold }), other.updatePerson(lookup, { state: 'erasing' })]
      assert.deepEqual((await Promise.all(told)).filter(Boolean), [true])
    })

    test('a change that is meant for one state or hold happens in no other', async () => {
      const [first, second] = [randomBytes(40), randomBytes(40)]
      const { lookup, ...person } = await insert()
      for (const [to, from, isDone] of [
        [{ sealedHold: first }, { sealedHold: second }, false],
        [{ sealedHold: first }, { state: 'active', sealedHold: null }, true],
        [{ state: 'restricted', sealedHold: second }, { sealedHold: first }, true],
        [{ sealedHold: null }, { sealedHold: first }, false],
        [{ state: 'erasing', sealedHold: null }, { state: 'restricted', sealedHold: second }, true],
        [{}, { state: 'active' }, false],
      ] as [PersonChange, PersonChange, boolean][])
        assert.equal(await vault.updatePerson(lookup, to, from), isDone)
      assert.deepEqual(await find(lookup), { lookup, ...person, state: 'erasing' })
      await vault.erasePerson(lookup, person.pseudonym)
      assert.equal(await vault.updatePerson(lookup, { state: 'active' }, { state: 'erasing' }), false)
    })

    test('of purposes that are objected to at once none is lost, nor one that is taken back', async () => {
      const person = await insert({ objections: ['before'] })
      const purposes = Array.from({ length: 20 }, (_, i) => `purpose ${i}`)
      const changes = [...purposes.map(add => ({ add })), { remove: 'before' }]
      const told = await Promise.all(
        changes.map((change, i) => (i % 2 ? vault : other).changeObjections(person.lookup, change)),
      )
      assert.ok(told.every(Boolean))
      for (const each of [vault, other]) await each.changeObjections(person.lookup, { add: purposes[0]! })
      const found = (await find(person.lookup)) as PersonEntry
      assert.deepEqual({ ...found, objections: found.objections.sort() }, { ...person, objections: purposes.sort() })
      await vault.erasePerson(person.lookup, person.pseudonym)
      assert.equal(await vault.changeObjections(person.lookup, { add: 'later' }), false)
    })

    test('who lives under an erased look-up hash since is not erased in the other’s place', async () => {
      const first = await insert()
      await vault.erasePerson(first.lookup, first.pseudonym)
      await vault.liftErasure(first.lookup)
      const next = await insert({ lookup: first.lookup })
      assert.equal(await other.erasePerson(first.lookup, first.pseudonym), false)
      assert.deepEqual(await find(next.lookup), next)
      assert.equal(await other.erasePerson(next.lookup, next.pseudonym), true)
    })

    test('the end of a key is set, moved and taken away', async () => {
      const name = `suite/${randomUUID()}`
      await vault.putKeyIfAbsent({ name, sealed: randomBytes(60), createdAtMs: 1, endsAtMs: 5e12 })
      for (const endsAtMs of [6e12, null]) {
        await vault.setKeyEnd(name, endsAtMs)
        assert.equal((await other.listKeys(name))[0]!.endsAtMs, endsAtMs)
      }
      await vault.deleteEndedKeys(1)
      assert.equal((await other.listKeys(name)).length, 1)
    })

    test('unreadable is who is restricted, being erased or erased, and nobody else', async () => {
      const states = ['active', 'restricted', 'erasing', 'active'] as const
      const [active, restricted, erasing, erased] = await Promise.all(states.map(state => insert({ state })))
      await vault.erasePerson(erased!.lookup, erased!.pseudonym)
      const asked = [active, restricted, erasing, erased].map(each => each!.pseudonym)
      const unreadable = new Set([restricted, erasing, erased].map(each => each!.pseudonym))
      assert.deepEqual(await other.findUnreadable([...asked, 'p1.unknown', asked[1]!]), unreadable)
      assert.deepEqual(await other.findUnreadable([]), new Set())
    })

    test('living persons are listed page by page, each once, of earlier epochs only where asked', async () => {
      const epochs = [1, 2, 3, 1, 2, 3, 2]
      const persons = await Promise.all(
        epochs.map((epoch, i) => insert(i === 6 ? { epoch, state: 'erasing' } : { epoch })),
      )
      const erased = await insert()
      await vault.erasePerson(erased.lookup, erased.pseudonym)
      const own = new Set(lookupsOf(persons))
      for (const [epochBelow, expected] of [
        [undefined, persons],
        [3, persons.filter(({ epoch }) => epoch < 3)],
        [1, []],
      ] as const) {
        const listed: PersonEntry[] = []
        for (let after: string | undefined; ; after = listed.at(-1)!.lookup) {
          const page = await other.listPersons({ limit: 2, ...(after && { after }), ...(epochBelow && { epochBelow }) })
          if (page.length === 0) break
          assert.ok(page.length <= 2)
          listed.push(...page)
        }
        assert.deepEqual(
          lookupsOf(listed),
          listed.map(({ lookup }) => lookup),
        )
        assert.equal(
          listed.some(({ lookup }) => lookup === erased.lookup),
          false,
        )
        assert.deepEqual(lookupsOf(listed.filter(({ lookup }) => own.has(lookup))), lookupsOf([...expected]))
        if (epochBelow === 3)
          assert.deepEqual(
            listed.find(({ lookup }) => lookup === persons[0]!.lookup),
            persons[0],
          )
      }
      for (const limit of [0, 1_001, 1.5]) await assert.rejects(vault.listPersons({ limit }), RangeError)
    })

    test('a key is sealed anew only over the one it was made from', async () => {
      const person = await insert()
      const to = { sealedKey: randomBytes(60), epoch: 2 }
      assert.equal(await vault.rewrapPerson(person.lookup, randomBytes(60), to), false)
      assert.deepEqual(await find(person.lookup), person)
      const both = await Promise.all(
        [vault, other].map((each, epoch) =>
          each.rewrapPerson(person.lookup, person.sealedKey, { sealedKey: randomBytes(60), epoch: 2 + epoch }),
        ),
      )
      assert.equal(both.filter(Boolean).length, 1)
      assert.equal(((await find(person.lookup)) as PersonEntry).epoch, both[0] ? 2 : 3)
      assert.equal(await vault.rewrapPerson(freshHash(), person.sealedKey, to), false)
      await vault.erasePerson(person.lookup, person.pseudonym)
      assert.equal(await vault.rewrapPerson(person.lookup, to.sealedKey, to), false)
    })

    test('an entry moves to another look-up hash with all it has, and leaves its place', async () => {
      const person = await insert({
        aliases: [freshHash()],
        state: 'restricted',
        objections: ['a'],
        sealedHold: randomBytes(9),
      })
      const to = place()
      assert.equal(await vault.moveLookup(person.lookup, to), true)
      const moved = { ...person, ...to }
      assert.deepEqual(await other.findPersons([person.lookup, to.lookup]), [undefined, moved])
      assert.deepEqual(await other.findByPseudonyms([person.pseudonym]), [moved])
      assert.deepEqual(await other.findByAlias(person.aliases[0]!), [moved])
      assert.equal(await vault.moveLookup(person.lookup, place()), false)
      assert.equal(await vault.erasePerson(person.lookup, person.pseudonym), false)
      assert.equal(await vault.erasePerson(to.lookup, person.pseudonym), true)
      assert.deepEqual(await other.findByAlias(person.aliases[0]!), [])
      assert.deepEqual(await other.findErasedPseudonyms([person.pseudonym]), new Set([person.pseudonym]))
    })

    test('nobody moves to a place that is taken or was erased, nor while they are erased', async () => {
      const [person, standing, erased] = [await insert(), await insert(), await insert()]
      await vault.erasePerson(erased.lookup, erased.pseudonym)
      for (const { lookup } of [standing, erased])
        assert.equal(await vault.moveLookup(person.lookup, place(lookup)), false)
      assert.deepEqual(await other.findPersons([person.lookup, standing.lookup]), [person, standing])
      await vault.updatePerson(person.lookup, { state: 'erasing' })
      assert.equal(await vault.moveLookup(person.lookup, place()), false)
      assert.equal(await vault.moveLookup(erased.lookup, place()), false)
      assert.equal(await vault.moveLookup(freshHash(), place()), false)
    })

    test('of several who move one entry at once all find it in the same place', async () => {
      const person = await insert({ aliases: [freshHash()] })
      const to = place()
      await Promise.all([vault, other, vault, other].map(each => each.moveLookup(person.lookup, to)))
      assert.deepEqual(await other.findPersons([person.lookup, to.lookup]), [undefined, { ...person, ...to }])
    })

    test('what was erased elsewhere is erased here, known or not, also if it lives again', async () => {
      const [byLookup, byPseudonym, untouched] = [
        await insert(),
        await insert({ aliases: [freshHash()] }),
        await insert(),
      ]
      const unknown = { lookup: freshHash(), pseudonym: samplePerson().pseudonym }
      const erased = {
        lookups: [byLookup.lookup, unknown.lookup, unknown.lookup],
        pseudonyms: [unknown.pseudonym, byPseudonym.pseudonym],
      }
      for (const each of [vault, other]) await each.addErased(erased)
      const lookups = [byLookup, unknown].map(({ lookup }) => lookup)
      const pseudonyms = [byLookup, byPseudonym, unknown].map(({ pseudonym }) => pseudonym)
      await vault.insertPersonsIfAbsent([samplePerson({ lookup: unknown.lookup })])
      assert.deepEqual(
        await other.findPersons(lookups),
        lookups.map(lookup => ({ lookup, state: 'erased' })),
      )
      assert.deepEqual(await other.findErasedPseudonyms(pseudonyms), new Set(pseudonyms))
      assert.deepEqual(await other.findByPseudonyms(pseudonyms), [])
      assert.deepEqual(await other.findByAlias(byPseudonym.aliases[0]!), [])
      assert.deepEqual(await find(untouched.lookup), untouched)
      await vault.addErased({ lookups: [], pseudonyms: [] })
      // Its look-up hash was not among the erased: the erasure may have been lifted since.
      const again = await insert({ lookup: byPseudonym.lookup })
      await vault.addErased(erased)
      assert.deepEqual(await find(again.lookup), again)
    })

    test('an erasure that was lifted lets a new person begin; the old pseudonym stays erased', async () => {
      const person = await insert()
      await vault.erasePerson(person.lookup, person.pseudonym)
      assert.equal(await vault.liftErasure(person.lookup), true)
      assert.equal(await other.liftErasure(person.lookup), false)
      assert.equal(await find(person.lookup), undefined)
      const again = await insert({ lookup: person.lookup })
      assert.deepEqual(await find(person.lookup), again)
      assert.deepEqual(await other.findErasedPseudonyms([person.pseudonym]), new Set([person.pseudonym]))
      assert.equal(await vault.liftErasure(again.lookup), false)
      assert.deepEqual(await find(person.lookup), again)
    })

    test('keys are sealed anew together, and those that are not there are passed over', async () => {
      const prefix = `suite/${randomUUID()}/`
      const fresh = (name: string) => ({ name, sealed: randomBytes(60), createdAtMs: 1, endsAtMs: null })
      const keys = ['a', 'b', 'c'].map(end => fresh(prefix + end))
      for (const key of keys) await vault.putKeyIfAbsent(key)
      const anew = [`${prefix}a`, `${prefix}b`, `${prefix}none`].map(name => ({ name, sealed: randomBytes(60) }))
      await vault.replaceKeys(anew)
      await vault.replaceKeys([])
      const expected = keys.map((key, i) => (i < 2 ? { ...key, sealed: anew[i]!.sealed } : key))
      assert.deepEqual(await other.listKeys(prefix), expected)
    })

    test('a key is deleted by its name, once', async () => {
      const name = `suite/${randomUUID()}`
      for (const each of [name, `${name}/2`])
        await vault.putKeyIfAbsent({ name: each, sealed: randomBytes(60), createdAtMs: 1, endsAtMs: null })
      assert.equal(await other.deleteKey(name), true)
      assert.equal(await vault.deleteKey(name), false)
      assert.deepEqual(
        (await vault.listKeys(name)).map(key => key.name),
        [`${name}/2`],
      )
    })
  })
}
