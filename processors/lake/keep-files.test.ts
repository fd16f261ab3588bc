import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import { compactFiles, endFiles, sweepFiles } from './keep-files.ts'
import { before, DATASET, idsOf, openedLake } from './lake-fixture.ts'
import { countPersons, removePersons } from './remove-persons.ts'

const DAY_MS = 86_400_000

test('small files become one; what was replaced stays for who reads it, and an erasure finds it there', async t => {
  const { deps, take, archive, ids, files, onDisk, erased, findGone, clock } = await openedLake(t)
  const events: StoredEvent[] = []
  for (let i = 0; i < 8; i++) {
    events.push(await archive(i === 3 ? { subject: 'p1.gone', event: { code: 'x' } } : { event: { code: i } }))
    await take(...events.slice(-1))
  }
  assert.equal(await compactFiles(deps, DATASET, AbortSignal.abort()), 0)
  assert.equal(await compactFiles(deps, DATASET, new AbortController().signal), 8)
  assert.deepEqual(await ids(), idsOf(...events))
  assert.deepEqual([(await files()).length, (await onDisk()).length], [1, 9])
  erased.add('p1.gone')
  assert.deepEqual([...(await removePersons(deps, DATASET, findGone))], [['p1.gone', 1]])
  assert.equal((await onDisk()).length, 8)
  clock.ms += 2 * 3_600_000
  assert.equal(await sweepFiles(deps, DATASET), 7)
  assert.deepEqual(await ids(), idsOf(...events.filter(({ subject }) => subject !== 'p1.gone')))
})

test('files that are put together while a person is erased do not bring the person back', async t => {
  const { deps, take, archive, ids, erased, findGone, lake } = await openedLake(t)
  const events: StoredEvent[] = []
  for (let i = 0; i < 8; i++) {
    events.push(await archive(i === 3 ? { subject: 'p1.gone' } : {}))
    await take(...events.slice(-1))
  }
  const erase = async () => {
    erased.add('p1.gone')
    await removePersons(deps, DATASET, findGone)
  }
  await compactFiles({ ...deps, lake: before(lake, 'putIfMatch', erase) }, DATASET, new AbortController().signal)
  assert.deepEqual(await ids(), idsOf(...events.filter(({ subject }) => subject !== 'p1.gone')))
  assert.deepEqual([...(await countPersons(deps, DATASET, findGone))], [])
})

test('a day’s files end with the last of its events, by when these were received', async t => {
  const { deps, take, archive, ids, clock, onDisk } = await openedLake(t)
  const old = await archive({ receivedAt: '2026-11-19T23:00:00.000Z', time: '2020-01-01T00:00:00Z' })
  const young = await archive()
  await take(old, young)
  clock.ms = Date.parse('2026-11-21T23:59:59Z')
  assert.equal(await endFiles(deps, DATASET, 2 * DAY_MS), 0)
  clock.ms = Date.parse('2026-11-22T00:00:00Z')
  assert.equal(await endFiles(deps, DATASET, 2 * DAY_MS), 1)
  assert.deepEqual(await ids(), idsOf(young))
  assert.equal((await onDisk()).length, 1)
})
