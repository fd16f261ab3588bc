// How a document rests in MongoDB: its body as it is, so that whoever looks into the database can read and query it;
// as JSON text beside it where BSON cannot give it back exactly.

import type { JsonObject, JsonValue } from '../json.ts'
import type { StoredDocument } from './documents.ts'

export interface MongoForm {
  _id: string
  version: number
  /** Left out while the document has no end: the TTL index passes over it then. */
  expiresAt?: Date
  /** With `json` beside it, only what may be filtered and sorted by: the top-level texts, numbers, booleans and nulls. */
  body: JsonObject
  json?: string
}

/** Levels of objects and arrays in a body: MongoDB takes 100 in all. */
const MAX_DEPTH = 80
/** The greatest distance from the epoch that a Date can hold, in ms. */
const MAX_DATE_MS = 8.64e15

/** @throws TypeError for an expiry beyond the year 275760 */
export function toMongo({ id, version, expiresAtMs, body }: StoredDocument): MongoForm {
  if (expiresAtMs !== null && Math.abs(expiresAtMs) > MAX_DATE_MS)
    throw new TypeError('expiresAtMs is further from the epoch than a date can be')
  return {
    _id: id,
    version,
    ...(expiresAtMs !== null && { expiresAt: new Date(expiresAtMs) }),
    ...(isExact(body, 1) ? { body } : { body: scalarsOf(body), json: JSON.stringify(body) }),
  }
}

export function fromMongo({ _id, version, expiresAt, body, json }: MongoForm): StoredDocument {
  return {
    id: _id,
    version,
    expiresAtMs: expiresAt?.getTime() ?? null,
    body: json === undefined ? body : (JSON.parse(json) as JsonObject),
  }
}

/** Whether BSON, the driver and the server give this value back as JSON would. */
function isExact(value: JsonValue, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  if (depth > MAX_DEPTH) return false
  if (Array.isArray(value)) return value.every(each => isExact(each, depth + 1))
  return Object.keys(value).every(name => isSafeName(name) && isExact(value[name]!, depth + 1))
}

/**
 * `$` begins operators and references, zero ends a name in BSON, and the driver takes an object with `_bsontype` for a
 * type of its own. What is called `__proto__` a server was seen to give back as something else.
 */
function isSafeName(name: string): boolean {
  return name !== '_bsontype' && name !== '__proto__' && name[0] !== '$' && !name.includes('\0') && name.isWellFormed()
}

function scalarsOf(body: JsonObject): JsonObject {
  const isScalar = (value: JsonValue) => typeof value !== 'object' || value === null
  return Object.fromEntries(
    Object.entries(body).filter(([name, value]) => isSafeName(name) && isScalar(value) && isExact(value, 1)),
  )
}
