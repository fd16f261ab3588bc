import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LakeUnavailable } from '../../storage/lake/lake.ts'
import { sweepFiles } from './keep-files.ts'
import { before, DATASET, idsOf, openedLake } from './lake-fixture.ts'
import { eventOf } from './lake-table.ts'
import { countPersons, removePersons } from './remove-persons.ts'
import { type ReadRange, takeIn } from './take-in.ts'

test('an erased person is taken out: own rows, and what others’ rows hold', async t => {
  const { deps, take, archive, rows, ids, erased, findGone, onDisk } = await openedLake(t)
  const paid = { payer: 'p1.payer', payee: { id: 'p1.gone', name: 'enc1.secret' }, amount: 3 }
  const [own, other, none] = [
    await archive({ subject: 'p1.gone' }),
    await archive({ others: ['p1.gone', 'p1.third'], event: paid }),
    await archive(),
  ]
  await take(own, other)
  await take(own, other, none)
  assert.deepEqual([...(await countPersons(deps, DATASET, async () => new Set(['p1.gone'])))], [['p1.gone', 2]])
  const before = await onDisk()
  erased.add('p1.gone')
  assert.deepEqual([...(await removePersons(deps, DATASET, findGone))], [['p1.gone', 2]])
  assert.deepEqual([...(await countPersons(deps, DATASET, findGone))], [])
  assert.deepEqual(await ids(), idsOf(other, none))
  const row = (await rows()).find(({ id }) => id === other.id)!
  assert.deepEqual(
    [row.others, eventOf(row, { '/amount': 'number', '/payer': 'text' })],
    ['["p1.third"]', { payer: 'p1.payer', amount: 3 }],
  )
  const after = await onDisk()
  assert.equal(after.filter(path => before.includes(path)).length, 1, 'a file without them stays as it is')
  assert.deepEqual([...(await removePersons(deps, DATASET, findGone))], [])
})

test('events that were in flight while their person was erased are not in the lake after it', async t => {
  const { deps, take, range, archive, ids, erased, findGone, lake, onDisk, files } = await openedLake(t)
  const [first, gone, other] = [await archive(), await archive({ subject: 'p1.gone' }), await archive()]
  await take(first)
  const erase = async () => {
    erased.add('p1.gone')
    await removePersons(deps, DATASET, findGone)
  }
  // All between reading whom there is and the swap.
  await takeIn({ ...deps, lake: before(lake, 'putIfMatch', erase) }, DATASET, [range(gone, other)].map(fromOne), 100)
  assert.deepEqual(await ids(), idsOf(first, other))
  assert.deepEqual([...(await countPersons(deps, DATASET, findGone))], [])
  assert.deepEqual(await onDisk(), (await files()).map(({ path }) => path).sort())
  function fromOne(each: ReadRange): ReadRange {
    return { ...each, from: 1 }
  }
})

test('an erasure that dies at any of its writes is finished by the next one', async t => {
  for (const call of ['putIfAbsent', 'putIfMatch', 'delete'] as const) {
    const { deps, take, archive, ids, erased, findGone, lake, clock } = await openedLake(t)
    const [gone, other] = [await archive({ subject: 'p1.gone' }), await archive()]
    await take(gone, other)
    erased.add('p1.gone')
    let calls = 0
    const dying = {
      ...lake,
      [call]: (...given: unknown[]) => {
        if (++calls > (call === 'putIfMatch' ? 1 : 0)) throw new LakeUnavailable('gone')
        return (lake[call] as (...given: unknown[]) => Promise<unknown>)(...given)
      },
    }
    await assert.rejects(removePersons({ ...deps, lake: dying }, DATASET, findGone), LakeUnavailable)
    await removePersons(deps, DATASET, findGone)
    assert.deepEqual([...(await countPersons(deps, DATASET, findGone))], [], call)
    assert.deepEqual(await ids(), idsOf(other))
    clock.ms += 2 * 3_600_000
    await sweepFiles(deps, DATASET)
    assert.deepEqual(await ids(), idsOf(other))
  }
})
