// Reads from a raw event what the policy's `event` section points at: its id, its time, its persons. Compiled once
// per contract; never throws, whatever an event holds, and never repeats a value in what it says.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { isJsonObject } from '../../storage/json.ts'
import type { Contract, SubjectRule, Violation } from './contract.ts'
import { readInstant } from './instant.ts'
import { parsePointer } from './json-pointer.ts'

export interface EventTime {
  /** RFC 3339, UTC, milliseconds. */
  time: string
  /** A local time that its zone had twice: the first was taken. */
  ambiguous: boolean
}

/** One subject of an event. */
export interface SubjectIds {
  rule: SubjectRule
  /** Canonical: NFC, an integer in decimal. Undefined when it is absent or stands for nobody. */
  id: string | undefined
  /** Canonical: NFC, trimmed, lower case. */
  aliases: { type: string; id: string }[]
}

export interface EventReaders {
  /** The event's id as text; undefined when it has none. */
  id(event: JsonObject): string | undefined
  /** When it happened; undefined when the event does not say. */
  time(event: JsonObject): EventTime | undefined | Violation
  /** Its subjects in the contract's order. */
  subjects(event: JsonObject): SubjectIds[] | Violation
  /** The same of an event that may break its contract: an id that cannot be read counts as absent. */
  subjectsAnyhow(event: JsonObject): SubjectIds[]
}

/** All readers of a contract. */
export function eventReaders(contract: Pick<Contract, 'eventId' | 'eventTime' | 'subjects'>): EventReaders {
  const readId = contract.eventId && readPointer(contract.eventId.pointer)
  const subjectReaders = contract.subjects.map(readSubject)
  return {
    id: event => {
      const id = readId?.(event)
      return typeof id === 'string' ? id : integerText(id)
    },
    time: readEventTime(contract.eventTime),
    subjects: event => {
      const found = subjectReaders.map(read => read(event))
      return found.find(isViolation) ?? (found as SubjectIds[])
    },
    subjectsAnyhow: event =>
      subjectReaders.map((read, i) => {
        const found = read(event)
        return isViolation(found) ? { rule: contract.subjects[i]!, id: undefined, aliases: [] } : found
      }),
  }
}

/** Reads the value at a pointer through objects' own members; undefined when nothing is there. */
export function readPointer(pointer: string): (event: JsonObject) => JsonValue | undefined {
  const tokens = parsePointer(pointer) ?? []
  return event => {
    let value: JsonValue = event
    for (const token of tokens) {
      if (!isJsonObject(value) || !Object.hasOwn(value, token)) return undefined
      value = value[token]!
    }
    return value
  }
}

/** Reads the event's time; a time that never was, or that has no offset where none is agreed, is a violation. */
function readEventTime(at: Contract['eventTime']): (event: JsonObject) => EventTime | undefined | Violation {
  if (!at) return () => undefined
  const read = readPointer(at.pointer)
  const { pointer, zone } = at
  return event => {
    const value = read(event)
    if (value === undefined || value === null) return undefined
    const instant = typeof value === 'string' ? readInstant(value, zone) : 'malformed'
    if (typeof instant === 'object') {
      return { time: new Date(instant.epochMs).toISOString(), ambiguous: instant.ambiguous }
    }
    return { pointer, keyword: 'time', ...problems[instant](zone) }
  }
}

const problems: Record<
  'malformed' | 'impossible' | 'gap' | 'offset',
  (zone?: string) => Pick<Violation, 'detail' | 'fix'>
> = {
  malformed: zone => ({
    detail: 'this is no date and time',
    fix: `Send it as RFC 3339 says, such as 2026-04-17T10:30:00Z${zone ? `, or without offset in the zone ${zone}` : ''}.`,
  }),
  impossible: () => ({
    detail: 'there is no such date or time',
    fix: 'Send a date of the calendar and a time of the day.',
  }),
  gap: zone => ({
    detail: `the clocks of ${zone} were put forward over this time: it never was`,
    fix: 'Send the time with its offset from UTC.',
  }),
  offset: () => ({
    detail: 'the time has no offset from UTC, and no zone is agreed for it',
    fix: 'Send the time with its offset, such as 2026-04-17T10:30:00+02:00.',
  }),
}

/** Reads one of those whom the event is about. An empty id, or one that is neither text nor integer, is a violation. */
function readSubject(rule: SubjectRule): (event: JsonObject) => SubjectIds | Violation {
  const read = readPointer(rule.pointer)
  const aliases = rule.aliases.map(({ type, pointer }) => ({ type, read: readPointer(pointer) }))
  return event => {
    const value = read(event) ?? undefined
    const id = canonicalId(value)
    if ((value !== undefined && id === undefined) || id === '') return badSubject(rule)
    return {
      rule,
      id: id !== undefined && rule.sentinels.has(id) ? undefined : id,
      aliases: aliases.flatMap(({ type, read }) => {
        const alias = read(event)
        const name = typeof alias === 'string' ? alias.normalize('NFC').trim().toLowerCase() : integerText(alias)
        return name ? [{ type, id: name }] : []
      }),
    }
  }
}

/** A person's id as it is looked up; undefined for what is none. */
export function canonicalId(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value.normalize('NFC') : integerText(value)
}

const isViolation = (read: SubjectIds | Violation): read is Violation => 'keyword' in read

function badSubject(rule: SubjectRule): Violation {
  return {
    pointer: rule.pointer,
    keyword: 'subject',
    detail: `the ${rule.name}'s id must be a text of at least one character, or an integer`,
    fix: 'Send the id under which you know this person.',
  }
}

function integerText(value: JsonValue | undefined): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : undefined
}
