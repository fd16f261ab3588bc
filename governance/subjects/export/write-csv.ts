// A person's records of one dataset as a table (RFC 4180): a row for each, a column for each field. Nothing in it is a
// formula to a spreadsheet.

import type { JsonObject, JsonValue } from '../../../storage/json.ts'
import { isJsonObject } from '../../../storage/json.ts'
import { formatPointer } from '../../contract/json-pointer.ts'
import type { DatasetData, OwnRecord } from './personal-data.ts'

/** What spreadsheets take for the beginning of a formula, in any width; or skip before one. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/
/** Written at a time. */
const ROWS = 500
const FACTS = ['kind', 'id', 'time', 'receivedAt', 'held', 'rectifies', 'rectifiedBy', 'keptUntil'] as const

export interface RecordTable {
  /** The facts beside the event, then pointers of fields. */
  columns: string[]
  rows: (JsonValue | undefined)[][]
}

/** Arrays, and maps that are treated as one value, stay in one cell: the columns are those of the schema. */
export function recordTable({ records, contracts }: Pick<DatasetData, 'records' | 'contracts'>): RecordTable {
  const whole = new Set(contracts.flatMap(({ fields }) => fields.flatMap(field => (field.whole ? field.pointer : []))))
  const flat = records.map(({ event }) => flatten(event, whole))
  const pointers = [...new Set(flat.flatMap(cells => [...cells.keys()]))]
  return {
    columns: [...FACTS, ...pointers],
    rows: records.map((record, i) => [...factsOf(record), ...pointers.map(pointer => flat[i]!.get(pointer))]),
  }
}

/** Many lines at a time. */
export function* writeCsv({ columns, rows }: RecordTable): Generator<string> {
  yield lineOf(columns)
  for (let from = 0; from < rows.length; from += ROWS)
    yield rows
      .slice(from, from + ROWS)
      .map(lineOf)
      .join('')
}

function lineOf(row: (JsonValue | undefined)[]): string {
  return `${row.map(cellOf).join(',')}\r\n`
}

/** A value as text: containers as JSON. */
export function valueText(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function cellOf(value: JsonValue | undefined): string {
  const text = valueText(value)
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function factsOf(record: OwnRecord): JsonValue[] {
  return FACTS.map(name => record[name])
}

function flatten(event: JsonObject, whole: ReadonlySet<string>): Map<string, JsonValue> {
  const cells = new Map<string, JsonValue>()
  const visit = (value: JsonValue, pointer: string) => {
    if (!isJsonObject(value) || whole.has(pointer)) cells.set(pointer, value)
    else for (const [name, member] of Object.entries(value)) visit(member, pointer + formatPointer([name]))
  }
  for (const [name, member] of Object.entries(event)) visit(member, formatPointer([name]))
  return cells
}
