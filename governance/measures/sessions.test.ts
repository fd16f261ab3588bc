import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addToSessions, mergeSessions, type Session, type SessionState, takeClosed } from './sessions.ts'

/** The state of a session: the times of its events, in the order they were added. */
const adding = (timeMs: number): SessionState<number[]> => ({
  empty: () => [],
  add: state => [...state, timeMs],
  merge: (a, b) => [...a, ...b],
})

const sessionsOf = (times: number[], gapMs: number) =>
  times.reduce<Session<number[]>[]>((sessions, at) => addToSessions(sessions, at, gapMs, adding(at)), [])

const inOrder = (sessions: Session<number[]>[]) =>
  sessions.map(([first, last, state]) => [first, last, state.toSorted((a, b) => a - b)])

/** Sorted, and cut wherever two neighbours are further apart than the gap. */
function naive(times: number[], gapMs: number): unknown[] {
  const stretches: number[][] = []
  for (const time of times.toSorted((a, b) => a - b)) {
    const last = stretches.at(-1)
    if (last && time - last.at(-1)! <= gapMs) last.push(time)
    else stretches.push([time])
  }
  return stretches.map(stretch => [stretch[0], stretch.at(-1), stretch])
}

const times = fc.array(fc.integer({ min: -500, max: 500 }), { maxLength: 60 })
const gaps = fc.integer({ min: 1, max: 60 })

test('sessions are the same in whatever order events come', () => {
  fc.assert(
    fc.property(times, gaps, (events, gapMs) => {
      assert.deepEqual(inOrder(sessionsOf(events, gapMs)), naive(events, gapMs))
    }),
  )
})

test('sessions of two lists merge into those of both', () => {
  fc.assert(
    fc.property(times, times, gaps, (some, others, gapMs) => {
      const b = sessionsOf(others, gapMs)
      const before = JSON.stringify(b)
      const merged = mergeSessions(sessionsOf(some, gapMs), b, gapMs, adding(0))
      assert.deepEqual(inOrder(merged), naive([...some, ...others], gapMs))
      assert.equal(JSON.stringify(b), before)
    }),
  )
})

test('an event as far as the gap lengthens a session; one further begins another; one between joins them', () => {
  const sessions = sessionsOf([0, 30, 61], 30)
  assert.deepEqual(sessions, [
    [0, 30, [0, 30]],
    [61, 61, [61]],
  ])
  assert.deepEqual(addToSessions(sessions, 45, 30, adding(45)), [[0, 61, [0, 30, 61, 45]]])
})

test('only sessions that no later event can lengthen are taken out', () => {
  const sessions = sessionsOf([0, 100, 200], 30)
  assert.deepEqual(takeClosed(sessions, 30, 30), [])
  assert.deepEqual(takeClosed(sessions, 131, 30), [
    [0, 0, [0]],
    [100, 100, [100]],
  ])
  assert.deepEqual(sessions, [[200, 200, [200]]])
  assert.deepEqual(takeClosed(sessions, 1_000, 30), [[200, 200, [200]]])
  assert.deepEqual(sessions, [])
})
