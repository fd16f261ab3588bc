// Changes a dataset's manifest where others change it too: read, changed, swapped if nobody was faster, else again.

import type { Lake } from '../../storage/lake/lake.ts'
import {
  type LakeManifest,
  lakeFolder,
  manifestPath,
  readManifest,
  type StoredManifest,
} from '../../storage/lake-manifest.ts'
import { envelopeColumns } from './lake-table.ts'

/** How often others may be faster. */
const MEETINGS = 50

export type ManifestLake = Pick<Lake, 'get' | 'putIfAbsent' | 'putIfMatch' | 'list'>

/**
 * @param change the manifest as it shall be; undefined to leave it. Called again after somebody else's change
 * @returns the manifest as it stands then, or undefined if it was left
 * @throws LakeUnavailable
 */
export async function changeManifest(
  lake: ManifestLake,
  dataset: string,
  change: (manifest: LakeManifest) => LakeManifest | undefined,
): Promise<LakeManifest | undefined> {
  for (let meeting = 0; meeting < MEETINGS; meeting++) {
    const { manifest, etag } = await ensureManifest(lake, dataset)
    const changed = change(manifest)
    if (!changed) return undefined
    if ((await lake.putIfMatch(manifestPath(dataset), bodyOf(changed), etag)) !== undefined) return changed
  }
  throw new Error(`the lake's manifest of ${dataset} is changed by others all the time`)
}

/**
 * The manifest, made before the first file is written. Files without one are not overwritten by a new beginning.
 * @throws Error where the manifest is gone and files are there
 */
export async function ensureManifest(lake: ManifestLake, dataset: string): Promise<StoredManifest> {
  const found = await readManifest(lake, dataset)
  if (found) return found
  const [file] = await lake.list(`${lakeFolder(dataset)}date=`, { limit: 1 })
  if (file) throw new Error(`${manifestPath(dataset)} is gone, and its files are there: restore it, or remove them`)
  const manifest: LakeManifest = {
    type: 'ecluse/lake-manifest/1',
    dataset,
    files: [],
    columns: { ...envelopeColumns },
    positions: [],
    held: [],
    dropped: [],
    fence: 0,
  }
  const etag = await lake.putIfAbsent(manifestPath(dataset), bodyOf(manifest))
  // Another process may have been faster.
  return etag === undefined ? ensureManifest(lake, dataset) : { manifest, etag }
}

/** Files in the order of their days. */
function bodyOf(manifest: LakeManifest): Buffer {
  const files = manifest.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return Buffer.from(`${JSON.stringify({ ...manifest, files })}\n`)
}
