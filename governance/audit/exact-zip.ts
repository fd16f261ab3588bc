// Zip archives of which no bit may differ: one way to write a set of files, and none other that is read. Stored without
// compression, under one fixed date, sorted by name.

import { unzipSync, zipSync } from 'fflate'
import { TextNotExact } from './exact-text.ts'

/** Name (ASCII, `/` between folders) -> content. */
export type ZipFiles = Map<string, Uint8Array>

/** The earliest date a zip can say, whatever the time zone. */
const DATE = new Date(1980, 0, 1)

/** The archive; the same bytes for the same files. */
export function writeZip(files: ZipFiles): Buffer {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
  const zipped = zipSync(Object.fromEntries(sorted), { level: 0, mtime: DATE })
  return Buffer.from(zipped.buffer, zipped.byteOffset, zipped.length)
}

/** @throws TextNotExact for what `writeZip` would not have written */
export function readZip(bytes: Buffer): ZipFiles {
  let files: ZipFiles | undefined
  try {
    const isStored = ({ compression }: { compression: number }) => compression === 0
    files = new Map(Object.entries(unzipSync(bytes, { filter: isStored })))
  } catch {
    // told below
  }
  if (!files || !writeZip(files).equals(bytes)) throw new TextNotExact('it is not the zip archive that was written')
  return files
}

export function isZip(bytes: Buffer): boolean {
  return bytes.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))
}
