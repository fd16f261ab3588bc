// The files of schemas and policies, as bytes. A name that leads nowhere, a pipe, a file that may not be read: each is a
// problem of that one file. It must not hold up the others.

import { createHash } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Diagnostic, type Report, reportInto } from './diagnostic.ts'
import { DATASET_PATTERN } from './policy.ts'
import { MAX_TABLE_BYTES } from './reference-table.ts'
import { parseSchemaVersion } from './schema-version.ts'
import { type FoundFile, MAX_FILE_BYTES } from './source-file.ts'

interface Entry {
  name: string
  path: string
  kind: 'file' | 'directory' | 'unreadable'
}

/** What a directory holds -> the setting that names it. */
const settings = { schemas: 'ECLUSE_SCHEMAS_DIR', policies: 'ECLUSE_POLICIES_DIR' }
/** What stands beside the policies of datasets, and is read elsewhere. */
const otherFiles = ['policy.schema.json', 'alerts.yaml', 'alerts.schema.json']
/** Their policies would be the file of something else. */
const reservedNames = ['alerts']

/** Files by dataset and version; undefined when the directory itself cannot be read. */
export async function readSchemaFiles(
  dir: string,
  diagnostics: Diagnostic[],
): Promise<Map<string, Map<string, FoundFile>> | undefined> {
  const entries = await entriesOf(dir, 'schemas', diagnostics)
  if (!entries) return undefined
  const datasets = new Map<string, Map<string, FoundFile>>()
  for (const { name, path, kind } of entries) {
    if (kind === 'file') {
      if (name !== 'lock.json') reportStray(path, 'Schemas stand in schemas/<dataset>/1-0-0.json.', diagnostics)
    } else if (isDatasetName(name, path, diagnostics)) datasets.set(name, await readVersions(name, path, diagnostics))
  }
  return datasets
}

async function readVersions(dataset: string, dir: string, diagnostics: Diagnostic[]): Promise<Map<string, FoundFile>> {
  const versions = new Map<string, FoundFile>()
  const report = reportInto(diagnostics, dataset)
  const names = await namesIn(dir).catch(error => reportUnreadable(dir, error, report))
  for (const name of names ?? []) {
    const path = join(dir, name)
    const version = basename(name, '.json')
    if (version === name || !parseSchemaVersion(version)) {
      reportStray(path, 'Call a schema by its version: 1-0-0.json.', diagnostics, dataset)
      continue
    }
    const file = await readFound(path, report)
    if (file) versions.set(version, file)
  }
  return versions
}

/** Files by dataset; undefined when the directory itself cannot be read. */
export async function readPolicyFiles(
  dir: string,
  diagnostics: Diagnostic[],
): Promise<Map<string, FoundFile> | undefined> {
  const entries = await entriesOf(dir, 'policies', diagnostics)
  if (!entries) return undefined
  const datasets = new Map<string, FoundFile>()
  for (const { name, path, kind } of entries) {
    if (kind === 'directory' || otherFiles.includes(name)) continue
    const dataset = basename(name, '.yaml')
    if (dataset === name) reportStray(path, 'Policies stand in policies/<dataset>.yaml.', diagnostics)
    else if (isDatasetName(dataset, path, diagnostics)) {
      const file = await readFound(path, reportInto(diagnostics, dataset))
      if (file) datasets.set(dataset, file)
    }
  }
  return datasets
}

/** Reference tables by name, from `references/` beside the policies; none where there is no such directory. */
export async function readTableFiles(policiesDir: string, diagnostics: Diagnostic[]): Promise<Map<string, FoundFile>> {
  const dir = join(policiesDir, 'references')
  const report = reportInto(diagnostics)
  const tables = new Map<string, FoundFile>()
  const names = await namesIn(dir).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? [] : (reportUnreadable(dir, error, report) ?? []),
  )
  for (const file of names) {
    const name = basename(file, '.csv')
    if (name === file) reportStray(join(dir, file), 'Tables stand in references/<name>.csv.', diagnostics)
    else {
      const found = await readFound(join(dir, file), report, MAX_TABLE_BYTES)
      if (found) tables.set(name, found)
    }
  }
  return tables
}

/** A file's bytes, no more than it takes to see that it is too large; undefined when it cannot be read. */
export async function readFound(
  path: string,
  report: Report,
  maxBytes = MAX_FILE_BYTES,
): Promise<FoundFile | undefined> {
  try {
    // Before it is opened: opening a pipe waits for somebody to write.
    if (!(await stat(path)).isFile()) throw new Error('it is no file')
    const file = await open(path)
    try {
      const buffer = Buffer.allocUnsafe(maxBytes + 1)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
      const bytes = Buffer.from(buffer.subarray(0, bytesRead))
      return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
    } finally {
      await file.close()
    }
  } catch (error) {
    return reportUnreadable(path, error as Error, report)
  }
}

/** Names, sizes and times of all files that are read below a directory: cheap to take twice a second. */
export async function fingerprintOf(dir: string): Promise<string> {
  const lines = await fingerprintLines(dir)
  const below = await Promise.all(lines.directories.map(async path => (await fingerprintLines(path)).text))
  return [lines.text, ...below].join('\n')
}

async function fingerprintLines(dir: string): Promise<{ text: string; directories: string[] }> {
  const names = await namesIn(dir).catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
  if (typeof names === 'string') return { text: `${dir} ${names}`, directories: [] }
  const found = await Promise.all(
    names.map(async name => {
      const path = join(dir, name)
      const stats = await stat(path).catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
      if (typeof stats === 'string') return { line: `${path} ${stats}` }
      const { mtimeMs, ctimeMs, size, ino } = stats
      return { line: `${path} ${mtimeMs} ${ctimeMs} ${size} ${ino}`, directory: stats.isDirectory() ? path : undefined }
    }),
  )
  return {
    text: found.map(({ line }) => line).join('\n'),
    directories: found.flatMap(({ directory }) => directory ?? []),
  }
}

async function entriesOf(
  dir: string,
  holds: keyof typeof settings,
  diagnostics: Diagnostic[],
): Promise<Entry[] | undefined> {
  try {
    const names = await namesIn(dir)
    return await Promise.all(
      names.map(async name => ({ name, path: join(dir, name), kind: await kindOf(join(dir, name)) })),
    )
  } catch (error) {
    reportInto(diagnostics).error(
      { file: dir, line: 1, column: 1 },
      `the directory of ${holds} cannot be read: ${reasonOf(error as Error)}.`,
      `Put it there, or set ${settings[holds]} to where the ${holds} are.`,
    )
    return undefined
  }
}

/** Follows links: what a link leads to counts. */
async function kindOf(path: string): Promise<Entry['kind']> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file'
  } catch {
    return 'unreadable'
  }
}

/** Hidden files, such as an editor's own, are nobody's business. */
async function namesIn(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter(name => !name.startsWith('.')).sort()
}

function reportUnreadable(file: string, error: Error, report: Report): undefined {
  const fix = 'Put a readable file there, or take the name away.'
  report.error({ file, line: 1, column: 1 }, `this cannot be read: ${reasonOf(error)}.`, fix)
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is nothing at this path, or a link that leads nowhere'
  if (error.code === 'EACCES' || error.code === 'EPERM') return 'this process has no permission'
  if (error.code === 'ENOTDIR') return 'it is no directory'
  return error.code ?? error.message
}

function isDatasetName(name: string, file: string, diagnostics: Diagnostic[]): boolean {
  if (reservedNames.includes(name)) {
    const fix = 'Call the dataset otherwise.'
    const message = `\`${name}\` cannot be the name of a dataset: policies/${name}.yaml is something else.`
    reportInto(diagnostics, name).error({ file, line: 1, column: 1 }, message, fix)
    return false
  }
  if (new RegExp(DATASET_PATTERN).test(name)) return true
  const fix = 'Use lower-case letters, digits and hyphens, beginning with a letter, at most 63 characters.'
  reportInto(diagnostics, name).error({ file, line: 1, column: 1 }, `\`${name}\` cannot be the name of a dataset.`, fix)
  return false
}

function reportStray(file: string, fix: string, diagnostics: Diagnostic[], dataset?: string): void {
  reportInto(diagnostics, dataset).warning({ file, line: 1, column: 1 }, 'this file is not read.', fix)
}
