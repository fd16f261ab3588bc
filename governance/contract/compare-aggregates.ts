// What an edit does to what aggregates show. They are made of what is stored already, so most edits of them protect
// neither more nor less; weaker is what shows smaller groups, single persons, for longer, or of a more sensitive field.

import { isDeepStrictEqual } from 'node:util'
import { type Level, levels } from '../classification/taxonomy.ts'
import { type Aggregate, pointersOf } from './aggregate.ts'
import type { Comparable, PolicyChange } from './compare-policies.ts'
import { formatDuration } from './policy-parts.ts'
import { DEFAULT_K } from './read-aggregates.ts'

export function* compareAggregates(before: Comparable, after: Comparable): Generator<PolicyChange> {
  const named = ({ aggregates }: Comparable) => new Map(aggregates.map(each => [each.name, each]))
  const [old, now] = [named(before), named(after)]
  for (const aggregate of after.aggregates) {
    const known = old.get(aggregate.name)
    yield* compareOne(known, aggregate)
    // Kept as long as events, before and after: that is told of the events.
    const follows =
      known?.retentionMs === before.retentionMs.events && aggregate.retentionMs === after.retentionMs.events
    if (known && !follows) yield* compareRetention(known, aggregate)
  }
  for (const name of old.keys()) if (!now.has(name)) yield { effect: 'neutral', what: `aggregate ${name} is gone` }
  for (const { name, sha256 } of after.references.values()) {
    const known = before.references.get(name)
    if (known && known.sha256 !== sha256) yield { effect: 'neutral', what: `the reference table ${name} changes` }
  }
}

function* compareOne(old: Aggregate | undefined, now: Aggregate): Generator<PolicyChange> {
  const about = (effect: PolicyChange['effect'], what: string): PolicyChange => ({
    effect,
    what: `aggregate ${now.name}: ${what}`,
  })
  if (!old) yield about('neutral', 'it is new')
  // A new one is held against what it would be if nothing were said: else a new name would lower k unseen.
  const k = old?.k ?? (now.k === 0 ? 0 : DEFAULT_K)
  if (!old?.perPerson && now.perPerson) yield about('weaker', 'groups may be single persons')
  else if (old?.perPerson && !now.perPerson) yield about('stricter', 'groups are single persons no more')
  else if (k !== now.k) yield about(now.k < k ? 'weaker' : 'stricter', `k goes from ${k} to ${now.k}`)
  const shown = new Set(old ? partsOf(old).map(({ what }) => what) : [])
  for (const { what, level } of partsOf(now)) {
    const isSensitive = levels.indexOf(level) > levels.indexOf('internal')
    if (!shown.has(what) && isSensitive) yield about('weaker', `it shows something new of a ${level} field: ${what}`)
    else if (old && !shown.has(what)) yield about('neutral', `${what} is new`)
  }
  for (const what of shown.difference(new Set(partsOf(now).map(part => part.what))))
    yield about('neutral', `${what} is gone`)
  for (const key of ['window', 'latenessMs', 'join'] as const)
    if (old && !isDeepStrictEqual(old[key], now[key]))
      yield about('neutral', `${key === 'latenessMs' ? 'lateness' : key} changes`)
}

function* compareRetention(
  { retentionMs: old }: Aggregate,
  { name, retentionMs: now }: Aggregate,
): Generator<PolicyChange> {
  if (old === now) return
  const what = `aggregate ${name}: retention goes from ${formatDuration(old)} to ${formatDuration(now)}`
  yield { effect: now > old ? 'weaker' : 'stricter', what }
}

/** Everything an aggregate says of a field, whatever it is called. */
function partsOf({ groupBy, where, measures }: Aggregate): { what: string; level: Level }[] {
  return [
    ...groupBy.map(({ pointer, level }) => ({ what: `groups by ${pointer}`, level })),
    ...where.map(({ level, ...condition }) => ({ what: `the condition ${JSON.stringify(condition)}`, level })),
    ...measures.map(({ kind, pointer, parameters, level }) => {
      const more = Object.keys(parameters).length > 0 ? ` ${JSON.stringify(parameters)}` : ''
      return { what: pointer === undefined ? 'count' : `${kind} of ${pointer}${more}`, level }
    }),
  ]
}

/** Names of the aggregates, before or after, that read what stands at a pointer or, as its part, below. */
export function aggregatesOf(pointer: string, ...contracts: Pick<Comparable, 'aggregates'>[]): string[] {
  const reads = (read: string) => read === pointer || read.startsWith(`${pointer}/`)
  const all = contracts.flatMap(({ aggregates }) => aggregates)
  return [...new Set(all.filter(each => [...pointersOf(each)].some(reads)).map(({ name }) => name))]
}
