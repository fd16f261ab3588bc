// Upserts and removals on their way into Cassandra. Each carries its write version as the server's write timestamp, so
// that the greater one wins there too, in whatever order they arrive; that is why every one may be sent twice.

import type { Client } from 'cassandra-driver'
import { bindRow, checkedWriteVersion, expiryOf } from './bind.ts'
import { type CassandraTable, cqlName } from './cassandra-schema.ts'
import type { CellValue, ColumnType, Removal, Row, Upsert } from './tables.ts'

export interface Write {
  /** Equal for writes of one partition alone. */
  partition: string
  query: string
  params: unknown[]
  /** About as many bytes as it takes on the wire. */
  sizeBytes: number
}

/** Cassandra refuses large batches (from 50 KiB, as it is set up); small ones of one partition are one mutation. */
const MAX_BATCH_BYTES = 16_384
const MAX_BATCH_WRITES = 50
const MAX_IN_FLIGHT = 32
const CELL_BYTES = 16

/** All are checked before any is sent. Times to live count from the moment of writing, on the server's clock. */
export function upsertsOf(table: CassandraTable, upserts: Upsert[]): Write[] {
  const { name, columns, keys } = table
  // A column that is left out is written as null: what an older version put there must not show.
  const query = `INSERT INTO ${name} (${columns.map(([column]) => cqlName(column)).join(', ')})
    VALUES (${columns.map(() => '?').join(', ')}) USING TIMESTAMP ? AND TTL ?`
  return upserts.map(({ row, writeVersion, ttlSeconds }) => {
    const cells = cqlCells(table, columns, keys.length, row)
    expiryOf(ttlSeconds, 0)
    return writeOf(table, query, cells, [...cells, checkedWriteVersion(writeVersion), ttlSeconds ?? 0])
  })
}

/** Each leaves a tombstone with its write version: an older upsert that comes late does not bring the row back. */
export function removalsOf(table: CassandraTable, removals: Removal[]): Write[] {
  const { name, columns, keys } = table
  const isKey = keys.map(key => `${cqlName(key)} = ?`).join(' AND ')
  const query = `DELETE FROM ${name} USING TIMESTAMP ? WHERE ${isKey}`
  return removals.map(({ key, writeVersion }) => {
    const cells = cqlCells(table, columns.slice(0, keys.length), keys.length, key)
    return writeOf(table, query, cells, [checkedWriteVersion(writeVersion), ...cells])
  })
}

/**
 * The cells of a row as the driver takes them, in the order of `columns`, of which the first `keys` are key columns.
 * @throws TypeError as `bindRow` does, RangeError for an empty partition key, which Cassandra does not hold
 */
export function cqlCells(
  { partitionKey }: CassandraTable,
  columns: [string, ColumnType][],
  keys: number,
  row: Row,
): unknown[] {
  const cells = bindRow(columns, keys, row)
  if (partitionKey.length === 1 && cells[0] === '') throw new RangeError('a partition key is not empty')
  return cells.map((cell, i) => toCql(columns[i]![1], cell as CellValue))
}

/** From a cell that `bindCell` has checked. */
export function toCql(type: ColumnType, cell: CellValue): unknown {
  if (cell === null) return null
  if (type === 'boolean') return Boolean(cell)
  return type === 'timestamp' ? new Date(cell as number) : cell
}

function writeOf({ partitionKey }: CassandraTable, query: string, cells: unknown[], params: unknown[]): Write {
  const texts = params.filter(param => typeof param === 'string')
  const sizeBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), params.length * CELL_BYTES)
  return { partition: JSON.stringify(cells.slice(0, partitionKey.length).map(String)), query, params, sizeBytes }
}

/** Sends small batches of one partition each, several at a time. After a failure no more are sent, and it is thrown. */
export async function send(client: Client, writes: Write[]): Promise<void> {
  const batches = batchesOf(writes)
  const sendOn = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      try {
        const [first] = batch
        if (batch.length === 1) await client.execute(first!.query, first!.params)
        else await client.batch(batch, { logged: false })
      } catch (error) {
        batches.length = 0
        throw error
      }
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(MAX_IN_FLIGHT, batches.length) }, sendOn))
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

/** Writes of one partition together, as far as the bounds of a batch allow. */
export function batchesOf(writes: Write[]): Write[][] {
  const batches: Write[][] = []
  const open = new Map<string, { batch: Write[]; sizeBytes: number }>()
  for (const write of writes) {
    let last = open.get(write.partition)
    const isFull =
      last && (last.batch.length === MAX_BATCH_WRITES || last.sizeBytes + write.sizeBytes > MAX_BATCH_BYTES)
    if (!last || isFull) {
      last = { batch: [], sizeBytes: 0 }
      open.set(write.partition, last)
      batches.push(last.batch)
    }
    last.batch.push(write)
    last.sizeBytes += write.sizeBytes
  }
  return batches
}
