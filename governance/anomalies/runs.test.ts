import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { seededRandom } from '../../sources/simulate/seeded-random.ts'
import { noPromises } from '../contract/quality.ts'
import { openDetector } from './detector.ts'
import { faults } from './faults-fixture.ts'
import type { Finding, Verdicts } from './finding.ts'
import { MINUTE_MS } from './history.ts'
import { openRuns, WELL_NEED } from './runs.ts'
import { DAY, openWatch, START_MS, silence, type Told, windowAt } from './stream-fixture.ts'

const KEY = 'missing missing /place'
const metric: Finding['metric'] = { name: 'missing', series: 'missing /place', pointer: '/place', value: 1, of: 20 }

function randomOf(t: TestContext) {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  return seededRandom(seed)
}

/** Runs with one that is open, from minute 0 to minute 1. */
function begun() {
  const runs = openRuns((_, key) => key)
  const step = (endMinute: number, verdict?: 'wrong' | 'fine') => {
    const [startMs, endMs] = [(endMinute - 1) * MINUTE_MS, endMinute * MINUTE_MS]
    const found = { kind: 'missing', startMs, endMs, metric, needed: 1, side: 'above', keepsOut: [] } as const
    const verdicts: Verdicts = new Map(verdict && [[KEY, verdict === 'fine' ? verdict : { ...found, keepsOut: [] }]])
    return runs.step(endMs, verdicts).map(({ type }) => type)
  }
  assert.deepEqual(step(1, 'wrong'), ['opened'])
  return { runs, step }
}

describe('an anomaly is over', () => {
  test('after so many windows that are well, with others between them of which nothing is known', () => {
    const { step } = begun()
    for (let i = 1; i < WELL_NEED; i++) assert.deepEqual([...step(2 * i, 'fine'), ...step(2 * i + 1)], [])
    assert.deepEqual(step(2 * WELL_NEED, 'fine'), ['ended'])
  })

  test('where little is known, after one that is well, a day after the last wrong one', () => {
    const { step } = begun()
    assert.deepEqual([...step(600, 'fine'), ...step(DAY)], [])
    assert.deepEqual(step(DAY + 1), ['ended'])
  })

  test('and not because nothing is known any more, unless somebody calls it over', () => {
    const { runs, step } = begun()
    assert.deepEqual([...step(600, 'fine'), ...step(601, 'wrong')], ['extended'])
    for (const minute of [2 * DAY, 30 * DAY, 400 * DAY]) assert.deepEqual(step(minute), [])
    const open = runs.openAt(KEY)!
    assert.deepEqual([open.startMs, open.endMs], [0, 601 * MINUTE_MS])
    runs.adopt({ ...open, id: 'another', isSolved: true })
    assert.deepEqual(step(401 * DAY), [])
    runs.adopt({ ...open, isSolved: true })
    assert.deepEqual(step(401 * DAY + 1), ['ended'])
    assert.equal(runs.openAt(KEY), undefined)
  })
})

test('silence lasts until something comes, though nothing usual is left to hold it against', t => {
  const random = randomOf(t)
  const watch = openWatch()
  const [from, back] = [8 * DAY + 640, 20 * DAY + 640]
  for (let minute = 0; minute < back + WELL_NEED; minute++) {
    if (minute % DAY < 600 || minute % DAY > 720) continue
    if (minute === back) assert.deepEqual([watch.told().length, watch.told()[0]!.state], [1, 'open'])
    const window = windowAt(minute, random, minute >= from && minute < back ? silence : undefined)
    if (minute < 7 * DAY) watch.learn(window)
    else watch.judge(window)
  }
  const [{ kind, state, startMs, endMs }, ...others] = watch.told() as [Told]
  assert.deepEqual([kind, state, others], ['silence', 'over', []])
  assert.deepEqual([startMs, endMs], [START_MS + from * MINUTE_MS, START_MS + back * MINUTE_MS])
})

test('what was wrong as a stream died is not over by that', t => {
  const random = randomOf(t)
  const watch = openWatch()
  const [from, dead, back] = [5 * DAY + 660, 5 * DAY + 670, 8 * DAY + 670]
  const states = () => watch.told().map(({ kind, state }) => `${kind} ${state}`)
  for (let minute = 0; minute < back + WELL_NEED; minute++) {
    if (minute % DAY < 600 || minute % DAY > 720) continue
    if (minute === back) assert.deepEqual(states(), ['missing open', 'silence open'])
    const fault =
      minute < from || minute >= back ? undefined : minute < dead ? faults['a field is dropped']!.fault : silence
    const window = windowAt(minute, random, fault)
    if (minute < from - 20) watch.learn(window)
    else watch.judge(window)
  }
  assert.deepEqual(states(), ['missing over', 'silence over'])
})

test('what was found before all that is remembered is over once it is not found any more', t => {
  const random = randomOf(t)
  for (const key of ['schema-drift causes /amount type', 'schema-drift causes  additionalProperties']) {
    const detector = openDetector(() => 'another')
    const endMs = START_MS - 9 * DAY * MINUTE_MS
    detector.adopt({ key, id: 'known', startMs: endMs - MINUTE_MS, endMs, isSolved: false })
    const changes = Array.from({ length: WELL_NEED }, (_, i) => detector.judge(windowAt(600 + i, random), noPromises))
    assert.deepEqual(
      changes.flat().map(({ type, run }) => `${type} ${run.id}`),
      ['ended known'],
    )
  }
})
