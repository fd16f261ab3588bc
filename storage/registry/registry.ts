// The registry port: JSON Schemas by numeric id, versioned per registry subject, as a Confluent-compatible schema
// registry understands it. It holds the derived schemas: what a stored event looks like after protection.

export type JsonSchema = { [keyword: string]: unknown }

export interface RegisteredSchema {
  id: number
  /** 1, 2, 3 … in one registry subject. */
  version: number
  schema: JsonSchema
}

export interface Registry {
  /**
   * The id of this schema in the registry subject, registering it as the next version if it is new there. Idempotent;
   * equal content (as a JSON value, whatever the order of members) has one id across registry subjects.
   */
  register(registrySubject: string, schema: JsonSchema): Promise<number>
  /** The schema with this id, or undefined. */
  schemaById(id: number): Promise<JsonSchema | undefined>
  /** Every version of a registry subject, oldest first; empty if there is none. */
  versions(registrySubject: string): Promise<RegisteredSchema[]>
  /** Rejects with RegistryUnavailable when the registry cannot be reached or written. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The registry cannot be reached or written; the `cause` says why. */
export class RegistryUnavailable extends Error {
  override name = 'RegistryUnavailable'
}
