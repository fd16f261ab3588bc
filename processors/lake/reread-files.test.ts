import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asBody, eventDocumentId } from '../../storage/stored-shapes.ts'
import { before, DATASET, idsOf, openedLake } from './lake-fixture.ts'
import { rereadFiles } from './reread-files.ts'
import { takeIn } from './take-in.ts'

test('rows come to what the archive holds now; those that are in no archive stay', async t => {
  const { deps, take, archive, rows, documents, onDisk, ids } = await openedLake(t)
  const [a, b, gone] = [
    await archive({ event: { amount: 3, town: 'Lille' } }),
    await archive({ event: { amount: 4 } }),
    await archive({ event: { amount: 5, town: 'Lens' } }),
  ]
  await take(a, b, gone)
  const other = await archive({ event: { amount: 6 } })
  await take(other)
  const before = await onDisk()
  const sealed = { ...a, policy: 'q', event: { amount: 'enc1.x', town: 'enc1.y' } }
  await documents.upsertNewer('events', [
    { id: eventDocumentId(DATASET, a.id), version: 2, expiresAtMs: null, body: asBody(sealed) },
  ])
  await documents.delete('events', [eventDocumentId(DATASET, gone.id)])
  assert.equal(await rereadFiles(deps, DATASET), 1)
  assert.equal(await rereadFiles(deps, DATASET), 0)
  const row = (await rows()).find(({ id }) => id === a.id)!
  assert.deepEqual([row.policy, row['/amount'], row['/amount~json'], row['/town']], ['q', null, '"enc1.x"', 'enc1.y'])
  assert.deepEqual(await ids(), idsOf(a, b, gone, other))
  const after = await onDisk()
  assert.equal(after.length, 2)
  assert.equal(after.filter(path => before.includes(path)).length, 1, 'a file without a change stays')
})

test('what was read before the archive was changed is not taken in after', async t => {
  const { deps, take, range, archive, rows, documents, lake } = await openedLake(t)
  const [first, event] = [await archive(), await archive({ event: { town: 'Lille' } })]
  await take(first)
  const change = async () => {
    const id = eventDocumentId(DATASET, event.id)
    const body = asBody({ ...event, event: { town: 'enc1.y' } })
    await documents.upsertNewer('events', [{ id, version: 2, expiresAtMs: null, body }])
    await rereadFiles(deps, DATASET)
  }
  await takeIn({ ...deps, lake: before(lake, 'putIfMatch', change) }, DATASET, [{ ...range(event), from: 1 }], 100)
  assert.deepEqual(
    (await rows()).flatMap(row => row['/town'] ?? []),
    ['enc1.y'],
  )
})
