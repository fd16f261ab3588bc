import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredAlert, StoredNotice } from '../../storage/stored-alert.ts'
import { anomaly, NOON_MS, route } from './alert-fixture.ts'
import { claimed, dueOf, GIVEN_UP_MS, heldBy, isGivenUp, pauseAfter, queued, settled } from './deliveries.ts'
import { emptyAlert } from './group-anomalies.ts'

const CLAIM_MS = 30_000

function notice(number: number, kind: StoredNotice['kind'], fresh = 1): StoredNotice {
  const numbers = { fresh, standing: 1, all: 1, unwatched: 0 }
  return { number, kind, at: '', severity: 'high', ...numbers, samples: [], language: 'en' }
}

const empty: StoredAlert = { ...emptyAlert(route(), anomaly(1)), opening: 'o', open: 1 }

function withNotice(alert: StoredAlert, given: StoredNotice, nowMs = NOON_MS, channels = ['webhook pager']) {
  return { ...alert, deliveries: queued(alert, given, channels, nowMs) }
}

const told = ({ deliveries }: StoredAlert) =>
  deliveries.map(({ channel, notice: { number, kind, fresh } }) => `${channel}: ${number} ${kind} ${fresh}`)

const take = (alert: StoredAlert, token: string, nowMs: number) =>
  claimed(alert, alert.deliveries[0]!.id, token, nowMs, CLAIM_MS)

test('one of two takes a delivery, and another only after the end of the claim', () => {
  const alert = withNotice(empty, notice(1, 'opened'))
  const held = take(alert, 'one', NOON_MS)
  assert.equal(heldBy(held, 'one')!.attempts, 1)
  assert.equal(take(held, 'two', NOON_MS + CLAIM_MS - 1), held)
  assert.equal(take(held, 'one', NOON_MS + 1), held)
  const taken = take(held, 'two', NOON_MS + CLAIM_MS)
  assert.equal(heldBy(taken, 'two')!.attempts, 2)
  // Who lost it says nothing any more.
  const late = { attempt: { ok: true } as const, nowMs: NOON_MS + CLAIM_MS, chance: 0 }
  assert.equal(settled(taken, 'one', late), taken)
  assert.deepEqual(settled(taken, 'two', late).deliveries, [])
})

test('a delivery has the same id at each try, and another one for each channel and message', () => {
  const alert = withNotice(empty, notice(1, 'opened'), NOON_MS, ['webhook pager', 'email steward'])
  const { id } = alert.deliveries[0]!
  const failed = settled(take(alert, 'one', NOON_MS), 'one', {
    attempt: { ok: false, permanent: false },
    nowMs: NOON_MS,
    chance: 0,
  })
  assert.equal(failed.deliveries[0]!.id, id)
  assert.match(id, /^[\w-]+$/)
  const ids = [...alert.deliveries, ...withNotice(empty, notice(2, 'more')).deliveries].map(each => each.id)
  assert.equal(new Set(ids).size, 3)
})

test('what fails is tried again after pauses that grow, and is given up after a day', () => {
  const attempt = { ok: false, permanent: false } as const
  let alert = withNotice(empty, notice(1, 'opened'))
  let nowMs = NOON_MS
  let tries = 0
  const pauses: number[] = []
  for (; alert.deliveries.length > 0; tries++) {
    alert = settled(take(alert, `t${tries}`, nowMs), `t${tries}`, { attempt, nowMs, chance: 0 })
    const next = alert.deliveries[0]?.nextAtMs
    if (next === undefined) break
    assert.deepEqual(dueOf(alert, next - 1), [])
    pauses.push((next - nowMs) / 1_000)
    nowMs = next
  }
  assert.deepEqual(pauses.slice(0, 5), [1, 2, 4, 8, 16])
  assert.equal(Math.max(...pauses), 900)
  assert.ok(nowMs - NOON_MS >= GIVEN_UP_MS && tries < 120)
})

test('pauses differ by chance, are bounded, and a receiver may ask for a longer one', () => {
  assert.deepEqual([pauseAfter(1, 0), pauseAfter(1, 1), pauseAfter(1_000, 0)], [1_000, 1_250, 900_000])
  const alert = take(withNotice(empty, notice(1, 'opened')), 'one', NOON_MS)
  const asked = (pauseMs: number) =>
    settled(alert, 'one', { attempt: { ok: false, permanent: false, pauseMs }, nowMs: NOON_MS, chance: 0 })
      .deliveries[0]!.nextAtMs - NOON_MS
  assert.deepEqual([asked(60_000), asked(1), asked(1e9)], [60_000, 1_000, 900_000])
})

test('what would fail again is given up at once', () => {
  const alert = take(withNotice(empty, notice(1, 'opened')), 'one', NOON_MS)
  const settling = { attempt: { ok: false, permanent: true } as const, nowMs: NOON_MS, chance: 0 }
  assert.ok(isGivenUp(alert.deliveries[0]!, settling))
  assert.deepEqual(settled(alert, 'one', settling).deliveries, [])
})

test('while a channel is down, messages become one: what waits never grows', () => {
  let alert = withNotice(empty, notice(1, 'opened', 3))
  for (let n = 2; n < 50; n++) alert = withNotice(alert, notice(n, n % 2 ? 'more' : 'repeated', n % 2 ? 1 : 0))
  assert.deepEqual(told(alert), ['webhook pager: 49 opened 27'])
  alert = withNotice(alert, notice(50, 'resolved', 0))
  assert.deepEqual(told(alert), ['webhook pager: 50 resolved 0'])
})

test('what is being sent is left alone; the next waits for it', () => {
  let alert = take(withNotice(empty, notice(1, 'opened')), 'one', NOON_MS)
  alert = withNotice(alert, notice(2, 'more'), NOON_MS + 1)
  alert = withNotice(alert, notice(3, 'more'), NOON_MS + 2)
  assert.deepEqual(told(alert), ['webhook pager: 1 opened 1', 'webhook pager: 3 more 2'])
  assert.deepEqual(dueOf(alert, NOON_MS + 3), [])
  const sent = settled(alert, 'one', { attempt: { ok: true }, nowMs: NOON_MS + 3, chance: 0 })
  assert.deepEqual(
    dueOf(sent, NOON_MS + 3).map(({ notice }) => notice.number),
    [3],
  )
})

test('a channel that is down keeps no other from being told', () => {
  const alert = withNotice(empty, notice(1, 'opened'), NOON_MS, ['webhook pager', 'email steward'])
  const failed = settled(take(alert, 'one', NOON_MS), 'one', {
    attempt: { ok: false, permanent: false },
    nowMs: NOON_MS,
    chance: 0,
  })
  const next = withNotice(failed, notice(2, 'more'), NOON_MS + 1, ['webhook pager', 'email steward'])
  assert.deepEqual(
    dueOf(next, NOON_MS + 1).map(({ channel }) => channel),
    ['email steward'],
  )
})
