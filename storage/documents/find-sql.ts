// Filters, order and pages of the documents port in SQL. Compares as MongoDB does: a range matches values of its own
// kind alone, numbers come before strings, and a document without the member comes first and matches no filter.

import type { SQLInputValue } from 'node:sqlite'
import { sqlName } from '../sqlite/sql-name.ts'
import { checkedLimit, checkedMember, checkedValue, kindOfRange } from './check-documents.ts'
import type { Filter, FilterValue, FindOptions } from './documents.ts'

/** What a generated column holds where a document has no value. */
const MISSING = Number.NEGATIVE_INFINITY

export interface Query {
  sql: string
  values: SQLInputValue[]
}

/** What follows `SELECT … FROM table`. @throws RangeError for a member without an index or a limit out of bounds. */
export function findSql(indexes: Set<string>, { where = {}, sort, after, limit }: FindOptions): Query {
  const query = whereSql(indexes, where)
  const column = sort && columnOf(indexes, sort.by)
  const descending = sort?.order === 'descending'
  if (after) {
    const sign = descending ? '<' : '>'
    query.conditions.push(column ? `(${column}, id) ${sign} (?, ?)` : `id ${sign} ?`)
    if (column) query.values.push(after.value === undefined ? MISSING : checkedValue(after.value))
    query.values.push(checkedValue(after.id))
  }
  const direction = descending ? 'DESC' : 'ASC'
  return {
    sql: `${joined(query.conditions)} ORDER BY ${column ? `${column} ${direction}, ` : ''}id ${direction} LIMIT ?`,
    values: [...query.values, checkedLimit(limit)],
  }
}

/** What follows `UPDATE table`, for row ids from one bound to the next, given as ?1 and ?2. @throws RangeError as `findSql` does. */
export function setExpirySql(
  indexes: Set<string>,
  { where, from, retentionMs }: { where: Filter; from: string; retentionMs: number },
): Query {
  const { conditions, values } = whereSql(indexes, where)
  // In milliseconds; null for what is no time.
  const time = "CAST(round(unixepoch(body ->> ?3, 'subsec') * 1000) AS INTEGER)"
  return {
    // By row id: an index would be read whole for every batch.
    sql: `NOT INDEXED SET expires_at_ms = ${time} + ?4
      ${joined(['rowid >= ?1', 'rowid < ?2', `${time} IS NOT NULL`, ...conditions])}`,
    values: [`$.${JSON.stringify(from)}`, retentionMs, ...values],
  }
}

/** The whole query: `value` and `count`, largest first. @throws RangeError as `findSql` does. */
export function countSql(
  indexes: Set<string>,
  table: string,
  { member, where, limit }: { member: string; where: Filter; limit: number },
): Query {
  const column = columnOf(indexes, member)
  const { conditions, values } = whereSql(indexes, where)
  return {
    sql: `SELECT ${column} AS value, count(*) AS count FROM ${table} ${joined([...conditions, `${column} > ?`])}
      GROUP BY ${column} ORDER BY count DESC, value LIMIT ?`,
    values: [...values, MISSING, checkedLimit(limit)],
  }
}

function whereSql(indexes: Set<string>, where: Filter): { conditions: string[]; values: SQLInputValue[] } {
  const conditions: string[] = []
  const values: SQLInputValue[] = []
  for (const [member, filter] of Object.entries(where)) {
    const column = columnOf(indexes, member)
    if (typeof filter !== 'object' || filter === null) {
      conditions.push(`${column} = ?`)
      values.push(checkedValue(filter))
    } else {
      conditions.push(`${column} >= ?`, `${column} < ?`)
      values.push(...bounds(filter))
    }
  }
  return { conditions, values }
}

/** From and before; an open end is the end of the other's kind: every number sorts before '', every string before a blob. */
function bounds(range: { from?: FilterValue; before?: FilterValue }): [SQLInputValue, SQLInputValue] {
  const { from, before } = range
  return kindOfRange(range) === 'string'
    ? [from ?? '', before ?? new Uint8Array()]
    : [from ?? -Number.MAX_VALUE, before ?? '']
}

function columnOf(indexes: Set<string>, member: string): string {
  return `m_${sqlName(checkedMember(indexes, member))}`
}

const joined = (conditions: string[]) => (conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '')
