// Plants bytes where SQLite leaves copies of cells that moved: between a page's cell pointers and its cells
// (https://sqlite.org/fileformat2.html, 1.6). Nothing refers to them, and no deletion overwrites them.

import { openSync, readFileSync, writeSync } from 'node:fs'

const HEADER_BYTES = 100
const LEAVES = [0x0a, 0x0d]

/**
 * @param at where to plant, if not in a gap: in whatever stands there
 * @throws Error when the file has no such gap
 */
export function plantInGap(path: string, bytes: Buffer, at?: number): void {
  const file = readFileSync(path)
  const place = at ?? gapOf(file, bytes.length)
  // Kept open: closing would drop SQLite's locks.
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, place)
}

export function holdsBytes(path: string, bytes: Buffer): boolean {
  return readFileSync(path).includes(bytes)
}

/** In the middle of the gap of the page with the most cells, where writers come last. */
function gapOf(file: Buffer, length: number): number {
  const pageBytes = file.readUInt16BE(16) === 1 ? 65_536 : file.readUInt16BE(16)
  let best: { cells: number; place: number } | undefined
  for (let page = 0; page < file.length; page += pageBytes) {
    const start = page === 0 ? HEADER_BYTES : page
    if (!LEAVES.includes(file[start]!)) continue
    const cells = file.readUInt16BE(start + 3)
    const from = start + 8 + 2 * cells
    const to = page + (file.readUInt16BE(start + 5) || 65_536)
    const place = from + ((to - from - length) >> 1)
    if (to - from < 4 * length || (best && best.cells >= cells)) continue
    // What was planted before stays.
    if (file.subarray(place, place + length).every(byte => byte === 0)) best = { cells, place }
  }
  if (!best) throw new Error('no page has a gap')
  return best.place
}
