import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check } from '../governance/contract/contract-fixture.ts'
import { makeLogger } from '../runtime/logger.ts'
import { DocumentsUnavailable, type StoredDocument } from '../storage/documents/documents.ts'
import { eventually } from '../test/eventually.ts'
import { startContractKeeper } from './keep-contracts.ts'

test('a contract that went live while the document store was down is kept once the store is back', async t => {
  const { contracts } = await check()
  let attempts = 0
  const stored: StoredDocument[] = []
  const documents = {
    insertFirst: async (_collection: string, given: StoredDocument[]) => {
      if (++attempts < 3) throw new DocumentsUnavailable('down')
      stored.push(...given)
      return given
    },
  }
  const keeper = startContractKeeper(documents, 5, makeLogger('json', 'fatal'))
  t.after(keeper.stop)
  const contract = contracts.get('orders')!
  keeper.keep(contract)
  await eventually('it stands', () => stored.length > 0)
  assert.deepEqual(
    stored.map(({ id }) => id),
    [`orders/1-0-0/${contract.policySha256.slice(0, 16)}`],
  )
  assert.equal(attempts, 3)
})
