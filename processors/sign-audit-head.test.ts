import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuditFork, newestHead } from '../governance/audit/stored-tree.ts'
import type { Documents } from '../storage/documents/documents.ts'
import { batchOf, build, makeEntries, NOON, sign } from './audit-tree-fixture.ts'
import { temporaryDocuments } from './documents-fixture.ts'

test('a head is signed where the tree grew, and only then', async t => {
  const documents = await temporaryDocuments(t)
  await sign(documents)
  assert.equal(await newestHead(documents), undefined)
  const values = await makeEntries(5)
  await build(documents, batchOf(values))
  await Promise.all([sign(documents), sign(documents)])
  const [first] = await documents.find('audit_heads', { limit: 10 })
  await sign(documents, NOON + 1)
  assert.deepEqual(await documents.find('audit_heads', { limit: 10 }), [first])
})

test('a tree that was changed after it was signed is not signed again', async t => {
  const values = await makeEntries(6)
  const change: Record<string, (documents: Documents) => Promise<void>> = {
    'a hash is another': documents =>
      documents.upsertNewer('audit_nodes', [
        { id: '2/0', version: 1, expiresAtMs: null, body: { hash: '00'.repeat(32) } },
      ]),
    'a hash is gone': documents => documents.delete('audit_nodes', ['2/0']),
    'the tree is built anew': async documents => {
      const nodes = await documents.find('audit_nodes', { limit: 100 })
      await documents.delete(
        'audit_nodes',
        nodes.map(({ id }) => id),
      )
      await documents.delete(
        'audit',
        values.map((_, i) => String(i)),
      )
      await build(documents, batchOf(values.toReversed()))
    },
    'it begins anew': async documents => {
      await documents.delete('audit_nodes', ['tree', '0/0'])
      await documents.delete('audit', ['0'])
      await build(documents, batchOf(await makeEntries(1)))
    },
  }
  for (const [what, work] of Object.entries(change)) {
    const documents = await temporaryDocuments(t)
    await build(documents, batchOf(values.slice(0, 4)))
    await sign(documents)
    await work(documents)
    await build(documents, batchOf(values, 0)).catch(() => {})
    await assert.rejects(sign(documents), AuditFork, what)
  }
})
