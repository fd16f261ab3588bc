// Rows as Parquet (zstd), written and read a small row group at a time: neither takes the event loop for long, nor more
// memory than the file itself and one group.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead, type SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { ColumnKind } from '../../storage/lake-manifest.ts'
import type { Cell, LakeRow } from './lake-table.ts'

/** Rows of a row group, at most: about 50 ms of work. */
export const GROUP_ROWS = 2_000
/** Of a file's end: enough for most footers. */
const FOOTER_BYTES = 65_536

const compressors = { ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes) }
const reading = {
  compressors: { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) },
  parsers: { timestampFromMilliseconds: (ms: bigint) => Number(ms) },
  geoparquet: false,
}

/** A file that is being written. */
export interface ParquetFile {
  /** Takes rows over, in their order. */
  add(rows: LakeRow[]): Promise<void>
  /** Bytes so far. */
  size(): number
  /** Rows so far. */
  rows(): number
  finish(): Promise<Buffer>
}

/** @param columns of all rows that will come; others are left out */
export function writeParquet(columns: Map<string, ColumnKind>): ParquetFile {
  const writer = new ByteWriter()
  const schema = [{ name: 'schema', num_children: columns.size }, ...[...columns].map(elementOf)]
  const parquet = new ParquetWriter({ writer, schema, codec: 'ZSTD', compressors, createdBy: 'ecluse' })
  let waiting: LakeRow[] = []
  let rows = 0

  async function writeGroup(group: LakeRow[]): Promise<void> {
    const columnData = [...columns].map(([name, kind]) => ({
      name,
      data: group.map(row => toStored(row[name] ?? null, kind)),
      // What events hold is not kept in a second place.
      statistics: !name.startsWith('/'),
      offsetIndex: false,
    }))
    parquet.write({ columnData, rowGroupSize: group.length })
    rows += group.length
    await nextTurn()
  }

  return {
    add: async added => {
      for (const row of added) {
        waiting.push(row)
        if (waiting.length < GROUP_ROWS) continue
        await writeGroup(waiting)
        waiting = []
      }
    },
    size: () => writer.offset,
    rows: () => rows + waiting.length,
    finish: async () => {
      if (waiting.length > 0) await writeGroup(waiting)
      parquet.finish()
      return Buffer.from(writer.getBytes())
    },
  }
}

function elementOf([name, kind]: [string, ColumnKind]): SchemaElement {
  const repetition_type = 'OPTIONAL'
  switch (kind) {
    case 'number':
      return { name, type: 'DOUBLE', repetition_type }
    case 'boolean':
      return { name, type: 'BOOLEAN', repetition_type }
    case 'integer':
      return { name, type: 'INT64', repetition_type }
    case 'time':
      return { name, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type }
    default:
      return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }
  }
}

function toStored(cell: Cell, kind: ColumnKind) {
  if (cell === null) return null
  if (kind === 'time') return new Date(cell as number)
  return kind === 'integer' ? BigInt(cell as number) : cell
}

/** A file that is being read. */
export interface OpenParquet {
  columns: string[]
  rows: number
  /** Its row groups, one after the other. @param columns all of them, if left out; those the file does not have are null */
  groups(columns?: string[]): AsyncGenerator<LakeRow[]>
}

/** @param file bytes, or where they are read from by ranges */
export async function openParquet(file: Buffer | AsyncBuffer): Promise<OpenParquet> {
  const source = Buffer.isBuffer(file) ? sourceOf(file) : file
  const metadata: FileMetaData = await parquetMetadataAsync(source, { initialFetchSize: FOOTER_BYTES, ...reading })
  const known = metadata.schema.slice(1).map(({ name }) => name)
  return {
    columns: known,
    rows: Number(metadata.num_rows),
    groups: async function* (columns = known) {
      const present = columns.filter(name => known.includes(name))
      let rowStart = 0
      for (const { num_rows } of metadata.row_groups) {
        const rowEnd = rowStart + Number(num_rows)
        let rows: LakeRow[] = []
        const onComplete = (found: Record<string, unknown>[]) => {
          rows = found.map(toRow)
        }
        if (present.length > 0)
          await parquetRead({
            file: source,
            metadata,
            rowStart,
            rowEnd,
            columns: present,
            rowFormat: 'object',
            onComplete,
            ...reading,
          })
        yield rows
        rowStart = rowEnd
        await nextTurn()
      }
    },
  }
}

/** Integers as numbers: offsets and partitions are far below 2⁵³. */
function toRow(found: Record<string, unknown>): LakeRow {
  return Object.fromEntries(
    Object.entries(found).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : ((value ?? null) as Cell),
    ]),
  )
}

function sourceOf(bytes: Buffer): AsyncBuffer {
  const { byteLength } = bytes
  return { byteLength, slice: (start, end = byteLength) => arrayBufferOf(bytes.subarray(start, end)) }
}

/** A copy: what is read keeps nothing else in memory. */
export function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer as ArrayBuffer
}
