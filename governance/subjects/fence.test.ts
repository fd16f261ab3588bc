import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { PersonState, Vault } from '../../storage/vault/vault.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { type FormerStates, fencePersons } from './fence.ts'
import { RequestBlocked } from './find-asked.ts'
import { openKeyRing } from './key-ring.ts'
import { liftHold, placeHold, readHold } from './legal-hold.ts'
import { meetPersons } from './meet-persons.ts'

async function setUp(t: TestContext) {
  const { vault } = await temporaryVault(t)
  const ring = await openKeyRing(vault, randomBytes(32), Date.now)
  const recorded: string[] = []
  const audit = {
    record: async (...events: { details?: object }[]) =>
      void recorded.push(...events.map(({ details }) => JSON.stringify(details))),
  }
  const persons: { lookup: string; pseudonym: string }[] = []
  for (const id of ['one', 'two']) {
    const [found] = await meetPersons(vault, ring, [{ type: 'customer', id, aliases: [], create: true }])
    if (found && found.state !== 'erased') persons.push({ lookup: found.lookup, pseudonym: found.pseudonym })
  }
  const statesOf = async () =>
    (await vault.findPersons(persons.map(({ lookup }) => lookup))).map(found => found!.state as PersonState)
  const kept = { states: {} as FormerStates }
  const fence = (over: Pick<Vault, 'findByPseudonyms' | 'updatePerson'>) =>
    fencePersons(over, persons, kept.states, async states => {
      kept.states = states
    })
  return { vault, persons, fence, kept, statesOf, recorded, deps: { vault, ring, audit } }
}

const named = (id: string) => ({ actor: 'eck', subject: { type: 'customer', id }, reason: 'a lawsuit' })

test('persons are fenced all or none: a hold of one of them leaves both as they were', async t => {
  const { vault, persons, fence, statesOf, deps } = await setUp(t)
  await vault.updatePerson(persons[0]!.lookup, { state: 'restricted' })
  assert.equal(await placeHold(deps, named('two')), 'done')
  await assert.rejects(fence(vault), RequestBlocked)
  assert.deepEqual(await statesOf(), ['restricted', 'active'])
  assert.equal(await liftHold(deps, named('two')), 'done')
  await fence(vault)
  assert.deepEqual(await statesOf(), ['erasing', 'erasing'])
})

test('a hold that is placed in the very moment of the fence stands, or is refused: never neither', async t => {
  for (const when of ['before', 'after'] as const) {
    const { vault, persons, fence, statesOf, deps } = await setUp(t)
    let placed: string | undefined
    const racing: Pick<Vault, 'findByPseudonyms' | 'updatePerson'> = {
      findByPseudonyms: pseudonyms => vault.findByPseudonyms(pseudonyms),
      updatePerson: async (lookup, change, onlyFrom) => {
        const place = async () => {
          if (lookup === persons[0]!.lookup && change.state === 'erasing') placed = await placeHold(deps, named('one'))
        }
        if (when === 'before') await place()
        const changed = await vault.updatePerson(lookup, change, onlyFrom)
        if (when === 'after') await place()
        return changed
      },
    }
    const fencing = fence(racing)
    if (when === 'before') {
      await assert.rejects(fencing, RequestBlocked)
      assert.deepEqual([placed, await statesOf()], ['done', ['active', 'active']])
    } else {
      await fencing
      assert.deepEqual([placed, await statesOf()], ['erasing', ['erasing', 'erasing']])
    }
  }
})

test('a hold that is placed once the erasure has begun is refused, recorded so, and not written', async t => {
  const { vault, persons, fence, recorded, deps } = await setUp(t)
  // The fence falls between the look at the person and the write.
  const racing: typeof deps = {
    ...deps,
    audit: {
      record: async (...events) => {
        await deps.audit.record(...events)
        await fence(vault)
      },
    },
  }
  assert.equal(await placeHold(racing, named('one')), 'erasing')
  assert.equal(await placeHold(deps, named('one')), 'erasing')
  assert.deepEqual(recorded, ['{"change":"placed"}', '{"change":"refused"}'])
  const [found] = await vault.findPersons([persons[0]!.lookup])
  assert.ok(found && found.state === 'erasing' && found.sealedHold === null)
})

test('an attempt that died after it had fenced, over a hold, is undone by the next: all are as they were', async t => {
  const { vault, persons, fence, kept, statesOf, deps } = await setUp(t)
  await vault.updatePerson(persons[1]!.lookup, { state: 'restricted' })
  const died = fence({
    findByPseudonyms: pseudonyms => vault.findByPseudonyms(pseudonyms),
    updatePerson: async (lookup, change, onlyFrom) => {
      if (lookup === persons[0]!.lookup) await placeHold(deps, named('two'))
      await vault.updatePerson(lookup, change, onlyFrom)
      if (lookup === persons[1]!.lookup) throw new Error('the process is dead')
      return true
    },
  })
  await assert.rejects(died, /dead/)
  assert.deepEqual(await statesOf(), ['erasing', 'erasing'])
  await assert.rejects(fence(vault), RequestBlocked)
  assert.deepEqual([await statesOf(), kept.states], [['active', 'restricted'], {}])
})

test('a hold can be lifted of somebody who is fenced already; who another request fenced stays so', async t => {
  const { vault, persons, fence, statesOf, deps } = await setUp(t)
  assert.equal(await placeHold(deps, named('two')), 'done')
  for (const { lookup } of persons) await vault.updatePerson(lookup, { state: 'erasing' })
  await assert.rejects(fence(vault), RequestBlocked)
  assert.deepEqual(await statesOf(), ['erasing', 'erasing'])
  assert.equal(await liftHold(deps, named('two')), 'done')
  await fence(vault)
  assert.deepEqual(await statesOf(), ['erasing', 'erasing'])
})

test('a hold keeps its reason sealed, tells it to who asks, and records each look', async t => {
  const { vault, persons, recorded, deps } = await setUp(t)
  assert.deepEqual(await readHold(deps, named('one')), { reason: null })
  await placeHold(deps, named('one'))
  const [found] = await vault.findPersons([persons[0]!.lookup])
  assert.ok(found && found.state !== 'erased' && !found.sealedHold!.includes('a lawsuit'))
  assert.deepEqual(await readHold(deps, named('one')), { reason: 'a lawsuit' })
  assert.equal(await readHold(deps, named('nobody')), undefined)
  assert.deepEqual(recorded, ['{"change":"placed"}', '{"change":"read"}'])
})
