// Events as rows of columns: the envelope's, and one for each value of an event, named by its JSON Pointer. A column is
// of one kind for ever; a value of another kind goes, as JSON, into a column beside it, so that files of all schema
// versions can be read as one table.

import { formatPointer, parsePointer } from '../../governance/contract/json-pointer.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.ts'
import type { ColumnKind } from '../../storage/lake-manifest.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'

/** A cell: times are ms since the epoch. Null where an event has no value. */
export type Cell = string | number | boolean | null
export type LakeRow = Record<string, Cell>

/** Columns of every file, before those of the events. */
export const envelopeColumns = {
  dataset: 'text',
  id: 'text',
  time: 'time',
  received_at: 'time',
  subject: 'text',
  others: 'json',
  schema: 'text',
  policy: 'text',
  rectifies: 'text',
  rectified_at: 'time',
  incarnation: 'text',
  partition: 'integer',
  offset: 'integer',
} as const satisfies Record<string, ColumnKind>

/** What no pointer ends with. */
const AS_JSON = '~json'

/** @param kinds of all columns there have been; those that come with this event are added */
export function toRow(event: StoredEvent, kinds: Record<string, ColumnKind>): LakeRow {
  const { position, others = [] } = event
  const row: LakeRow = {
    dataset: event.dataset,
    id: event.id,
    time: Date.parse(event.time),
    received_at: Date.parse(event.receivedAt),
    subject: event.subject,
    others: others.length > 0 ? JSON.stringify(others) : null,
    schema: event.schema,
    policy: event.policy,
    rectifies: event.rectifies ?? null,
    rectified_at: event.rectifiedAt ? Date.parse(event.rectifiedAt) : null,
    incarnation: position.incarnation,
    partition: position.partition,
    offset: position.offset,
  }
  addValues(event.event, '', row, kinds)
  return row
}

/** The columns of a file of these rows. */
export function columnsOf(rows: LakeRow[], kinds: Record<string, ColumnKind>): Map<string, ColumnKind> {
  const names = new Set<string>()
  for (const row of rows) for (const name in row) names.add(name)
  const all = Object.entries({ ...envelopeColumns, ...kinds })
  return new Map(all.filter(([name]) => name in envelopeColumns || names.has(name)))
}

/** The same row about another event. */
export function withEvent(row: LakeRow, event: JsonObject, kinds: Record<string, ColumnKind>): LakeRow {
  const changed: LakeRow = Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('/')))
  addValues(event, '', changed, kinds)
  return changed
}

/** The event of a row. What was null in it, or an empty object, is left out. */
export function eventOf(row: LakeRow, kinds: Record<string, ColumnKind>): JsonObject {
  const event: JsonObject = {}
  for (const [name, cell] of Object.entries(row)) {
    if (!name.startsWith('/') || cell === null) continue
    const tokens = parsePointer(name.endsWith(AS_JSON) ? name.slice(0, -AS_JSON.length) : name)!
    const value = kinds[name] === 'json' ? (JSON.parse(cell as string) as JsonValue) : cell
    let place = event
    for (const token of tokens.slice(0, -1)) {
      if (!Object.hasOwn(place, token)) setMember(place, token, {})
      place = place[token] as JsonObject
    }
    setMember(place, tokens.at(-1)!, value)
  }
  return event
}

function addValues(value: JsonValue, pointer: string, row: LakeRow, kinds: Record<string, ColumnKind>): void {
  if (isJsonObject(value)) {
    for (const [name, member] of Object.entries(value)) addValues(member, pointer + formatPointer([name]), row, kinds)
  } else if (value !== null) {
    const kind = kindOf(value)
    kinds[pointer] ??= kind
    const known = kinds[pointer]
    if (known === kind && kind !== 'json') row[pointer] = value as Cell
    else if (known === 'json') row[pointer] = JSON.stringify(value)
    else {
      kinds[pointer + AS_JSON] = 'json'
      row[pointer + AS_JSON] = JSON.stringify(value)
    }
  }
}

function kindOf(value: JsonValue): 'text' | 'number' | 'boolean' | 'json' {
  if (typeof value === 'string') return 'text'
  if (typeof value === 'number') return 'number'
  return typeof value === 'boolean' ? 'boolean' : 'json'
}

/** Also of a name that means something to JavaScript. */
function setMember(object: JsonObject, name: string, value: JsonValue): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}
