import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredDocument } from '../../storage/documents/documents.ts'
import { check, policyWith } from './contract-fixture.ts'
import { openContractFinder } from './find-contract.ts'
import { keepContract, liveContracts } from './stored-contract.ts'

test('a contract of the past is found where it was kept, once; a live one without asking any store', async () => {
  const past = (await check()).contracts.get('orders')!
  const live = (
    await check({ 'policies/orders.yaml': policyWith('/at: { level: restricted, action: keep }') })
  ).contracts.get('orders')!
  const kept = new Map<string, StoredDocument>()
  await keepContract(
    {
      insertFirst: async (_collection, documents) => {
        for (const document of documents) kept.set(document.id, document)
        return documents
      },
    },
    past,
  )
  const asked: string[] = []
  const finder = openContractFinder(
    {
      get: async (_collection, id) => {
        asked.push(id)
        return structuredClone(kept.get(id))
      },
    },
    { find: dataset => (dataset === 'orders' ? (live as never) : undefined) },
  )
  const [now] = liveContracts(live)
  const [before] = liveContracts(past)
  assert.equal(await finder.find(now!), now)
  assert.deepEqual(asked, [])
  const [one, two] = await Promise.all([finder.find(before!), finder.find(before!)])
  assert.deepEqual(one, before)
  assert.equal(one, two, 'all share one object')
  assert.equal(await finder.find(before!), one)
  assert.equal(asked.length, 2)
  const unknown = { ...before!, policy: '0'.repeat(16) }
  assert.equal(await finder.find(unknown), undefined)
  assert.equal((await finder.findAll([now!, before!, unknown, now!])).size, 2)
})
