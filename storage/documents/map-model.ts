// The documents port against a plain Map, by random runs of writes: a part of the contract suite.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { JsonObject } from '../json.ts'
import type { Documents, StoredDocument } from './documents.ts'

const document = fc.record({
  id: fc.constantFrom('a', 'b', '__proto__', "'", 'é'),
  version: fc.integer({ min: 0, max: 5 }),
  expiresAtMs: fc.constant(null),
  body: fc.record({ time: fc.oneof(fc.integer(), fc.string({ unit: 'binary' })), any: fc.jsonValue() }),
})
const step = fc.oneof(
  fc.record({ kind: fc.constant('insertFirst' as const), documents: fc.array(document, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('upsertNewer' as const), documents: fc.array(document, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('delete' as const), documents: fc.array(document, { maxLength: 2 }) }),
)

/** Runs random writes on a fresh collection and on a Map, and compares every answer and what stands at the end. */
export async function agreesWithMap(documents: Documents, freshCollection: () => Promise<string>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async steps => {
      const collection = await freshCollection()
      const model = new Map<string, StoredDocument>()
      for (const { kind, documents: generated } of steps) {
        // As JSON gives it back: -0 is 0.
        const given = generated.map(each => ({ ...each, body: JSON.parse(JSON.stringify(each.body)) as JsonObject }))
        if (kind === 'insertFirst') {
          for (const each of given) if (!model.has(each.id)) model.set(each.id, each)
          assert.deepEqual(
            await documents.insertFirst(collection, given),
            given.map(({ id }) => model.get(id)),
          )
        } else if (kind === 'upsertNewer') {
          for (const each of given) if ((model.get(each.id)?.version ?? -1) < each.version) model.set(each.id, each)
          await documents.upsertNewer(collection, given)
        } else {
          for (const { id } of given) model.delete(id)
          await documents.delete(
            collection,
            given.map(({ id }) => id),
          )
        }
      }
      const byId = (one: StoredDocument, two: StoredDocument) =>
        Buffer.compare(Buffer.from(one.id), Buffer.from(two.id))
      assert.deepEqual(await documents.find(collection, { limit: 100 }), [...model.values()].sort(byId))
    }),
    { numRuns: 40 },
  )
}
