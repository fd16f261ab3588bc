import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { seededRandom } from '../../sources/simulate/seeded-random.ts'
import { noPromises, type QualityPolicy } from '../contract/quality.ts'
import { detailOf } from './describe-finding.ts'
import { faults, reject } from './faults-fixture.ts'
import { MINUTE_MS } from './history.ts'
import { WELL_NEED } from './runs.ts'
import { DAY, type Fault, openWatch, START_MS, silence, type Told, windowAt } from './stream-fixture.ts'

/** What docs/anomalies.md promises. */
const REPORTED_WITHIN = 3

function randomOf(t: TestContext) {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  return seededRandom(seed)
}

const NOON = 7 * DAY + DAY / 2

/** Seven days are learnt, then hours are judged, with a fault in some of the minutes. */
function watched(
  t: TestContext,
  fault: Fault,
  at: { from: number; before: number; until: number },
  promises?: QualityPolicy,
) {
  const random = randomOf(t)
  const watch = openWatch(promises)
  const judgedFrom = at.from - 20
  for (let minute = 0; minute < at.until; minute++) {
    // What is usual is told by these hours alone.
    if (Math.abs((minute % DAY) - (at.from % DAY)) > 150) continue
    const isFaulty = minute >= at.from && minute < at.before
    const window = windowAt(minute, random, isFaulty ? fault : undefined)
    if (minute < judgedFrom) watch.learn(window)
    else watch.judge(window)
  }
  return watch
}

const summary = (told: Told[]) =>
  told.map(
    ({ kind, findings, startMs }) => `${kind} ${(startMs - START_MS) / MINUTE_MS}: ${detailOf(findings.at(-1)!)}`,
  )

test('a clean day raises at most 2 alarms', t => {
  for (let run = 0; run < 2; run++) {
    const random = randomOf(t)
    const watch = openWatch()
    for (let minute = 0; minute < 7 * DAY; minute++) watch.learn(windowAt(minute, random))
    for (let minute = 7 * DAY; minute < 8 * DAY; minute++) watch.judge(windowAt(minute, random))
    t.diagnostic(`${watch.told().length} alarms`)
    assert.ok(watch.told().length <= 2, summary(watch.told()).join('\n'))
  }
})

test('a young dataset is quiet on its first day, and hardly heard on the next', t => {
  const random = randomOf(t)
  const watch = openWatch()
  for (let minute = 0; minute < DAY; minute++) watch.judge(windowAt(minute, random))
  assert.deepEqual(summary(watch.told()), [])
  for (let minute = DAY; minute < 4 * DAY; minute++) watch.judge(windowAt(minute, random))
  assert.ok(watch.told().length <= 3, summary(watch.told()).join('\n'))
})

const promises: QualityPolicy = {
  ...noPromises,
  consistency: [
    { name: 'not-negative', when: [], require: [{ pointer: '/amount', minimum: 0, level: 'internal' }], share: 0.999 },
  ],
}

describe('a fault is told of once, within three windows, and is over when it is', () => {
  for (const [name, { fault, kind, detail }] of Object.entries(faults))
    test(name, t => {
      const before = NOON + 40
      const told = watched(t, fault, { from: NOON, before, until: before + 2 * WELL_NEED }, promises).told()
      assert.deepEqual(
        told.map(each => each.kind),
        [kind],
        summary(told).join('\n'),
      )
      const [{ startMs, endMs, openedAtMs, endedAtMs, state, findings }] = told as [Told]
      const fromMs = START_MS + NOON * MINUTE_MS
      assert.ok(openedAtMs <= fromMs + REPORTED_WITHIN * MINUTE_MS, `opened at ${(openedAtMs - fromMs) / MINUTE_MS}`)
      assert.match(detailOf(findings.at(-1)!), detail)
      assert.equal(state, 'over')
      const last = START_MS + before * MINUTE_MS
      assert.ok(startMs >= fromMs - 2 * MINUTE_MS && endMs >= last && endMs <= last + WELL_NEED * MINUTE_MS)
      assert.ok(endedAtMs! <= endMs + (WELL_NEED + 2) * MINUTE_MS)
    })
})

test('what lasts for hours does not become usual, and the day after is no surprise', t => {
  const random = randomOf(t)
  for (const name of ['the volume doubles', 'amounts are ten times as large', 'nobody sends any more']) {
    const { fault, kind } = faults[name]!
    // Of a young dataset, where it would matter most.
    const [from, before] = [2 * DAY + 720, 2 * DAY + 900]
    const watch = openWatch()
    for (let minute = 0; minute < 3 * DAY + 1_000; minute++) {
      if (minute % DAY < 560) continue
      const window = windowAt(minute, random, minute >= from && minute < before ? fault : undefined)
      if (minute < from - 20) watch.learn(window)
      else watch.judge(window)
    }
    const told = watch
      .told()
      .filter(({ startMs, kind: one }) => one === kind && startMs < START_MS + before * MINUTE_MS)
    assert.equal(told.length, 1, summary(watch.told()).join('\n'))
    assert.ok(told[0]!.endMs - told[0]!.startMs >= 175 * MINUTE_MS)
    const later = watch.told().filter(({ startMs }) => startMs > START_MS + (before + 60) * MINUTE_MS)
    assert.ok(later.length <= 1, summary(later).join('\n'))
  }
})

test('what somebody calls a false alarm is usual from the next day on', t => {
  const random = randomOf(t)
  const { fault } = faults['the volume doubles']!
  const days = [6, 7, 8]
  const windows = Array.from({ length: 9 * DAY }, (_, minute) => minute)
    .filter(minute => minute % DAY >= 360 && minute % DAY < 540)
    .map(minute => {
      const isPeak = days.includes(Math.floor(minute / DAY)) && minute % DAY >= 420 && minute % DAY < 480
      return { minute, window: windowAt(minute, random, isPeak ? fault : undefined) }
    })
  const peaksTold = (isMarked: boolean) => {
    const watch = openWatch()
    const peaks = () => watch.told().filter(({ kind }) => kind === 'unusual-volume')
    for (const { minute, window } of windows) {
      if (minute < 6 * DAY) watch.learn(window)
      else watch.judge(window)
      if (isMarked) for (const { id, state } of peaks()) if (state === 'over') watch.markFalse(id)
    }
    return peaks().length
  }
  assert.deepEqual([peaksTold(false), peaksTold(true)], [days.length, 1])
})

test('the policy says how long a dataset may be silent, and how many events a minute are too many', t => {
  const says = { ...noPromises, silenceMs: 15 * MINUTE_MS, burst: 150 }
  const random = randomOf(t)
  const watch = openWatch(says)
  // On its first day: no statistics.
  for (let minute = 0; minute < 60; minute++) watch.judge(windowAt(minute, random, minute >= 30 ? silence : undefined))
  assert.deepEqual(summary(watch.told()), [
    'silence 44: No event came since 2026-11-02T00:30:00.000Z, longer than the 15 minutes that the policy allows.',
  ])
  const busy: Fault = ({ volume }) => {
    volume.received = 151
  }
  watch.judge(windowAt(60, random, busy))
  assert.equal(summary(watch.told())[1], 'burst 60: 151 events came in a minute; the policy expects 150 at most.')
})

test('a promise is missed in three windows in a row, and not by chance', t => {
  const promised = (share: number) => ({
    ...noPromises,
    completeness: [{ pointer: '/place', share, level: 'internal' as const }],
  })
  const random = randomOf(t)
  const [kept, missed] = [openWatch(promised(0.97)), openWatch(promised(0.999))]
  for (let minute = 600; minute < 720; minute++) {
    const window = windowAt(minute, random)
    kept.judge(window)
    missed.judge(window)
  }
  assert.deepEqual(summary(kept.told()), [])
  assert.deepEqual(
    missed.told().map(({ kind }) => kind),
    ['missing'],
  )
  assert.match(
    summary(missed.told())[0]!,
    /\/place lacks a value in [\d.]+ % of \d+ events; the policy allows 0\.1 %\.$/,
  )
})

test('what the policy promises of all events is held against them from the first day on', t => {
  const random = randomOf(t)
  const watch = openWatch({
    ...noPromises,
    ...{ conformity: 0.98, uniqueness: 0.99, timeliness: { withinMs: 1_000, share: 0.95 } },
  })
  const worse: Fault = window => {
    reject(window, '/amount minimum', 0.1)
    window.volume.duplicates += Math.round(window.volume.effective / 10)
    window.inTime = Math.round(0.8 * window.timed)
  }
  for (let minute = 600; minute < 630; minute++)
    watch.judge(windowAt(minute, random, minute >= 620 ? worse : undefined))
  const kinds = watch.told().map(({ kind, findings }) => [kind, detailOf(findings[0]!).replace(/^.*;/, '')])
  assert.deepEqual(
    new Map(kinds as [string, string][]),
    new Map([
      ['unusual-delay', ' the policy allows 5 %.'],
      ['unusual-rejections', ' the policy allows 2 %.'],
      ['unusual-duplicates', ' the policy allows 1 %.'],
    ]),
  )
})

describe('of a slow dataset, windows are as long as it takes', () => {
  const SLOW = 0.03

  test('so that a fault is told of within three of them, and chance is not', t => {
    const random = randomOf(t)
    const watch = openWatch()
    const [from, until] = [8 * DAY + 720, 8 * DAY + 900]
    const judged = (minute: number) => minute >= 7 * DAY
    for (let minute = 0; minute < until; minute++) {
      const { fault } = faults['a field is dropped']!
      const window = windowAt(minute, random, minute >= from ? fault : undefined, SLOW)
      if (judged(minute)) watch.judge(window)
      else watch.learn(window)
    }
    const clean = watch.told().filter(({ openedAtMs }) => openedAtMs < START_MS + from * MINUTE_MS)
    assert.ok(clean.length <= 2, summary(clean).join('\n'))
    const told = watch
      .told()
      .filter(({ kind, startMs }) => kind === 'missing' && startMs >= START_MS + (from - 20) * MINUTE_MS)
    assert.equal(told.length, 1, summary(watch.told()).join('\n'))
    // Some 7 events a minute: three windows, and what was left of the one before.
    assert.ok(told[0]!.openedAtMs <= START_MS + (from + 20) * MINUTE_MS)
  })

  test('and a promise is held against them from the first day on', t => {
    const random = randomOf(t)
    const watch = openWatch({ ...noPromises, completeness: [{ pointer: '/note', share: 0.95, level: 'internal' }] })
    for (let minute = 600; minute < 660; minute++) watch.judge(windowAt(minute, random, undefined, SLOW))
    assert.deepEqual(
      watch.told().map(({ kind }) => kind),
      ['missing'],
    )
  })
})

test('personal data that comes back after it was mended is told again, though few events are looked at', t => {
  const random = randomOf(t)
  const watch = openWatch()
  const few: Fault = window => {
    window.sampled = 5
    window.suspects = new Map([['/note', new Map([['email', 1]])]])
  }
  for (let minute = 600; minute < 5 * DAY + 620; minute++) {
    if (minute % DAY < 540 || minute % DAY > 780) continue
    const isFault = minute < 620 || minute >= 5 * DAY + 600
    watch.judge(windowAt(minute, random, isFault ? few : undefined))
  }
  const told = watch.told().filter(({ kind }) => kind === 'personal-data')
  assert.deepEqual(
    told.map(({ openedAtMs }) => (openedAtMs - START_MS) / MINUTE_MS),
    [602, 5 * DAY + 602],
  )
})
