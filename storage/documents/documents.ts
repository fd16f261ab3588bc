// The documents port: JSON documents by collection and id, as MongoDB understands them, kept small enough that an
// embedded store can keep every promise: absolute writes, guarded by a version, and bounded reads by declared indexes.

import type { JsonObject } from '../json.ts'

/** A stored document. `id` is its identity in the collection. */
export interface StoredDocument {
  id: string
  /** Grows with every newer write; a write with an equal or smaller version changes nothing. */
  version: number
  /** When retention ends, in ms since the epoch; null keeps the document. */
  expiresAtMs: number | null
  body: JsonObject
}

/** Collections are declared before they are used: the indexed members are those one may filter and sort by. */
export interface CollectionSettings {
  /** Top-level members of `body` that hold a string or a number, or are missing or null; any other value is refused. */
  indexes: string[]
  /**
   * Members that are asked for together, in this order: those filtered by, then the one sorted or counted by. Where a
   * collection grows large, such a question reads what it answers with, and no more.
   */
  together?: string[][]
}

export type FilterValue = string | number
/**
 * Equality, or a range over an indexed member: `{ dataset: 'a', time: { from: 'x', before: 'y' } }`. Strings match
 * strings and numbers match numbers.
 */
export type Filter = Record<string, FilterValue | { from?: FilterValue; before?: FilterValue }>

export interface FindOptions {
  where?: Filter
  /**
   * An indexed member to sort by, ties broken by id in the same direction; by id alone, ascending, when left out. As in
   * MongoDB, a document without a value there comes before numbers, and these before strings.
   */
  sort?: { by: string; order: 'ascending' | 'descending' }
  /** Continue after this document of an earlier page: the sort member's value there (left out if it has none), and its id. */
  after?: { value?: FilterValue; id: string }
  /** 1 to 1,000. */
  limit: number
}

export interface Documents {
  ensureCollection(collection: string, settings: CollectionSettings): Promise<void>
  /**
   * Writes each document unless one with its id is there already. Resolves, in the order given, with what stands
   * stored under each id afterwards: the first writer's document, whoever that was. Copies inside one call count too.
   * @throws TypeError, before anything is written, for an id or an indexed member that cannot be stored.
   */
  insertFirst(collection: string, documents: StoredDocument[]): Promise<StoredDocument[]>
  /** Writes each document whole if it is new or its version is greater than the stored one's. */
  upsertNewer(collection: string, documents: StoredDocument[]): Promise<void>
  get(collection: string, id: string): Promise<StoredDocument | undefined>
  /** What is stored of these ids, in the order given; up to 1,000 of them. @throws RangeError for more */
  getAll(collection: string, ids: string[]): Promise<(StoredDocument | undefined)[]>
  /** A page of documents, sorted. @throws RangeError for a member without an index or a limit out of bounds. */
  find(collection: string, options: FindOptions): Promise<StoredDocument[]>
  /** How many documents share each value of an indexed member: at most `limit` groups, the largest first. */
  countBy(
    collection: string,
    member: string,
    options: { where?: Filter; limit: number },
  ): Promise<{ value: FilterValue; count: number }[]>
  delete(collection: string, ids: string[]): Promise<void>
  /**
   * Brings the expiry of the documents that fit the filter to the time in a member of `body` (RFC 3339) + `retentionMs`.
   * One without such a time keeps its expiry; versions stay. Idempotent.
   */
  setExpiry(collection: string, options: { where: Filter; from: string; retentionMs: number }): Promise<void>
  /** Removes documents whose retention has ended; how many. */
  expire(nowMs: number): Promise<number>
  /**
   * Makes sure that none of these texts is left in the store's own files where nothing refers to them any more. A server
   * is asked for nothing: it says itself when it writes its files anew. Without texts, nobody knows any more what was
   * removed: then the files are written anew whatever stands in them.
   */
  scrub(texts: string[] | undefined): Promise<'searched' | 'left to the server'>
  /** Rejects with DocumentsUnavailable when the store cannot be reached or written. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The document store cannot be reached or written; the `cause` says why. */
export class DocumentsUnavailable extends Error {
  override name = 'DocumentsUnavailable'
}
