// What changed in a policy beside its fields: retention, purpose, recipients, who the persons are.

import type { Comparable, PolicyChange } from './compare-policies.ts'
import type { SubjectRule } from './contract.ts'

export function* compareStatements(before: Comparable, after: Comparable): Generator<PolicyChange> {
  yield* compareRetention(before, after)
  yield* comparePurpose(before, after)
  yield* compareUnclassified(before, after)
  yield* compareEvent(before, after)
  yield* compareSubjects(before.subjects, after.subjects)
  const labels = ['title', 'owner', 'steward', 'review', 'schema', 'quality'] as const
  for (const label of labels)
    if (textOf(before.policy[label]) !== textOf(after.policy[label]))
      yield { effect: 'neutral', what: `${label} changes` }
}

function* compareRetention(before: Comparable, after: Comparable): Generator<PolicyChange> {
  for (const store of ['log', 'events', 'quarantine', 'lake'] as const) {
    const [old, now] = [before.retentionMs[store], after.retentionMs[store]]
    if (old === now) continue
    yield {
      effect: now > old ? 'weaker' : 'stricter',
      what: `retention of ${store} goes from ${before.policy.retention[store]} to ${after.policy.retention[store]}`,
    }
  }
}

/** Data collected for one purpose is not free for another (GDPR art. 5.1 b). */
function* comparePurpose({ policy: old }: Comparable, { policy: now }: Comparable): Generator<PolicyChange> {
  if (old.purpose !== now.purpose)
    yield { effect: 'weaker', what: `the purpose becomes another: ${JSON.stringify(now.purpose)}` }
  if (old.legalBasis !== now.legalBasis)
    yield { effect: 'weaker', what: `the legal basis goes from ${old.legalBasis} to ${now.legalBasis}` }
  const [were, are] = [new Set(old.recipients), new Set(now.recipients)]
  for (const name of are.difference(were)) yield { effect: 'weaker', what: `a new recipient: ${JSON.stringify(name)}` }
  for (const name of were.difference(are))
    yield { effect: 'stricter', what: `no recipient any more: ${JSON.stringify(name)}` }
}

/** What is done to fields that are not there yet. */
function* compareUnclassified(before: Comparable, after: Comparable): Generator<PolicyChange> {
  const order = ['encrypt', 'drop', 'reject']
  const [old, now] = [before.policy.unclassified ?? 'encrypt', after.policy.unclassified ?? 'encrypt']
  if (old === now) return
  const effect = order.indexOf(now) < order.indexOf(old) ? 'weaker' : 'stricter'
  yield { effect, what: `unclassified fields: ${old} becomes ${now}` }
}

function* compareEvent(before: Comparable, after: Comparable): Generator<PolicyChange> {
  const [old, now] = [before.eventId, after.eventId]
  if (old?.pointer !== now?.pointer) yield { effect: 'weaker', what: 'the event id is taken from elsewhere' }
  else if (old?.personal !== now?.personal)
    yield {
      effect: now?.personal ? 'stricter' : 'weaker',
      what: `the event id counts as ${now?.personal ? '' : 'not '}personal`,
    }
  if (textOf(before.eventTime) !== textOf(after.eventTime))
    yield { effect: 'neutral', what: 'the event’s time is read otherwise' }
  if (before.ceSource !== after.ceSource || before.ceType !== after.ceType)
    yield { effect: 'neutral', what: 'CloudEvents source or type changes' }
}

/** Whose key protects an event, and who can be found by which name. */
function* compareSubjects(before: SubjectRule[], after: SubjectRule[]): Generator<PolicyChange> {
  if (before[0]?.pointer !== after[0]?.pointer)
    yield { effect: 'weaker', what: 'the event’s first person is read from elsewhere' }
  for (const old of before) {
    const now = after.find(({ pointer }) => pointer === old.pointer)
    if (!now) yield { effect: 'weaker', what: `${old.pointer} is no person’s id any more` }
    else yield* compareSubject(old, now)
  }
  for (const { pointer } of after)
    if (before.length > 0 && !before.some(old => old.pointer === pointer))
      yield { effect: 'neutral', what: `${pointer} is a person’s id` }
}

function* compareSubject(old: SubjectRule, now: SubjectRule): Generator<PolicyChange> {
  const { pointer } = old
  if (old.type !== now.type)
    yield { effect: 'weaker', what: `the person at ${pointer} is a ${now.type}, no ${old.type} any more` }
  if (old.name !== now.name) yield { effect: 'neutral', what: `the person at ${pointer} is called ${now.name}` }
  const aliasesOf = ({ aliases }: SubjectRule) => new Set(aliases.map(({ type, pointer: at }) => `${type} at ${at}`))
  for (const alias of aliasesOf(old).symmetricDifference(aliasesOf(now)))
    yield { effect: 'weaker', what: `other names lead to the person at ${pointer}: ${alias}` }
  // Whoever is called like a sentinel is nobody: no key, no rights.
  const added = now.sentinels.difference(old.sentinels).size
  const removed = old.sentinels.difference(now.sentinels).size
  if (added > 0) yield { effect: 'weaker', what: `more ids at ${pointer} count as nobody: ${added}` }
  if (removed > 0) yield { effect: 'stricter', what: `fewer ids at ${pointer} count as nobody: ${removed}` }
}

/** With members in order. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
