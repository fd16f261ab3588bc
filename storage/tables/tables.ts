// The tables port: wide rows by partition key and clustering key, as Cassandra understands them. Reads name one
// partition; writes are absolute and guarded by a write version, upserts and deletes alike.

export type ColumnType = 'text' | 'bigint' | 'double' | 'boolean' | 'timestamp'
/** text: string · bigint: bigint · double: number · boolean: boolean · timestamp: number of ms since the epoch. */
export type CellValue = string | number | bigint | boolean | null

/** Every column of the table; partition and clustering columns are named in order and never null. */
export interface TableSettings {
  columns: Record<string, ColumnType>
  partitionKey: string[]
  clusteringKey: { column: string; order: 'ascending' | 'descending' }[]
}

export type Row = Record<string, CellValue>

/** The longest time to live, which is Cassandra's: 20 years. */
export const MAX_TTL_SECONDS = 630_720_000

/** The greater write version wins, for upserts and deletes alike; an equal one changes nothing. */
export interface Upsert {
  row: Row
  writeVersion: bigint
  /** The row disappears this long after the write, at most `MAX_TTL_SECONDS`; null keeps it. */
  ttlSeconds: number | null
}

export interface Removal {
  /** Values of all partition and clustering columns. */
  key: Row
  writeVersion: bigint
}

export interface ReadOptions {
  /** Values of all partition columns. */
  partition: Row
  /** A range over the first clustering column: from ≤ value < before. */
  range?: { from?: CellValue; before?: CellValue }
  /** 1 to 10,000 rows, in clustering order. */
  limit: number
}

export interface Tables {
  ensureTable(table: string, settings: TableSettings): Promise<void>
  /** @throws TypeError, before anything is written, for a value that is not of its column's type. */
  upsert(table: string, upserts: Upsert[]): Promise<void>
  remove(table: string, removals: Removal[]): Promise<void>
  read(table: string, options: ReadOptions): Promise<Row[]>
  /** Removes rows whose time to live has ended, where the store does not do it by itself. */
  expire(nowMs: number): Promise<void>
  /**
   * Makes sure that none of these texts is left in the store's own files where nothing refers to them any more. A server
   * is asked for nothing: it says itself when it writes its files anew. Without texts, nobody knows any more what was
   * removed: then the files are written anew whatever stands in them.
   */
  scrub(texts: string[] | undefined): Promise<'searched' | 'left to the server'>
  /** Rejects with TablesUnavailable when the store cannot be reached or written. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The table store cannot be reached or written; the `cause` says why. */
export class TablesUnavailable extends Error {
  override name = 'TablesUnavailable'
}
