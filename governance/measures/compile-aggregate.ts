// A declared aggregate, ready to run: which group an event belongs to, what is added to that group's state, and what of
// it is shown. The state of a group is plain JSON, as those of its measures are.

import { hash } from 'node:crypto'
import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.ts'
import { isDomainToken } from '../access/field-tree.ts'
import type { Aggregate, Condition } from '../contract/aggregate.ts'
import { readPointer } from '../contract/event-parts.ts'
import { makeMeasure } from './measures.ts'
import { persons } from './persons.ts'
import { addToSessions, mergeSessions, type Session } from './sessions.ts'

/** A group is known by so many characters of each of its texts. */
const MAX_GROUP_TEXT = 200
/** What stands for the groups beyond the number that is kept. */
export const OTHER_GROUPS = '*'

/** Of one group, in one window and one partition of the log. */
export type GroupState = {
  /** What its persons are counted by. */
  persons: number[]
  /** One state for each measure, in their order. */
  measures: JsonValue[]
}

/** One person's sessions of a day. */
export type GroupSessions = Session<GroupState>[]

/** How an event is added. */
export interface AddOptions {
  timeMs: number
  /** The event's first person, by pseudonym; null for nobody. */
  subject: string | null
  /** Undefined where the window's key is gone: what is counted by hashes stays as it is. */
  hash: ((text: string) => bigint) | undefined
}

export interface CompiledAggregate {
  aggregate: Aggregate
  /** States under another identity cannot be merged with these: something of what is counted differs. */
  identity: string
  /** The group of an event, as JSON of its values: of sessions, its person. Undefined for one that does not count. */
  groupOf(event: JsonObject, subject: string | null): string | undefined
  empty(): GroupState
  /** May change the state. */
  add(state: GroupState, event: JsonObject, options: AddOptions): GroupState
  /** May change `a`. */
  merge(a: GroupState, b: GroupState): GroupState
  /** As `merge`, where the two were hashed under different keys: of what hashes count, the greater one. May change `a`. */
  mergeApart(a: GroupState, b: GroupState): GroupState
  /** For sessions: as `add`. Changes `sessions`. */
  addToSessions(sessions: GroupSessions, event: JsonObject, options: AddOptions): GroupSessions
  /** Changes `a`. */
  mergeSessions(a: GroupSessions, b: GroupSessions): GroupSessions
  /** Of two states: as many as there are, but at most `k`. */
  mergePersons(a: number[], b: number[]): number[]
  /** By the measures' names. */
  show(state: GroupState): Record<string, JsonValue>
}

const compiled = new WeakMap<Aggregate, CompiledAggregate>()

/** The same object for the same aggregate. */
export function compileAggregate(aggregate: Aggregate): CompiledAggregate {
  const known = compiled.get(aggregate) ?? compile(aggregate)
  compiled.set(aggregate, known)
  return known
}

function compile(aggregate: Aggregate): CompiledAggregate {
  const keys = aggregate.groupBy.map(({ pointer }) => readPointer(pointer))
  const conditions = aggregate.where.map(condition => ({ ...condition, read: readPointer(condition.pointer) }))
  const measures = aggregate.measures.map(({ name, kind, pointer, parameters }) => {
    const { usesHashes } = hashing(kind)
    return {
      name,
      usesHashes,
      measure: makeMeasure(kind, parameters),
      read: pointer === undefined ? undefined : readPointer(pointer),
    }
  })
  const people = persons(Math.max(1, aggregate.k))
  const gapMs = 'session' in aggregate.window ? aggregate.window.session.gapMs : undefined
  const empty = (): GroupState => ({ persons: [], measures: measures.map(({ measure }) => measure.empty()) })
  const add = (state: GroupState, event: JsonObject, { subject, hash: keyed }: AddOptions): GroupState => {
    const context = { hash: keyed ?? noHash }
    // Each session is one person's: nobody need count them.
    if (keyed && subject !== null && aggregate.k > 0 && gapMs === undefined)
      state.persons = people.add(state.persons, subject, context)
    for (const [i, { measure, read, usesHashes }] of measures.entries()) {
      if (usesHashes && !keyed) continue
      const value = read ? read(event) : true
      if (value !== undefined) state.measures[i] = measure.add(state.measures[i]!, value, context)
    }
    return state
  }
  const merge = (a: GroupState, b: GroupState): GroupState => ({
    persons: people.merge(a.persons, b.persons),
    measures: measures.map(({ measure }, i) => measure.merge(a.measures[i]!, b.measures[i]!)),
  })
  return {
    aggregate,
    identity: identityOf(aggregate),
    groupOf: (event, subject) => {
      if (gapMs !== undefined && subject === null) return undefined
      for (const condition of conditions) if (!holds(condition, condition.read(event))) return undefined
      return JSON.stringify(gapMs === undefined ? keys.map(read => groupValue(read(event))) : [subject])
    },
    empty,
    add,
    merge,
    mergeApart: (a, b) => ({
      persons: longer(a.persons, b.persons),
      measures: measures.map(({ measure, usesHashes }, i) => {
        const [ours, theirs] = [a.measures[i]!, b.measures[i]!]
        if (!usesHashes) return measure.merge(ours, theirs)
        return Number(measure.finish(ours)) >= Number(measure.finish(theirs)) ? ours : theirs
      }),
    }),
    addToSessions: (sessions, event, options) =>
      addToSessions(sessions, options.timeMs, gapMs!, { empty, merge, add: state => add(state, event, options) }),
    mergeSessions: (a, b) => mergeSessions(a, b, gapMs!, { empty, merge, add: state => state }),
    mergePersons: people.merge,
    show: state =>
      Object.fromEntries(measures.map(({ name, measure }, i) => [name, measure.finish(state.measures[i]!)])),
  }
}

const longer = <T>(a: T[], b: T[]): T[] => (a.length >= b.length ? a : b)

const hashing = (kind: string) => ({ usesHashes: kind === 'distinct' })

function noHash(): never {
  throw new Error('what is counted by hashes was asked for without a key')
}

/** What is counted, and in which windows; not how long it is kept, nor what is shown beside it. */
function identityOf({ window, groupBy, where, measures, k, latenessMs }: Aggregate): string {
  const counted = {
    window,
    groupBy: groupBy.map(({ pointer }) => pointer),
    where: where.map(({ level: _, ...condition }) => condition),
    measures: measures.map(({ kind, pointer, parameters }) => [kind, pointer ?? null, parameters]),
    k,
    latenessMs,
  }
  return hash('sha256', JSON.stringify(counted)).slice(0, 8)
}

/** Whether all that a condition states holds of the value at its pointer. */
export function holds({ minimum, maximum, equals, oneOf }: Condition, value: JsonValue | undefined): boolean {
  if (minimum !== undefined && !(typeof value === 'number' && value >= minimum)) return false
  if (maximum !== undefined && !(typeof value === 'number' && value <= maximum)) return false
  if (equals !== undefined && value !== equals) return false
  return oneOf === undefined || oneOf.includes(value as string)
}

/** One value for what is missing, null, or no single value. */
function groupValue(value: JsonValue | undefined): JsonValue {
  if (value === undefined || value === null) return null
  if (isDomainToken(value)) return value.tokens.at(-1)!
  if (Array.isArray(value) || isJsonObject(value)) return null
  if (typeof value !== 'string') return value
  const text = value.normalize('NFC')
  return text.length <= MAX_GROUP_TEXT ? text : `${text.slice(0, MAX_GROUP_TEXT).toWellFormed()}…`
}
