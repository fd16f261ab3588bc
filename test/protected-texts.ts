// What stands in a protected event: for whom it is noise without a key, and what anybody can read.

import { isJsonObject, type JsonObject, type JsonValue } from '../storage/json.ts'

/** Its tokens and ciphertexts. */
export function textsIn(value: JsonValue): string[] {
  if (typeof value === 'string') return /^(enc1|tok1\.person)\./.test(value) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

/** Values that anybody can read in a protected event. */
export function readablePlaces(event: JsonObject): string[] {
  const places = new Set<string>()
  const visit = (value: JsonValue, pattern: string) => {
    if (Array.isArray(value)) for (const item of value) visit(item, `${pattern}/*`)
    else if (isJsonObject(value))
      for (const [name, member] of Object.entries(value)) visit(member, `${pattern}/${name}`)
    else if (value !== null && !/^(enc1|tok1\.person)\./.test(String(value))) places.add(pattern)
  }
  visit(event, '')
  return [...places]
}
