// Takes persons out of stored events that are mainly about somebody else: their pseudonym, and the fields that are of
// them. The event stays.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { isJsonObject } from '../../storage/json.ts'
import type { StoredContract } from '../../storage/stored-shapes.ts'
import { readPointer } from '../contract/event-parts.ts'
import { parsePointer } from '../contract/json-pointer.ts'

/** The event without what is of these persons, as a new object; the event itself where it names none of them. */
export function redactSubjects(
  event: JsonObject,
  { fields, event: { subjects } }: Pick<StoredContract, 'fields' | 'event'>,
  pseudonyms: ReadonlySet<string>,
): JsonObject {
  const named = subjects.slice(1).filter(({ pointer }) => pseudonyms.has(readPointer(pointer)(event) as string))
  if (named.length === 0) return event
  const names = new Set(named.map(({ name }) => name))
  const places = [
    ...named.map(({ pointer }) => pointer),
    ...fields.flatMap(({ pointer, of }) => (of !== undefined && names.has(of) ? pointer : [])),
  ]
  const redacted = structuredClone(event)
  for (const place of places) setNull(redacted, parsePointer(place) ?? [])
  return redacted
}

/** Every value that the pattern names becomes null; what is not there stays away. */
function setNull(value: JsonValue, [token, ...rest]: string[]): void {
  if (token === undefined) return
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      if (rest.length === 0) value[i] = null
      else setNull(item, rest)
    }
  } else if (isJsonObject(value) && Object.hasOwn(value, token)) {
    if (rest.length === 0) value[token] = null
    else setNull(value[token]!, rest)
  }
}
