import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { type EraseDeps, erase } from './erase.ts'
import { type ExportDeps, exportPerson } from './export.ts'
import { declaredKinds, findAsked, UnknownKind } from './find-asked.ts'
import { openKeyRing } from './key-ring.ts'
import { meetPersons } from './meet-persons.ts'
import { type ObjectDeps, object } from './object.ts'
import { type RectifyDeps, rectify } from './rectify.ts'
import { type RestrictDeps, restrict } from './restrict.ts'
import type { SealedContent } from './rights-request.ts'
import type { RunningRequest } from './running-request.ts'

const declared = { persons: ['customer', 'household'], aliases: ['email'] }
const person = (type: string, id = 'one') => ({ subjects: [{ type, id }] })
const alias = (type: string, id = 'one@example.org') => ({ subjects: [], alias: { type, id } })

async function opened(t: TestContext) {
  const { vault } = await temporaryVault(t)
  const ring = await openKeyRing(vault, randomBytes(32), Date.now)
  const find = (asked: Pick<SealedContent, 'subjects' | 'alias'>) => findAsked(vault, ring, asked, declared)
  return { vault, ring, find }
}

test('who is unknown by a kind that no policy names is a slip of the pen, told with the kinds there are', async t => {
  const { find } = await opened(t)
  for (const [asked, told] of [
    [person('custommer'), /this kind of person\. Did you mean `customer`\? There are: `customer`, `household`\.$/],
    [alias('e-mail'), /this kind of alias\. Did you mean `email`\? There are: `email`\.$/],
    [{ subjects: [...person('customer').subjects, ...person('x').subjects] }, /this kind of person\. There are: /],
  ] as [Parameters<typeof find>[0], RegExp][])
    await assert.rejects(find(asked), error => error instanceof UnknownKind && told.test(error.message))
  for (const asked of [person('customer'), alias('email')])
    assert.deepEqual(await find(asked), { living: [], erased: 0, unknown: 1 })
})

test('who is known is found by the kind of a dataset that is gone, also when erased', async t => {
  const { vault, ring, find } = await opened(t)
  const past = { type: 'patient', id: 'one', aliases: [{ type: 'phone', id: '01' }], create: true }
  const [met] = await meetPersons(vault, ring, [past])
  assert.ok(met && met.state !== 'erased')
  for (const asked of [person('patient'), alias('phone', '01')]) assert.equal((await find(asked)).living.length, 1)
  await vault.updatePerson(met.lookup, { state: 'erasing' }, { state: 'active' })
  await vault.erasePerson(met.lookup, met.pseudonym)
  assert.deepEqual(await find(person('patient')), { living: [], erased: 1, unknown: 0 })
})

test('kinds are those of all live contracts, each once', () => {
  const subject = (type: string, ...aliases: string[]) => {
    const pointers = aliases.map(each => ({ type: each, pointer: `/${each}` }))
    return { name: type, type, pointer: '/id', sentinels: [], aliases: pointers }
  }
  const contracts = [
    { subjects: [subject('household'), subject('customer', 'email', 'phone')] },
    { subjects: [subject('customer', 'email')] },
  ]
  assert.deepEqual(declaredKinds(contracts as never), {
    persons: ['customer', 'household'],
    aliases: ['email', 'phone'],
  })
})

test('each right fails for such a kind before it does anything', async t => {
  const { vault, ring } = await opened(t)
  const deps = { vault, ring, kinds: () => declared, purposes: () => ['testing'] }
  const rights = {
    erasure: (request: RunningRequest) => erase(deps as unknown as EraseDeps, request),
    export: (request: RunningRequest) => exportPerson(deps as unknown as ExportDeps, request),
    rectification: (request: RunningRequest) => rectify(deps as unknown as RectifyDeps, request),
    restriction: (request: RunningRequest) => restrict(deps as unknown as RestrictDeps, request),
    objection: (request: RunningRequest) => object(deps as unknown as ObjectDeps, request),
  }
  for (const [name, carryOut] of Object.entries(rights))
    for (const asked of [person('custommer'), alias('emial')]) {
      const content = { ...asked, reason: '', requester: '', details: { purpose: 'testing' }, progress: {} }
      const stage = (_stage: string, work: () => Promise<unknown>) => work()
      await assert.rejects(carryOut({ content, stage } as unknown as RunningRequest), UnknownKind, name)
    }
})
