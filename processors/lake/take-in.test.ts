import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Lake, LakeUnavailable } from '../../storage/lake/lake.ts'
import { manifestPath } from '../../storage/lake-manifest.ts'
import { asBody, eventDocumentId, type StoredEvent } from '../../storage/stored-shapes.ts'
import { sweepFiles } from './keep-files.ts'
import { before, DATASET, idsOf, openedLake } from './lake-fixture.ts'
import { ManifestWentBack, takeIn } from './take-in.ts'

test('what the archive gave effect is taken in once, however often it is read', async t => {
  const { take, archive, ids, files } = await openedLake(t)
  const [a, b, c] = [await archive(), await archive(), await archive()]
  const copy = { ...a, position: { ...a.position, offset: 3 } }
  assert.equal((await take(a, b)).rows, 2)
  assert.equal((await take(a, b, c, copy)).rows, 1)
  assert.equal((await take(a, b, c, copy)).rows, 0)
  assert.deepEqual(await ids(), idsOf(a, b, c))
  assert.equal((await files()).length, 2)
})

test('of two owners of a partition each takes in what the other did not', async t => {
  const { deps, take, range, archive, ids, files, onDisk, lake } = await openedLake(t)
  const events = await Promise.all([1, 2, 3, 4].map(() => archive()))
  const [a, b, c, d] = events as [StoredEvent, StoredEvent, StoredEvent, StoredEvent]
  const slow = { ...deps, lake: before(lake, 'putIfMatch', async () => void (await take(a, b, c))) }
  await takeIn(slow, DATASET, [range(a, b, c, d)], 100)
  assert.deepEqual(await ids(), idsOf(a, b, c, d))
  await Promise.all(Array.from({ length: 6 }, () => take(a, b, c, d)))
  const more = await Promise.all([1, 2, 3].map(() => archive()))
  await Promise.all(Array.from({ length: 6 }, () => take(more[0]!, more[1]!, more[2]!)))
  assert.deepEqual(await ids(), idsOf(...events, ...more))
  assert.deepEqual(await onDisk(), (await files()).map(({ path }) => path).sort(), 'what lost was deleted')
})

test('whoever dies before the swap, or after it without knowing, leaves each event in the lake once', async t => {
  const { deps, take, range, archive, ids, lake, onDisk, clock } = await openedLake(t)
  const [a, b] = [await archive(), await archive()]
  const fail = async (): Promise<never> => {
    throw new LakeUnavailable('gone')
  }
  for (const broken of [
    before(lake, 'putIfAbsent', fail),
    before(lake, 'putIfMatch', fail),
    // The swap happened, and nobody was told.
    {
      ...lake,
      putIfMatch: async (...given: Parameters<Lake['putIfMatch']>) => {
        await lake.putIfMatch(...given)
        return fail()
      },
    },
  ])
    await assert.rejects(takeIn({ ...deps, lake: broken }, DATASET, [range(a, b)], 100), LakeUnavailable)
  await take(a, b)
  assert.deepEqual(await ids(), idsOf(a, b))
  assert.equal((await onDisk()).length, 2, 'one that nobody names')
  assert.equal(await sweepFiles(deps, DATASET), 0)
  clock.ms += 2 * 3_600_000
  assert.equal(await sweepFiles(deps, DATASET), 1)
  assert.deepEqual(await ids(), idsOf(a, b))
})

test('held events wait, and come once they are held no more', async t => {
  const { deps, take, archive, ids, documents } = await openedLake(t)
  const [a, held] = [await archive(), await archive({ held: 1 })]
  await take(a, held)
  assert.deepEqual(await ids(), idsOf(a))
  assert.equal((await takeIn(deps, DATASET, [], 100)).rows, 0)
  const id = eventDocumentId(DATASET, held.id)
  await documents.upsertNewer('events', [{ id, version: 2, expiresAtMs: null, body: asBody({ ...held, held: 0 }) }])
  await Promise.all([1, 2, 3].map(() => takeIn(deps, DATASET, [], 100)))
  assert.deepEqual(await ids(), idsOf(a, held))
})

test('a manifest that went back is told; one that is gone while files are there is not made anew', async t => {
  const { take, archive, lake } = await openedLake(t)
  const [a, b] = [await archive(), await archive()]
  await assert.rejects(take(b), ManifestWentBack)
  await take(a, b)
  await lake.delete(manifestPath(DATASET))
  await assert.rejects(take(a, b), /is gone, and its files are there/)
})
