// The JSON value, as a type.

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject
export type JsonObject = { [member: string]: JsonValue }

/** Whether a value is a JSON object: neither an array nor null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
