// The manifest of a dataset's events in the lake: which files are the dataset, and how far the log has been taken in.
// One file, swapped under its tag: whatever is done to the files has happened once this has, and not before.

import type { Position } from './event-log/event-log.ts'
import type { Lake } from './lake/lake.ts'

/** What a column holds: `json` is text in JSON; `time` is ms since the epoch; `integer` has 64 bits. */
export type ColumnKind = 'text' | 'number' | 'boolean' | 'json' | 'time' | 'integer'

/** A Parquet file that belongs to the dataset. */
export interface ManifestFile {
  /** From the lake's root. */
  path: string
  /** Day (UTC) on which its events were received: `2026-11-21`. */
  date: string
  rows: number
  bytes: number
}

export interface LakeManifest {
  type: 'ecluse/lake-manifest/1'
  dataset: string
  /** Sorted by path, and so by date. */
  files: ManifestFile[]
  /** Every column there has been. A name is of one kind for ever, so that all files can be read as one. */
  columns: Record<string, ColumnKind>
  /** By partition: the offset from which on records have not been taken in. */
  positions: Position[]
  /** Events that were passed by because their person was restricted: they are taken in once that has ended. */
  held: { id: string; position: Position }[]
  /** Files that were replaced: readers of an earlier manifest may still be at them. */
  dropped: { path: string; atMs: number }[]
  /** Grows whenever work that began before must not be finished: a person is being erased. */
  fence: number
}

export interface StoredManifest {
  manifest: LakeManifest
  etag: string
}

/** Where all that is of a dataset's events rests. */
export function lakeFolder(dataset: string): string {
  return `events/${dataset}/`
}

export function manifestPath(dataset: string): string {
  return `${lakeFolder(dataset)}manifest.json`
}

/** Undefined where the lake holds nothing of the dataset. @throws LakeUnavailable; Error for a file that is no manifest */
export async function readManifest(lake: Pick<Lake, 'get'>, dataset: string): Promise<StoredManifest | undefined> {
  const path = manifestPath(dataset)
  const file = await lake.get(path)
  if (!file) return undefined
  try {
    const manifest = JSON.parse(file.body.toString()) as LakeManifest
    if (manifest.type === 'ecluse/lake-manifest/1' && manifest.dataset === dataset) return { manifest, etag: file.etag }
  } catch {
    // told below
  }
  throw new Error(`${path} in the lake is no manifest of ${dataset}: restore that file`)
}
