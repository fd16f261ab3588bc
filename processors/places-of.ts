// Where an event holds values, as patterns of pointers: what can be told of an event without telling what is in it.

import { formatPointer } from '../governance/contract/json-pointer.ts'
import { isJsonObject, type JsonValue } from '../storage/json.ts'

/** Patterns of an event's values, `*` for the items of an array, each once; null counts as nothing. */
export function placesOf(event: JsonValue): string[] {
  const places = new Set<string>()
  const visit = (value: JsonValue, pattern: string) => {
    if (Array.isArray(value)) for (const item of value) visit(item, `${pattern}/*`)
    else if (isJsonObject(value))
      for (const [name, member] of Object.entries(value)) visit(member, pattern + formatPointer([name]))
    else if (value !== null) places.add(pattern)
  }
  visit(event, '')
  return [...places]
}
