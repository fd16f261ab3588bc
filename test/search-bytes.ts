// Searches every byte under a directory for values, also inside what is compressed, encoded or split over the pages of
// a database. For the tests that prove that no personal value rests anywhere: a result names a value by its index only.

import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createMatcher, type Match, type Matcher, MIN_VALUE_BYTES, matchBytes } from './byte-matcher.ts'
import { openCompressed } from './open-compressed.ts'

const COMPRESSION_DEPTH = 3
const BASE64_RUN = /[A-Za-z0-9+/_-]{25,}/g
/** Between decoded runs, so that no value is found over two of them. */
const GAP = Buffer.alloc(MIN_VALUE_BYTES)
const SQLITE_MAGIC = 'SQLite format 3\0'

export interface Finding extends Match {
  /** Path below the directory; for a cell of a database followed by `#table.column`. */
  file: string
}

/**
 * Every place under `dir` where one of the values stands: offset in the file or cell (of the compressed stream or the
 * base64 text, if it is inside one), form (`gzip>utf8`: in UTF-8 inside gzip), index of the value. Values under 6
 * bytes of UTF-8 and those equal to an exception are left out; `createMatcher(values).leftOut` counts them.
 * @throws RangeError when a compressed stream is too large to be searched
 */
export async function searchBytes(options: {
  dir: string
  values: string[]
  exceptions?: string[]
}): Promise<Finding[]> {
  const matcher = createMatcher(options.values, options.exceptions)
  const findings: Finding[] = []
  for (const [i, entry] of (await readdir(options.dir, { recursive: true, withFileTypes: true })).entries()) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(options.dir, path)
    const inName = searchBuffer(Buffer.from(entry.name), matcher)
    // A name that holds a value is not repeated, and neither are its children's paths.
    const file = searchBuffer(Buffer.from(name), matcher).length > 0 ? `(the name of entry ${i})` : name
    findings.push(...inName.map(match => ({ file, ...match })))
    if (entry.isFile()) findings.push(...(await searchFile(path, file, matcher)))
  }
  return findings
}

/** As `searchBytes`, in bytes at hand. */
export function searchBuffer(bytes: Buffer, matcher: Matcher): Match[] {
  return searchInside(bytes, matcher, COMPRESSION_DEPTH, true)
}

function searchInside(bytes: Buffer, matcher: Matcher, depth: number, decodes: boolean): Match[] {
  const matches = matchBytes(bytes, matcher)
  if (depth > 0) {
    for (const { offset, format, bytes: opened } of openCompressed(bytes)) {
      for (const match of searchInside(opened, matcher, depth - 1, decodes)) {
        matches.push({ ...match, offset, form: `${format}>${match.form}` })
      }
    }
  }
  const runs = decodes ? [...bytes.toString('latin1').matchAll(BASE64_RUN)] : []
  // What stands before the base64 may look like a part of it: so every run is decoded from each of four starts.
  for (const start of runs.length > 0 ? [0, 1, 2, 3] : []) {
    const parts = runs.map(({ 0: run }) => Buffer.from(run.slice(start), 'base64'))
    const decoded = Buffer.concat(parts.flatMap(part => [part, GAP]))
    for (const match of searchInside(decoded, matcher, depth, false)) {
      matches.push({ ...match, offset: runs[partAt(parts, match.offset)]!.index, form: `base64>${match.form}` })
    }
  }
  return matches
}

/** Which of the parts, each followed by the gap, holds this byte. */
function partAt(parts: Buffer[], offset: number): number {
  let end = 0
  for (const [i, part] of parts.entries()) {
    end += part.length + GAP.length
    if (offset < end) return i
  }
  throw new RangeError('an offset behind the last part')
}

async function searchFile(path: string, file: string, matcher: Matcher): Promise<Finding[]> {
  const bytes = await readFile(path).catch(ignoreAbsent)
  if (!bytes) return []
  const findings = searchBuffer(bytes, matcher).map(match => ({ file, ...match }))
  return bytes.toString('latin1', 0, SQLITE_MAGIC.length) === SQLITE_MAGIC
    ? [...findings, ...(await searchDatabase(path, file, matcher))]
    : findings
}

/** A long cell goes on in other pages, each after a pointer of four bytes: so cells are read as SQLite puts them together. */
async function searchDatabase(path: string, file: string, matcher: Matcher): Promise<Finding[]> {
  const dir = await mkdtemp(join(tmpdir(), 'search-'))
  try {
    const copy = join(dir, 'copy')
    for (const suffix of ['', '-wal', '-journal']) await copyFile(path + suffix, copy + suffix).catch(ignoreAbsent)
    const db = new DatabaseSync(copy)
    db.exec('PRAGMA query_only=ON')
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
      .all()
    const findings = tables.flatMap(({ name }) => searchTable(db, `${name}`, file, matcher))
    db.close()
    return findings
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** Cells as bytes, numbers as their digits. */
function searchTable(db: DatabaseSync, table: string, file: string, matcher: Matcher): Finding[] {
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  const columns = db
    .prepare(`PRAGMA table_info(${quoted(table)})`)
    .all()
    .map(({ name }) => `${name}`)
  const cells = columns.map(column => `CAST(${quoted(column)} AS BLOB)`)
  const statement = db.prepare(`SELECT ${cells} FROM ${quoted(table)}`)
  statement.setReturnArrays(true)
  const findings: Finding[] = []
  for (const row of statement.iterate() as Iterable<unknown> as Iterable<(Uint8Array | null)[]>) {
    for (const [i, cell] of row.entries()) {
      if (!cell) continue
      const bytes = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength)
      findings.push(
        ...searchBuffer(bytes, matcher).map(match => ({ file: `${file}#${table}.${columns[i]}`, ...match })),
      )
    }
  }
  return findings
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
