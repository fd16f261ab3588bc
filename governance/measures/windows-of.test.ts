import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { endOf, type FixedWindow, windowsOf } from './windows-of.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const times = fc.oneof(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -8.64e15, max: 8.64e15 }))

test('an instant lies in the one tumbling window that holds it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: DAY }), times, (sizeMs, timeMs) => {
      const window = { tumbling: sizeMs }
      const [start, ...others] = windowsOf(window, timeMs)
      assert.deepEqual(others, [])
      assert.ok(start! <= timeMs && timeMs < endOf(window, start!))
      assert.equal(start! % sizeMs, start! < 0 ? -0 : 0)
    }),
  )
})

test('it lies in every hopping window that holds it, and in no other', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 150 }),
      times,
      (everyMs, sizeMs, timeMs) => {
        const window: FixedWindow = { hopping: { sizeMs, everyMs } }
        const naive: number[] = []
        for (let start = timeMs - sizeMs; start <= timeMs; start++) {
          if (start % everyMs === 0 && start <= timeMs && timeMs < start + sizeMs) naive.push(start + 0)
        }
        assert.deepEqual(windowsOf(window, timeMs), naive)
      },
    ),
  )
})

test('windows begin with the day and the hour in UTC, and hold their start, not their end', () => {
  const noon = Date.parse('2026-03-29T12:00:00Z')
  assert.deepEqual(windowsOf({ tumbling: DAY }, noon), [Date.parse('2026-03-29T00:00:00Z')])
  assert.deepEqual(windowsOf({ tumbling: HOUR }, noon), [noon])
  assert.deepEqual(windowsOf({ tumbling: HOUR }, noon - 1), [noon - HOUR])
  assert.deepEqual(windowsOf({ tumbling: HOUR }, -1), [-HOUR])
  assert.equal(endOf({ tumbling: HOUR }, noon), noon + HOUR)
})

test('an hour that hops every ten minutes has six windows for each instant', () => {
  const window: FixedWindow = { hopping: { sizeMs: HOUR, everyMs: HOUR / 6 } }
  assert.deepEqual(
    windowsOf(window, 2 * HOUR + 1).map(start => start / HOUR),
    [7 / 6, 8 / 6, 9 / 6, 10 / 6, 11 / 6, 2],
  )
  assert.equal(endOf(window, 0), HOUR)
})

test('windows shorter than their step leave instants between', () => {
  const window: FixedWindow = { hopping: { sizeMs: 10, everyMs: 100 } }
  assert.deepEqual([windowsOf(window, 9), windowsOf(window, 10)], [[0], []])
})
