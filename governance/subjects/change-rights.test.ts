import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { PersonEntry, Vault } from '../../storage/vault/vault.ts'
import { temporaryLedger } from '../../test/temporary-ledger.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { type ChangeRightsDeps, changeRights, replayRights } from './change-rights.ts'
import { openKeyRing } from './key-ring.ts'
import { liftHold, placeHold, readHold } from './legal-hold.ts'
import { meetPersons } from './meet-persons.ts'
import type { Rights } from './rights-ledger.ts'

const PURPOSE = 'fraud monitoring'
const WHY = 'a dispute before the court'

async function setUp(t: TestContext) {
  const { vault } = await temporaryVault(t)
  const { rights, dir } = await temporaryLedger(t)
  const ring = await openKeyRing(vault, randomBytes(32), Date.now)
  const deps = { vault, rights, ring, audit: { record: async () => {} } }
  const meet = async (id: string = randomUUID()): Promise<PersonEntry> => {
    const [found] = await meetPersons(vault, ring, [{ type: 'customer', id, aliases: [], create: true }])
    assert.ok(found && found.state !== 'erased')
    return found
  }
  const entryOf = async ({ pseudonym }: PersonEntry, from: Vault = vault) =>
    (await from.findByPseudonyms([pseudonym]))[0]!
  /** A vault as a backup of now brings it back. */
  const backUp = async (...persons: PersonEntry[]) => {
    const copies = await vault.findByPseudonyms(persons.map(({ pseudonym }) => pseudonym))
    const { vault: restored } = await temporaryVault(t)
    await restored.insertPersonsIfAbsent(copies)
    return restored
  }
  return { dir, deps, meet, entryOf, backUp }
}

const named = (id: string) => ({ actor: 'eck', subject: { type: 'customer', id }, reason: WHY })
const restrictedIs = (restricted: boolean) => (rights: Rights) => ({ ...rights, restricted })

/** Sets all there is to be set, each for a person of their own. */
async function setAll({ deps, meet }: Awaited<ReturnType<typeof setUp>>) {
  const [restricted, objecting, held] = [await meet(), await meet(), await meet('held')]
  const set = async () => {
    await changeRights(deps, [restricted], restrictedIs(true))
    await changeRights(deps, [objecting], rights => ({ ...rights, objections: [...rights.objections, PURPOSE] }))
    assert.equal(await placeHold(deps, named('held')), 'done')
  }
  const lift = async () => {
    await changeRights(deps, [restricted], restrictedIs(false))
    await changeRights(deps, [objecting], rights => ({ ...rights, objections: [] }))
    assert.equal(await liftHold(deps, named('held')), 'done')
  }
  return { persons: [restricted, objecting, held] as const, set, lift }
}

test('what was restricted, objected to or held since the backup stands again in a restored vault', async t => {
  const world = await setUp(t)
  const { deps, meet, entryOf, backUp } = world
  const { persons, set } = await setAll(world)
  const untouched = await meet()
  const restored = await backUp(...persons, untouched)
  await set()
  assert.equal(await replayRights({ ...deps, vault: restored }), 3)
  assert.equal((await entryOf(persons[0], restored)).state, 'restricted')
  assert.deepEqual((await entryOf(persons[1], restored)).objections, [PURPOSE])
  assert.deepEqual(await readHold({ ...deps, vault: restored }, named('held')), { reason: WHY })
  assert.deepEqual(await entryOf(untouched, restored), untouched)
  for (const vault of [restored, deps.vault]) assert.equal(await replayRights({ ...deps, vault }), 0)
})

test('what was lifted since the backup is lifted in a restored vault', async t => {
  const world = await setUp(t)
  const { persons, set, lift } = await setAll(world)
  await set()
  const restored = await world.backUp(...persons)
  await lift()
  assert.equal(await replayRights({ ...world.deps, vault: restored }), 3)
  for (const person of persons) assert.deepEqual(await world.entryOf(person, restored), person)
})

test('what died between ledger and vault is finished by the next start', async t => {
  const { deps, meet, entryOf } = await setUp(t)
  const person = await meet()
  const dying = { ...deps.vault, updatePerson: () => Promise.reject(new Error('the process is dead')) }
  await assert.rejects(changeRights({ ...deps, vault: dying }, [person], restrictedIs(true)), /dead/)
  assert.equal((await entryOf(person)).state, 'active')
  assert.equal(await replayRights(deps), 1)
  assert.equal((await entryOf(person)).state, 'restricted')
})

test('what somebody has from before there was a ledger of rights stays with what comes to it', async t => {
  const { deps, meet, entryOf } = await setUp(t)
  const { lookup, ...person } = await meet('held')
  await deps.vault.updatePerson(lookup, { state: 'restricted' })
  await deps.vault.changeObjections(lookup, { add: PURPOSE })
  assert.equal(await placeHold(deps, named('held')), 'done')
  const { state, objections } = await entryOf({ lookup, ...person })
  assert.deepEqual([state, objections], ['restricted', [PURPOSE]])
  const { sealedHold, ...standing } = (await deps.rights.find([person.pseudonym])).get(person.pseudonym)!
  assert.deepEqual(standing, { restricted: true, objections: [PURPOSE] })
  assert.ok(sealedHold && !sealedHold.includes(WHY))
})

test('however changes and a replay meet, the vault ends as the ledger says, with all of them', async t => {
  const { deps, meet, entryOf } = await setUp(t)
  const sealedHold = randomBytes(40)
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async scheduler => {
      const person = await meet()
      const whenever =
        <G extends unknown[], R>(call: (...given: G) => Promise<R>) =>
        async (...given: G) => {
          await scheduler.schedule(Promise.resolve())
          return call(...given)
        }
      const slow: ChangeRightsDeps = {
        rights: {
          ...deps.rights,
          find: whenever(deps.rights.find),
          change: whenever(deps.rights.change),
          async *list() {
            yield [person.pseudonym]
          },
        },
        vault: {
          ...deps.vault,
          findByPseudonyms: whenever(deps.vault.findByPseudonyms),
          updatePerson: whenever(deps.vault.updatePerson),
          changeObjections: whenever(deps.vault.changeObjections),
        },
      }
      const twice = async () => {
        await changeRights(slow, [person], restrictedIs(true))
        await changeRights(slow, [person], rights => ({ ...rights, restricted: false, objections: ['a', 'b'] }))
      }
      await scheduler.waitFor(
        Promise.all([
          changeRights(slow, [person], rights => ({ ...rights, sealedHold })),
          twice(),
          changeRights(slow, [person], rights => ({ ...rights, restricted: !rights.restricted })),
          replayRights(slow),
        ]),
      )
      const entry = await entryOf(person)
      const { restricted, ...standing } = (await deps.rights.find([person.pseudonym])).get(person.pseudonym)!
      assert.deepEqual({ ...standing, sealedHold: entry.sealedHold }, { objections: ['a', 'b'], sealedHold })
      assert.deepEqual(entry.objections.toSorted(), standing.objections)
      assert.equal(entry.state, restricted ? 'restricted' : 'active')
    }),
    { numRuns: 30 },
  )
})

test('who is being erased stays fenced, and is held up by nothing of the ledger', async t => {
  const { deps, meet, entryOf } = await setUp(t)
  const [fenced, other] = [await meet(), await meet()]
  const sealedHold = randomBytes(40)
  await deps.rights.change([fenced], rights => ({ ...rights, sealedHold }))
  for (const { lookup } of [fenced, other]) await deps.vault.updatePerson(lookup, { state: 'erasing' })
  await changeRights(deps, [other], restrictedIs(false))
  assert.equal(await replayRights(deps), 0)
  for (const person of [fenced, other]) {
    const { state, sealedHold } = await entryOf(person)
    assert.deepEqual([state, sealedHold], ['erasing', null])
  }
})

test('of who is erased while their rights are changed nothing stays in the ledger', async t => {
  const { deps, meet } = await setUp(t)
  const [one, two] = [await meet(), await meet()]
  const rights = {
    ...deps.rights,
    change: async (...given: Parameters<typeof deps.rights.change>) => {
      await deps.rights.change(...given)
      await deps.vault.erasePerson(one.lookup, one.pseudonym)
    },
  }
  await changeRights({ ...deps, rights }, [one], restrictedIs(true))
  await deps.rights.change([two], restrictedIs(true))
  await deps.vault.erasePerson(two.lookup, two.pseudonym)
  await replayRights(deps)
  assert.deepEqual(await deps.rights.find([one.pseudonym, two.pseudonym]), new Map())
})

test('a file of rights that was changed is told by its name, and nothing of it is believed', async t => {
  const { dir, deps, meet } = await setUp(t)
  await changeRights(deps, [await meet()], restrictedIs(true))
  const [name] = readdirSync(join(dir, 'rights'))
  const path = join(dir, 'rights', name!)
  writeFileSync(path, readFileSync(path, 'utf8').replace('"restricted":true', '"restricted":false'))
  await assert.rejects(replayRights(deps), new RegExp(`ledger of erasures is damaged: rights/${name}`))
})
