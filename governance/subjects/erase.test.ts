import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { JsonValue } from '../../storage/json.ts'
import type { PersonEntry, Vault } from '../../storage/vault/vault.ts'
import { temporaryLedger } from '../../test/temporary-ledger.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { openSigner } from '../audit/sign.ts'
import { type EraseDeps, erase } from './erase.ts'
import { openKeyRing } from './key-ring.ts'
import { liftErasure } from './lift-erasure.ts'
import { meetPersons } from './meet-persons.ts'
import { replayErasures } from './replay-erasures.ts'
import { type RestrictDeps, restrict } from './restrict.ts'
import type { SealedContent } from './rights-request.ts'
import type { RunningRequest } from './running-request.ts'

const subject = { type: 'customer', id: 'one' }
const audit = { record: async () => {} }

class Died extends Error {}

/** A request whose process dies before the stage of this name is written, with what was written of the others. */
function requestThat(diesAt: string, details: SealedContent['details'] = {}) {
  const content: SealedContent = { subjects: [subject], reason: '', requester: '', details, progress: {} }
  let mortal = true
  const request: RunningRequest = {
    id: 'r1',
    filed: { kind: 'erasure', createdAt: '', createdBy: '' },
    content,
    stage: async (name, work) => {
      if (Object.hasOwn(content.progress, name)) return content.progress[name] as never
      const result = await work()
      if (mortal && name === diesAt) throw new Died()
      content.progress[name] = result as JsonValue
      return result
    },
    keep: async (name, value) => {
      content.progress[name] = value
    },
    tellHolder: async () => {},
    wait: async () => {},
    waitUntil: async () => {},
  }
  return {
    request,
    resume: () => {
      mortal = false
      return request
    },
  }
}

const noWindows = { recompute: async () => ({ days: [], frozen: [] }) }

async function opened(t: TestContext) {
  const { vault } = await temporaryVault(t)
  const ring = await openKeyRing(vault, randomBytes(32), Date.now)
  const signer = openSigner(ring.signingSeed)
  const { ledger, rights } = await temporaryLedger(t, signer)
  const log = { ends: async () => [], hasPassed: async () => true }
  const basics = {
    vault,
    ring,
    ledger,
    rights,
    log,
    leaseMs: 0,
    kinds: () => ({ persons: ['customer'], aliases: ['email'] }),
    groups: () => [],
  }
  const deps: EraseDeps & RestrictDeps = {
    ...{ ...basics, listRemains: async () => [], holders: [], release: async () => 0, otherEnds: async () => ({}) },
    ...{ auditHead: async () => null, audit, signer, now: Date.now, windows: noWindows },
  }
  const meet = async () => {
    const [found] = await meetPersons(vault, ring, [{ ...subject, aliases: [], create: true }])
    return found as PersonEntry
  }
  const lift = () => liftErasure({ vault, ring, ledger, audit }, { actor: 'dpo', subject, reference: 'file 1' })
  return { vault, ledger, deps, meet, lift }
}

test('an erasure that is resumed after it was lifted spares who lives under the id since', async t => {
  const { deps, meet, lift } = await opened(t)
  const first = await meet()
  const { request, resume } = requestThat('key destroyed')
  await assert.rejects(erase(deps, request), Died)
  assert.equal(await lift(), true)
  const next = await meet()
  assert.notEqual(next.pseudonym, first.pseudonym)
  assert.deepEqual((await erase(deps, resume())).outcome, { erased: 1, erasedBefore: 0, unknown: 0 })
  assert.deepEqual(await meet(), next)
})

test('an erasure does not certify that a key was destroyed which is there still', async t => {
  const { vault, deps, meet } = await opened(t)
  await meet()
  const { request } = requestThat('')
  const elsewhere: Vault = { ...vault, erasePerson: async () => false }
  await assert.rejects(erase({ ...deps, vault: elsewhere }, request), /was not where it was fenced/)
  assert.equal(Object.hasOwn(request.content.progress, 'key destroyed'), false)
})

test('a restriction, or its end, does not let out of the fence who is being erased meanwhile', async t => {
  for (const lift of [false, true]) {
    const { vault, deps, meet } = await opened(t)
    const { lookup } = await meet()
    await vault.updatePerson(lookup, { state: lift ? 'restricted' : 'active' })
    // The fence falls between the look at the person and the write.
    const racing: Vault = {
      ...vault,
      findByPseudonyms: async pseudonyms => {
        const found = await vault.findByPseudonyms(pseudonyms)
        await vault.updatePerson(lookup, { state: 'erasing' })
        return found
      },
    }
    const { request } = requestThat('', { lift })
    await restrict({ ...deps, vault: racing }, request)
    assert.equal(((await vault.findPersons([lookup]))[0] as PersonEntry).state, 'erasing')
  }
})

test('a replay of the ledger erases nobody anew whose erasure is lifted while it reads', async t => {
  const { vault, ledger, deps, meet, lift } = await opened(t)
  const { lookup, pseudonym } = await meet()
  await erase(deps, requestThat('').request)
  let next: PersonEntry | undefined
  const slow = {
    ...ledger,
    async *read() {
      for await (const part of ledger.read()) {
        if (part.lookups.includes(lookup)) {
          await lift()
          next = await meet()
        }
        yield part
      }
    },
  }
  await replayErasures(slow, vault)
  assert.deepEqual(await meet(), next)
  assert.notEqual(next!.pseudonym, pseudonym)
})

test('a replay erases whom a restored vault brought back', async t => {
  const { ledger, deps, meet } = await opened(t)
  const entry = await meet()
  await erase(deps, requestThat('').request)
  const { vault: restored } = await temporaryVault(t)
  await restored.insertPersonsIfAbsent([entry])
  for (let twice = 0; twice < 2; twice++) await replayErasures(ledger, restored)
  assert.deepEqual(await restored.findPersons([entry.lookup]), [{ lookup: entry.lookup, state: 'erased' }])
  assert.equal((await restored.findErasedPseudonyms([entry.pseudonym])).size, 1)
})
