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
  state: PersonState
  /** Purposes the person objected to (GDPR art. 21). */
  objections: string[]
  /** Why the person must not be erased, sealed under the person's key; null while no legal hold stands. */
  sealedHold: Buffer | null
  aliases: string[]
}

export const personStates = ['active', 'restricted', 'erasing'] as const
/** `erasing`: fenced as if erased already, while the key still lives. */
export type PersonState = (typeof personStates)[number]

/** What may be set on a living entry, or asked of it. */
export interface PersonChange {
  state?: PersonState
  sealedHold?: Buffer | null
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
  /** What people call it; '' if nothing. */
  name: string
  /** Hex SHA-256 of the secret, which holds 256 random bits. */
  secretSha256: string
  roles: string[]
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
  /** Living entries of these pseudonyms, in no order. */
  findByPseudonyms(pseudonyms: string[]): Promise<PersonEntry[]>
  /** Which of these pseudonyms nothing may be read of: restricted, being erased, or erased. */
  findUnreadable(pseudonyms: string[]): Promise<Set<string>>
  /** Living entries by look-up hash, after `after` (exclusive): at most `limit` (1 to 1,000), of earlier epochs only if asked. */
  listPersons(options: { after?: string; limit: number; epochBelow?: number }): Promise<PersonEntry[]>
  /**
   * Changes a living entry; false if there is none, if it is not as `from` says, or if a legal hold would stand for
   * somebody who is being erased: of the two, the first one stands.
   */
  updatePerson(lookup: string, change: PersonChange, from?: PersonChange): Promise<boolean>
  /** Adds a purpose to what a living person objected to, or takes one away; of several at once none is lost. Idempotent; false if there is none. */
  changeObjections(lookup: string, change: { add?: string; remove?: string }): Promise<boolean>
  /** Seals a living person's key anew, if it still is sealed as `from`; false if it is not. */
  rewrapPerson(lookup: string, from: Buffer, to: { sealedKey: Buffer; epoch: number }): Promise<boolean>
  /** Brings a living entry under another look-up hash, with its key sealed for that place; false if there is none, it is being erased, or its new place is taken. */
  moveLookup(from: string, to: { lookup: string; sealedKey: Buffer; epoch: number }): Promise<boolean>
  /**
   * Destroys a living entry. What remains are two unlinked facts: this look-up hash was erased, that pseudonym was.
   * False if there is none of both (again: idempotent): who lives under the hash since is somebody else.
   */
  erasePerson(lookup: string, pseudonym: string): Promise<boolean>
  /** Which of these pseudonyms were erased. */
  findErasedPseudonyms(pseudonyms: string[]): Promise<Set<string>>
  /**
   * Records what was erased elsewhere or before a restore; entries that live again under one of them are destroyed. The
   * look-up hash of one that is destroyed by its pseudonym may be used again, unless it is among these itself.
   */
  addErased(erased: { lookups: string[]; pseudonyms: string[] }): Promise<void>
  /** Lets an erased look-up hash be used again: by a new entry, with a new key and pseudonym. False if it was not erased. */
  liftErasure(lookup: string): Promise<boolean>

  /** Inserts a key unless its name is taken, and returns what stands there. */
  putKeyIfAbsent(key: SealedKey): Promise<SealedKey>
  /** Keys whose name starts with the prefix, sorted by name. */
  listKeys(prefix: string): Promise<SealedKey[]>
  setKeyEnd(name: string, endsAtMs: number | null): Promise<void>
  /** Seals keys anew, all of them or none; names that are not there are passed over. */
  replaceKeys(keys: { name: string; sealed: Buffer }[]): Promise<void>
  /** Deletes a key and leaves no trace of it; false if there is none. */
  deleteKey(name: string): Promise<boolean>
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
  /** Settings whose name starts with the prefix, sorted by name: at most `limit` (1 to 1,000). */
  listSettings(prefix: string, limit: number): Promise<{ name: string; value: string }[]>
  /** False if nobody has given it a value. */
  deleteSetting(name: string): Promise<boolean>
  /** Rejects with VaultUnavailable when the vault cannot be reached or written. */
  ping(): Promise<void>
  close(): Promise<void>
}

const MAX_LISTED = 1_000

/** @throws RangeError for a list of fewer or more than may be asked for */
export function checkListed(limit: number): void {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= MAX_LISTED))
    throw new RangeError(`a limit is 1 to ${MAX_LISTED}`)
}

/** The vault cannot be reached or written; the `cause` says why. */
export class VaultUnavailable extends Error {
  override name = 'VaultUnavailable'
}
