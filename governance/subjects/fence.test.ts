import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { PersonState, Vault } from '../../storage/vault/vault.ts'
import { temporaryLedger } from '../../test/temporary-ledger.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { fencePersons } from './fence.ts'
import { type AskedPerson, RequestBlocked } from './find-asked.ts'
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
  const { rights } = await temporaryLedger(t)
  const meet = async (id: string): Promise<AskedPerson> => {
    const [found] = await meetPersons(vault, ring, [{ type: 'customer', id, aliases: [], create: true }])
    assert.ok(found && found.state !== 'erased')
    return { lookup: found.lookup, pseudonym: found.pseudonym }
  }
  const persons = [await meet('one'), await meet('two')]
  const statesOf = async () =>
    (await vault.findPersons(persons.map(({ lookup }) => lookup))).map(found => found!.state as PersonState)
  const fence = (over: Pick<Vault, 'findByPseudonyms' | 'updatePerson'>) => fencePersons(over, persons)
  return { vault, meet, persons, fence, statesOf, recorded, deps: { vault, ring, rights, audit } }
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
      updatePerson: async (lookup, change, from) => {
        const place = async () => {
          if (lookup === persons[0]!.lookup && change.state === 'erasing') placed = await placeHold(deps, named('one'))
        }
        if (when === 'before') await place()
        const changed = await vault.updatePerson(lookup, change, from)
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

test('a hold that comes between the fences of two blocks the request; who was fenced stays so, and it goes on from there', async t => {
  const { vault, persons, fence, statesOf, deps } = await setUp(t)
  const racing: Pick<Vault, 'findByPseudonyms' | 'updatePerson'> = {
    ...vault,
    updatePerson: async (lookup, change, from) => {
      const changed = await vault.updatePerson(lookup, change, from)
      if (lookup === persons[0]!.lookup) assert.equal(await placeHold(deps, named('two')), 'done')
      return changed
    },
  }
  await assert.rejects(fence(racing), RequestBlocked)
  assert.deepEqual(await statesOf(), ['erasing', 'active'])
  assert.equal(await placeHold(deps, named('one')), 'erasing')
  assert.equal(await liftHold(deps, named('two')), 'done')
  await fence(vault)
  assert.deepEqual(await statesOf(), ['erasing', 'erasing'])
})

test('whom a request has fenced stays fenced, whatever other requests and holds do at the same time', async t => {
  const { vault, meet } = await setUp(t)
  const sealedHold = randomBytes(40)
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async scheduler => {
      const [one, two] = [await meet(randomUUID()), await meet(randomUUID())]
      const whenever =
        <G extends unknown[], R>(call: (...given: G) => Promise<R>) =>
        async (...given: G) => {
          await scheduler.schedule(Promise.resolve())
          return call(...given)
        }
      const slow = {
        findByPseudonyms: whenever(vault.findByPseudonyms),
        updatePerson: whenever(vault.updatePerson),
      }
      const hold = async ({ lookup }: AskedPerson) => {
        await slow.updatePerson(lookup, { sealedHold })
        await slow.updatePerson(lookup, { sealedHold: null })
      }
      const requests = [[one, two], [one], [two, one]]
      const fencing = requests.map(persons => fencePersons(slow, persons))
      await scheduler.waitFor(Promise.allSettled([...fencing, hold(one), hold(two)]))
      for (const [i, told] of (await Promise.allSettled(fencing)).entries()) {
        if (told.status === 'rejected') assert.ok(told.reason instanceof RequestBlocked)
        else
          for (const { state, sealedHold } of await vault.findByPseudonyms(requests[i]!.map(p => p.pseudonym)))
            assert.deepEqual([state, sealedHold], ['erasing', null])
      }
    }),
  )
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
