// What every side of the documents port refuses before anything is written or read: one set of checks for all.

import type { JsonObject } from '../json.ts'
import type { FilterValue, StoredDocument } from './documents.ts'

const MAX_LIMIT = 1_000

/** @throws TypeError for what is no well-formed string */
export function checkedId(id: string): string {
  if (typeof id !== 'string' || !id.isWellFormed()) throw new TypeError('a document id is a well-formed string')
  return id
}

/** @throws RangeError for more than 1,000; TypeError for what is no well-formed string */
export function checkedIds(ids: string[]): string[] {
  if (ids.length > MAX_LIMIT) throw new RangeError(`at most ${MAX_LIMIT} documents are asked for at once`)
  return ids.map(checkedId)
}

/** @throws TypeError for an id, a version, an expiry or an indexed member that cannot be stored */
export function checkDocument({ id, version, expiresAtMs, body }: StoredDocument, indexes: Iterable<string>): void {
  if (!Number.isSafeInteger(version)) throw new TypeError('a document version is a safe integer')
  if (expiresAtMs !== null && !Number.isSafeInteger(expiresAtMs))
    throw new TypeError('expiresAtMs is an integer or null')
  for (const member of indexes) checkIndexed(body, member)
  checkedId(id)
}

function checkIndexed(body: JsonObject, member: string): void {
  const value = Object.hasOwn(body, member) ? (body[member] ?? null) : null
  if (value === null || typeof value === 'string' || typeof value === 'number') return
  throw new TypeError(`the indexed member ${member} holds neither a string nor a number`)
}

/** @throws TypeError for what is neither a well-formed string nor a finite number */
export function checkedValue(value: unknown): FilterValue {
  if (typeof value === 'string' ? value.isWellFormed() : Number.isFinite(value)) return value as FilterValue
  throw new TypeError('a filter value is a well-formed string or a finite number')
}

/** The kind of a range's values. @throws TypeError for a range without an end, or over values of two kinds */
export function kindOfRange({ from, before }: { from?: FilterValue; before?: FilterValue }): 'string' | 'number' {
  const kind = typeof checkedValue(from ?? before)
  if (before !== undefined && typeof checkedValue(before) !== kind)
    throw new TypeError('a range is over values of one kind')
  return kind as 'string' | 'number'
}

/** @throws RangeError for a member without an index */
export function checkedMember(indexes: Set<string>, member: string): string {
  if (!indexes.has(member)) throw new RangeError('a filtered or sorted member needs an index')
  return member
}

/** @throws RangeError for anything but 1 to 1,000 */
export function checkedLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit
  throw new RangeError(`a limit is 1 to ${MAX_LIMIT}`)
}
