// Cells on their way into SQLite and back: checked against their column's type first, since SQLite itself would take
// anything.

import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import { type CellValue, type ColumnType, MAX_TTL_SECONDS, type Row } from './tables.ts'

const MAX_BIGINT = 2n ** 63n - 1n
/** The greatest distance from the epoch that a Date can hold, in ms. */
const MAX_TIMESTAMP_MS = 8.64e15

const HOLDS: Record<ColumnType, (value: CellValue) => boolean> = {
  text: value => typeof value === 'string' && value.isWellFormed(),
  bigint: value => typeof value === 'bigint' && value >= -MAX_BIGINT - 1n && value <= MAX_BIGINT,
  double: value => Number.isFinite(value),
  boolean: value => typeof value === 'boolean',
  timestamp: value => Number.isInteger(value) && Math.abs(value as number) <= MAX_TIMESTAMP_MS,
}

/** @throws TypeError for a value that is not of this type; null is of none. */
export function bindCell(column: string, type: ColumnType, value: CellValue): SQLInputValue {
  if (!HOLDS[type](value)) throw new TypeError(`column ${column} takes a ${type}`)
  return typeof value === 'boolean' ? Number(value) : value
}

/**
 * The cells of a row in the order of `columns`, of which the first `keys` are key columns; a column left out is null.
 * @throws TypeError for a column that is not among them, a null key, a value that is not of its column's type
 */
export function bindRow(columns: [string, ColumnType][], keys: number, row: Row): SQLInputValue[] {
  const names = new Set(columns.map(([name]) => name))
  if (!Object.keys(row).every(name => names.has(name)))
    throw new TypeError('a row names a column that is not expected here')
  return columns.map(([name, type], i) => {
    const value = Object.hasOwn(row, name) ? row[name]! : null
    return value === null && i >= keys ? null : bindCell(name, type, value)
  })
}

/** A row as the port gives it, from one read with big integers. */
export function toRow(columns: [string, ColumnType][], cells: SQLOutputValue[]): Row {
  return Object.fromEntries(
    columns.map(([name, type], i) => {
      const cell = cells[i] as string | number | bigint | null
      if (cell === null) return [name, null]
      if (type === 'boolean') return [name, cell === 1n]
      return [name, type === 'timestamp' ? Number(cell) : cell]
    }),
  )
}

/** @throws TypeError unless it is a bigint from 0 to 2⁶³ − 1 */
export function checkedWriteVersion(writeVersion: bigint): bigint {
  if (typeof writeVersion === 'bigint' && writeVersion >= 0n && writeVersion <= MAX_BIGINT) return writeVersion
  throw new TypeError('a write version is a bigint from 0 to 2^63 - 1')
}

/** When a row written now disappears, in ms since the epoch. @throws RangeError for less than a second, or over 20 years */
export function expiryOf(ttlSeconds: number | null, nowMs: number): number | null {
  if (ttlSeconds === null) return null
  if (Number.isInteger(ttlSeconds) && ttlSeconds >= 1 && ttlSeconds <= MAX_TTL_SECONDS)
    return nowMs + ttlSeconds * 1_000
  throw new RangeError(`ttlSeconds is 1 to ${MAX_TTL_SECONDS}, or null`)
}
