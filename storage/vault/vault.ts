// The vault port: the only link between a person and their tokens. It stores sealed bytes and look-up hashes; it can
// open none of them. Everything in it that could name a person is a keyed hash or a ciphertext.

/** One person. `lookup` and aliases are keyed hashes (32 bytes, hex), made by `governance/subjects/`. */
export interface PersonEntry {
  lookup: string
  pseudonym: string
  /** The raw id, sealed under the person's key. */
  sealedId: Buffer
  /** The person's key, sealed under the epoch key. */
  sealedKey: Buffer
  epoch: number
  state: 'active' | 'restricted'
  /** Purposes the person objected to (GDPR art. 21). */
  objections: string[]
  aliases: string[]
}

/** What a look-up finds: a living entry, the trace of an erased one, or nothing. */
export type FoundPerson = PersonEntry | { lookup: string; state: 'erased' } | undefined

/** A key sealed under the key-encryption key, by name: `epoch/1`, `domain/marketing/2`, `quarantine/2026-11-21` … */
export interface SealedKey {
  name: string
  sealed: Buffer
  createdAtMs: number
  /** From then on it must not be used any more and may be deleted; null while it has no end. */
  endsAtMs: number | null
}

/** An API key: only a hash of its secret rests here. */
export interface Credential {
  id: string
  /** Hex SHA-256 of the secret, which holds 256 random bits. */
  secretSha256: string
  role: string
  /** Datasets it may touch; `*` is all. */
  datasets: string[]
  createdAtMs: number
  expiresAtMs: number | null
}

export interface Vault {
  /** One look-up for many persons, answers in the order given. */
  findPersons(lookups: string[]): Promise<FoundPerson[]>
  /** Inserts each entry unless its look-up hash is known or erased; the caller reads again to learn who won. */
  insertPersonsIfAbsent(entries: PersonEntry[]): Promise<void>
  /** Adds alias hashes to living entries. Idempotent. */
  addAliases(additions: { lookup: string; aliases: string[] }[]): Promise<void>
  /** Living entries that answer to an alias hash. */
  findByAlias(alias: string): Promise<PersonEntry[]>
  findByPseudonym(pseudonym: string): Promise<PersonEntry | undefined>
  /** Sets a living entry's state and objections; false if there is none. */
  updatePerson(lookup: string, change: { state?: 'active' | 'restricted'; objections?: string[] }): Promise<boolean>
  /**
   * Destroys a living entry. What remains are two unlinked facts: this look-up hash was erased, that pseudonym was.
   * False if there was none (again: idempotent).
   */
  erasePerson(lookup: string): Promise<boolean>
  /** Which of these pseudonyms were erased. */
  findErasedPseudonyms(pseudonyms: string[]): Promise<Set<string>>

  /** Inserts a key unless its name is taken, and returns what stands there. */
  putKeyIfAbsent(key: SealedKey): Promise<SealedKey>
  /** Keys whose name starts with the prefix, sorted by name. */
  listKeys(prefix: string): Promise<SealedKey[]>
  setKeyEnd(name: string, endsAtMs: number): Promise<void>
  /** Deletes keys that ended before `nowMs`; their names. */
  deleteEndedKeys(nowMs: number): Promise<string[]>

  putCredential(credential: Credential): Promise<void>
  findCredential(id: string): Promise<Credential | undefined>
  listCredentials(): Promise<Credential[]>
  deleteCredential(id: string): Promise<boolean>

  /** A setting all processes share, given `value` if it has none yet. */
  settingOr(name: string, value: string): Promise<string>
  /** The setting as it stands, undefined if nobody has given it a value. */
  findSetting(name: string): Promise<string | undefined>
  /** Gives the setting this value, whatever it had. */
  putSetting(name: string, value: string): Promise<void>
  /** Rejects with VaultUnavailable when the vault cannot be reached or written. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The vault cannot be reached or written; the `cause` says why. */
export class VaultUnavailable extends Error {
  override name = 'VaultUnavailable'
}
