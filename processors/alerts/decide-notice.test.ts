import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Route } from '../../governance/alerts/alert-policy.ts'
import type { StoredAlert, StoredNotice } from '../../storage/stored-alert.ts'
import { anomaly, NOON_MS, route } from './alert-fixture.ts'
import { decided } from './decide-notice.ts'
import { emptyAlert, isSilenced, MAX_MEMBERS, type SeenAnomaly, withAnomaly, withWatched } from './group-anomalies.ts'

/** A group of one route under a clock of its own; whatever is told is delivered at once. */
function watchGroup(given: Partial<Route> = {}) {
  const ours = route(given)
  let nowMs = NOON_MS
  let alert: StoredAlert | undefined
  let openings = 0
  const anomalies = new Map<string, SeenAnomaly>()
  const silences: { dataset: undefined; kind: string; untilMs: number }[] = []
  const look = (): string[] => {
    if (!alert) return []
    const found = new Map(alert.members.map(({ id }) => [id, anomalies.get(id)]))
    const isQuiet = (member: { dataset: string; kind: string }) => isSilenced({ silences }, member, nowMs)
    const decision = { route: ours, channels: ['webhook pager'], isSilenced: isQuiet, found, nowMs }
    const next = decided(withWatched(alert, found), decision)
    const notices = next.deliveries.map(({ notice }) => notice)
    alert = { ...next, deliveries: [] }
    return notices.map(said)
  }
  return {
    silences,
    look,
    alert: () => alert!,
    add: (found: SeenAnomaly, inOrder = true) => {
      anomalies.set(found.id, found)
      openings++
      alert = withAnomaly(alert ?? emptyAlert(ours, found), found, { nowMs, inOrder, opening: `o${openings}` })
    },
    set: (n: number, state: string) => anomalies.set(anomaly(n).id, anomaly(n, { state })),
    forget: (n: number) => anomalies.delete(anomaly(n).id),
    after: (seconds: number) => {
      nowMs += seconds * 1_000
      return look()
    },
  }
}

/** `1 opened: 2 new, 2 stand, 2 in all` */
function said({ number, kind, fresh, standing, all }: StoredNotice): string {
  return `${number} ${kind}: ${fresh} new, ${standing} stand, ${all} in all`
}

test('a group is told once, after the wait, with all that came meanwhile', () => {
  const group = watchGroup()
  group.add(anomaly(1))
  assert.deepEqual(group.after(20), [])
  group.add(anomaly(2))
  assert.deepEqual(group.after(9), [])
  assert.deepEqual(group.after(1), ['1 opened: 2 new, 2 stand, 2 in all'])
  assert.deepEqual(group.after(86_400 * 30), [])
})

test('more of it is told no sooner than the interval after the last message, and after the wait', () => {
  const group = watchGroup()
  group.add(anomaly(1))
  group.after(30)
  group.add(anomaly(2))
  assert.deepEqual(group.after(299), [])
  assert.deepEqual(group.after(1), ['2 more: 1 new, 2 stand, 2 in all'])
  group.after(600)
  group.add(anomaly(3))
  assert.deepEqual(group.after(29), [])
  assert.deepEqual(group.after(1), ['3 more: 1 new, 3 stand, 3 in all'])
})

test('what stands and nobody took up is told again and again, where the route says so', () => {
  const group = watchGroup({ repeatMs: 3_600_000 })
  group.add(anomaly(1))
  group.after(30)
  assert.deepEqual(group.after(3_599), [])
  assert.deepEqual(group.after(1), ['2 repeated: 0 new, 1 stand, 1 in all'])
  group.set(1, 'acknowledged')
  assert.deepEqual(group.after(7_200), [])
  group.set(1, 'open')
  assert.deepEqual(group.after(0), ['3 repeated: 0 new, 1 stand, 1 in all'])
})

test('a group is over when all of it is resolved, a false alarm, or gone; then it may begin anew', () => {
  const group = watchGroup()
  for (const n of [1, 2, 3]) group.add(anomaly(n))
  group.after(30)
  group.set(1, 'resolved')
  group.set(2, 'false-alarm')
  assert.deepEqual(group.after(60), [])
  group.forget(3)
  assert.deepEqual(group.after(1), ['2 resolved: 0 new, 0 stand, 3 in all'])
  const { opening } = group.alert()
  assert.deepEqual([group.alert().open, group.after(60)], [0, []])
  group.add(anomaly(4))
  assert.deepEqual(group.after(30), ['1 opened: 1 new, 1 stand, 1 in all'])
  assert.notEqual(group.alert().opening, opening)
})

test('nobody is told of what was over before the wait, nor that something is over that was never told', () => {
  const group = watchGroup()
  group.add(anomaly(1))
  group.set(1, 'resolved')
  assert.deepEqual([group.after(30), group.alert().open], [[], 0])
  group.add(anomaly(2, { state: 'resolved' }))
  assert.deepEqual([group.after(30), group.alert().open], [[], 0])
})

test('without resolve messages a group ends in silence', () => {
  const group = watchGroup({ tellsResolved: false })
  group.add(anomaly(1))
  group.after(30)
  group.set(1, 'resolved')
  assert.deepEqual([group.after(1), group.alert().open], [[], 0])
})

test('what is silenced is told when the silence ends, if it still stands', () => {
  const group = watchGroup({ repeatMs: 3_600_000 })
  group.silences.push({ dataset: undefined, kind: 'silence', untilMs: NOON_MS + 7_200_000 })
  group.add(anomaly(1))
  group.add(anomaly(2))
  group.set(2, 'resolved')
  assert.deepEqual(group.after(7_199), [])
  assert.deepEqual(group.after(1), ['1 opened: 1 new, 1 stand, 1 in all'])
})

test('a silence that begins later keeps repetitions and further ones back, and not that it is over', () => {
  const group = watchGroup({ repeatMs: 3_600_000 })
  group.add(anomaly(1))
  group.after(30)
  group.silences.push({ dataset: undefined, kind: 'silence', untilMs: NOON_MS + 86_400_000 })
  group.add(anomaly(2))
  assert.deepEqual(group.after(7_200), [])
  group.set(1, 'resolved')
  assert.deepEqual(group.after(60), ['2 resolved: 0 new, 0 stand, 1 in all'])
  assert.equal(group.alert().open, 1)
  group.set(2, 'resolved')
  assert.deepEqual([group.after(60), group.alert().open], [[], 0])
})

test('read twice, out of order or after a crash, an anomaly counts once', () => {
  const group = watchGroup()
  for (const n of [1, 2, 2, 1]) group.add(anomaly(n))
  group.add(anomaly(1), false)
  // Written late, by another process: the second look finds it.
  group.add(anomaly(0), false)
  assert.deepEqual(group.after(30), ['1 opened: 3 new, 3 stand, 3 in all'])
})

test('beyond a number they are counted, once each, and told so', () => {
  const group = watchGroup()
  const many = Array.from({ length: MAX_MEMBERS + 50 }, (_, n) => anomaly(n))
  for (const each of [...many, ...many]) group.add(each)
  for (const each of many) group.add(each, false)
  const all = MAX_MEMBERS + 50
  assert.deepEqual(group.after(30), [`1 opened: ${all} new, ${all} stand, ${all} in all`])
  group.add(anomaly(9_999))
  assert.deepEqual(group.after(300), [`2 more: 1 new, ${all + 1} stand, ${all + 1} in all`])
  assert.equal(group.alert().members.length, MAX_MEMBERS)
  for (let n = 0; n < MAX_MEMBERS; n++) group.set(n, 'resolved')
  assert.deepEqual(group.after(1), [`3 resolved: 0 new, 0 stand, ${all + 1} in all`])
})

test('a message describes a few, and no detail about what is confidential', () => {
  const ours = route()
  const given = [
    anomaly(1, { level: 'confidential' }),
    anomaly(2, { level: 'internal' }),
    anomaly(3, { level: 'something new' }),
    ...[4, 5, 6].map(n => anomaly(n, { window: { start: 'from', end: 'to' } })),
  ]
  const found = new Map(given.map(each => [each.id, each]))
  const alert = given.reduce(
    (before, each) => withAnomaly(before, each, { nowMs: NOON_MS, inOrder: true, opening: 'o' }),
    emptyAlert(ours, given[0]!),
  )
  const decision = { route: ours, channels: ['email steward'], isSilenced: () => false, found }
  const { deliveries } = decided(alert, { ...decision, nowMs: NOON_MS + 30_000 })
  const { samples } = deliveries[0]!.notice
  assert.deepEqual(
    samples.map(({ detail }) => detail),
    [null, 'No event came in, says 2.', null, 'No event came in, says 4.', 'No event came in, says 5.'],
  )
  assert.deepEqual([samples[1]!.start, samples[3]!.start, samples[3]!.end], [anomaly(2).detectedAt, 'from', 'to'])
})

test('a message describes in the language of its route', () => {
  const ours = { ...route(), language: 'fr' as const }
  const silence = { ...anomaly(1), evidence: { metric: 'volume', value: 0, of: 1, usual: 12 } }
  const alert = withAnomaly(emptyAlert(ours, silence), silence, { nowMs: NOON_MS, inOrder: true, opening: 'o' })
  const found = new Map([[silence.id, silence]])
  const decision = { route: ours, channels: ['email steward'], isSilenced: () => false, found }
  const { deliveries } = decided(alert, { ...decision, nowMs: NOON_MS + 30_000 })
  assert.match(
    deliveries[0]!.notice.samples[0]!.detail!,
    /^Aucun événement n’est arrivé ; d’habitude, .* 12 par minute/,
  )
})
