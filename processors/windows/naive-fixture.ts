// For tests alone: what declared aggregates must show, reckoned plainly from the events that count.

import type { Aggregate } from '../../governance/contract/aggregate.ts'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'

export interface Shown {
  measures: Record<string, JsonValue>
  persons: number
  late: number
}

/** By `start [end] group`. */
export type ShownGroups = Map<string, Shown>

const MINUTE_MS = 60_000

export function reckon(aggregate: Aggregate, events: StoredEvent[]): ShownGroups {
  const groups = new Map<string, { counted: StoredEvent[]; late: number }>()
  const place = (name: string, event: StoredEvent, isLate: boolean) => {
    const group = groups.get(name) ?? { counted: [], late: 0 }
    if (isLate) group.late++
    else group.counted.push(event)
    groups.set(name, group)
  }
  const { window } = aggregate
  if ('session' in window) return reckonSessions(aggregate, window.session.gapMs, events)
  const size = 'tumbling' in window ? window.tumbling : window.hopping.sizeMs
  const every = 'tumbling' in window ? window.tumbling : window.hopping.everyMs
  for (const event of events) {
    const time = Date.parse(event.time)
    const group = JSON.stringify(aggregate.groupBy.map(({ name }) => event.event[name]))
    for (let start = Math.floor(time / every) * every; start + size > time; start -= every)
      place(`${start} ${group}`, event, isLate(aggregate, event, start + size))
  }
  return new Map([...groups].map(([name, { counted, late }]) => [name, shown(aggregate, counted, late)]))
}

/** Of sessions, how many events were late is told apart: `late <day> <person>`. */
function reckonSessions(aggregate: Aggregate, gapMs: number, events: StoredEvent[]): ShownGroups {
  const found: ShownGroups = new Map()
  const people = Map.groupBy(
    events.filter(({ subject }) => subject !== null),
    ({ subject }) => subject!,
  )
  for (const [person, all] of people) {
    const sorted = all.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time))
    let session: StoredEvent[] = []
    const end = () => {
      if (session.length === 0) return
      const name = `${session[0]!.time} ${session.at(-1)!.time} ${person}`
      found.set(name, { ...shown(aggregate, session, 0), persons: 0 })
      session = []
    }
    for (const event of sorted) {
      if (isLate(aggregate, event, Date.parse(event.time) + gapMs)) {
        const name = `late ${event.time.slice(0, 10)} ${person}`
        const known = found.get(name)?.late ?? 0
        found.set(name, { measures: {}, persons: 0, late: known + 1 })
        continue
      }
      const last = session.at(-1)
      if (last && Date.parse(last.time) + gapMs < Date.parse(event.time)) end()
      session.push(event)
    }
    end()
  }
  return found
}

function isLate({ latenessMs }: Aggregate, { watermark }: StoredEvent, endMs: number): boolean {
  return typeof watermark === 'number' && endMs + latenessMs <= watermark
}

function shown({ k, measures }: Aggregate, events: StoredEvent[], late: number): Shown {
  const people = new Set(events.flatMap(({ subject }) => subject ?? []))
  const amounts = events.map(({ event }) => event.amount).filter(amount => typeof amount === 'number')
  return {
    late,
    persons: Math.min(people.size, Math.max(1, k)),
    measures: Object.fromEntries(measures.map(({ name, kind }) => [name, reckoned[kind]!(amounts, events)])),
  }
}

/** Amounts have one decimal. */
const tenths = (amounts: number[]) => amounts.map(amount => BigInt(Math.round(amount * 10)))
const sumOf = (numbers: bigint[]) => numbers.reduce((a, b) => a + b, 0n)
const rounded = (number: number) => Number(number.toPrecision(15))

const reckoned: Record<string, (amounts: number[], events: StoredEvent[]) => JsonValue> = {
  count: (_, { length }) => length,
  sum: amounts => (amounts.length === 0 ? null : Number(sumOf(tenths(amounts))) / 10),
  mean: amounts => (amounts.length === 0 ? null : rounded(Number(sumOf(tenths(amounts))) / 10 / amounts.length)),
  min: amounts => (amounts.length === 0 ? null : Math.min(...amounts)),
  max: amounts => (amounts.length === 0 ? null : Math.max(...amounts)),
  variance: amounts => {
    if (amounts.length === 0) return null
    const [n, all] = [BigInt(amounts.length), tenths(amounts)]
    const squares = sumOf(all.map(each => each * each))
    return rounded(Number(n * squares - sumOf(all) ** 2n) / Number(n * n) / 100)
  },
  quantile: amounts => amounts.toSorted((a, b) => a - b)[Math.floor((amounts.length - 1) / 2)] ?? null,
  distinct: (_, events) => new Set(events.flatMap(({ event: { city } }) => city ?? [])).size,
  top: (_, events) => {
    const counts = Map.groupBy(events, ({ event: { city } }) => city as string)
    const all = [...counts].map(([value, { length: count }]) => ({ value, count, missed: 0 }))
    return all.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)) as unknown as JsonValue
  },
}

const measure = (name: string, kind: string, pointer?: string, parameters: JsonObject = {}) =>
  ({ name, kind, ...(pointer && { pointer }), parameters, level: 'internal' }) as Aggregate['measures'][number]

const exact = [
  measure('events', 'count'),
  measure('sum', 'sum', '/amount'),
  measure('mean', 'mean', '/amount'),
  measure('least', 'min', '/amount'),
  measure('greatest', 'max', '/amount'),
  measure('variance', 'variance', '/amount'),
  measure('median', 'quantile', '/amount', { q: 0.5 }),
  measure('cities', 'top', '/city', { n: 10 }),
]
const distinct = measure('towns', 'distinct', '/city')
const by = (...names: string[]) => names.map(name => ({ name, pointer: `/${name}`, level: 'internal' as const }))
const kept = { retentionMs: 400 * 24 * 60 * MINUTE_MS, where: [], perPerson: false }

export const TUMBLING: Aggregate = {
  ...{ ...kept, name: 'tumbling', window: { tumbling: 10 * MINUTE_MS }, latenessMs: 30 * MINUTE_MS, k: 3 },
  ...{ groupBy: by('kind'), measures: [...exact, distinct] },
}
export const HOPPING: Aggregate = {
  ...{ ...kept, name: 'hopping', window: { hopping: { sizeMs: 40 * MINUTE_MS, everyMs: 15 * MINUTE_MS } }, k: 2 },
  ...{ latenessMs: 0, groupBy: [], measures: [...exact, distinct] },
}
export const PER_PERSON: Aggregate = {
  ...{ ...kept, name: 'per-person', window: { tumbling: 60 * MINUTE_MS }, latenessMs: 60 * MINUTE_MS, k: 1 },
  ...{ perPerson: true, groupBy: by('who', 'kind'), measures: [...exact, distinct] },
}
export const SESSIONS: Aggregate = {
  ...{ ...kept, name: 'sessions', window: { session: { gapMs: 20 * MINUTE_MS } }, latenessMs: 60 * MINUTE_MS, k: 1 },
  ...{ perPerson: true, groupBy: [], measures: exact },
}
