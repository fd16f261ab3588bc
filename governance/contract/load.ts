// Reads all schemas and policies and makes a contract of each dataset that is without error. Bad content is reported,
// with file, line and column, and never thrown: it must not take the other datasets with it.

import { open, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { buildContract } from './build-contract.ts'
import type { Contract } from './contract.ts'
import { type Diagnostic, type Report, reportInto } from './diagnostic.ts'
import { didYouMean } from './did-you-mean.ts'
import { type Lock, readLock } from './lock.ts'
import { DATASET_PATTERN } from './policy.ts'
import { type ReadPolicy, readPolicy } from './read-policy.ts'
import { readSchemas } from './read-schemas.ts'
import { parseSchemaVersion } from './schema-version.ts'
import { MAX_FILE_BYTES, parseSource, type SourceFile } from './source-file.ts'

export { lockSchemas } from './lock.ts'

export interface LoadOptions {
  /** Holds `<dataset>/<MODEL-REVISION-ADDITION>.json` and `lock.json`. */
  schemasDir: string
  /** Holds `<dataset>.yaml`. */
  policiesDir: string
  /** An event's violations beyond this number are not listed. */
  maxViolations: number
  /** What day it is, for overdue reviews; the clock's time when left out. */
  nowMs?: number
}

export interface Loaded {
  /** By dataset; those with an error are left out. */
  contracts: Map<string, Contract>
  diagnostics: Diagnostic[]
}

/**
 * Loads every dataset's contract.
 * @throws only when a directory or file cannot be read at all
 */
export async function loadContracts(options: LoadOptions): Promise<Loaded> {
  const diagnostics: Diagnostic[] = []
  const report = reportInto(diagnostics)
  const lock = await readLock(options.schemasDir, report)
  const schemas = await readSchemaFiles(options.schemasDir, diagnostics)
  const policies = await readPolicyFiles(options.policiesDir, diagnostics)
  const contracts = new Map<string, Contract>()
  const locked = [...(lock.hashes?.keys() ?? [])].map(key => key.split('/')[0]!)
  for (const dataset of [...new Set([...schemas.keys(), ...policies.keys(), ...locked])].sort()) {
    const found: Diagnostic[] = []
    const contract = loadOne(dataset, options, lock, schemas, policies, reportInto(found, dataset))
    diagnostics.push(...found)
    const failed = diagnostics.some(diagnostic => diagnostic.dataset === dataset && diagnostic.severity === 'error')
    if (contract && !failed) contracts.set(dataset, contract)
  }
  return { contracts, diagnostics: diagnostics.sort(byPosition) }
}

function loadOne(
  dataset: string,
  options: LoadOptions,
  lock: Lock,
  schemas: Map<string, Map<string, SourceFile>>,
  policies: Map<string, SourceFile>,
  report: Report,
): Contract | undefined {
  const files = schemas.get(dataset)
  const policyFile = policies.get(dataset)
  let read: ReadPolicy | undefined
  if (policyFile) read = readPolicy(policyFile, dataset, options.nowMs ?? Date.now(), report)
  else if (files) {
    const file = join(options.schemasDir, dataset)
    const fix = `${didYouMean(dataset, policies.keys())}Write ${join(options.policiesDir, `${dataset}.yaml`)}.`
    report.error({ file, line: 1, column: 1 }, `the dataset ${dataset} has no policy.`, fix)
  }
  if (policyFile && (!files || files.size === 0)) {
    const fix = `${didYouMean(dataset, schemas.keys())}Write ${join(options.schemasDir, dataset, '1-0-0.json')}.`
    report.error(policyFile.at(['dataset']), `the dataset ${dataset} has no schema.`, fix)
  }
  const versions = readSchemas(dataset, files ?? new Map(), lock, report)
  const usable = versions.filter(({ tree }) => tree.types.has('object') && !tree.sealed)
  return read && usable.length > 0 ? buildContract(read, usable, options.maxViolations, report) : undefined
}

/** Files by dataset and version. */
async function readSchemaFiles(dir: string, diagnostics: Diagnostic[]): Promise<Map<string, Map<string, SourceFile>>> {
  const datasets = new Map<string, Map<string, SourceFile>>()
  for (const entry of await sortedEntries(dir)) {
    const path = join(dir, entry.name)
    if (!entry.isDirectory()) {
      if (entry.name !== 'lock.json') reportStray(path, 'Schemas stand in schemas/<dataset>/1-0-0.json.', diagnostics)
      continue
    }
    if (!isDatasetName(entry.name, path, diagnostics)) continue
    const versions = new Map<string, SourceFile>()
    for (const file of await sortedEntries(path)) {
      const version = basename(file.name, '.json')
      if (file.isDirectory() || !file.name.endsWith('.json') || !parseSchemaVersion(version)) {
        reportStray(join(path, file.name), 'Call a schema by its version: 1-0-0.json.', diagnostics, entry.name)
        continue
      }
      versions.set(version, await readSource(join(path, file.name), 'json', reportInto(diagnostics, entry.name)))
    }
    datasets.set(entry.name, versions)
  }
  return datasets
}

/** Files by dataset. */
async function readPolicyFiles(dir: string, diagnostics: Diagnostic[]): Promise<Map<string, SourceFile>> {
  const datasets = new Map<string, SourceFile>()
  for (const entry of await sortedEntries(dir)) {
    const path = join(dir, entry.name)
    if (entry.isDirectory() || entry.name === 'policy.schema.json') continue
    const dataset = basename(entry.name, '.yaml')
    if (dataset === entry.name) reportStray(path, 'Policies stand in policies/<dataset>.yaml.', diagnostics)
    else if (isDatasetName(dataset, path, diagnostics)) {
      datasets.set(dataset, await readSource(path, 'yaml', reportInto(diagnostics, dataset)))
    }
  }
  return datasets
}

/** Hidden files, such as an editor's own, are nobody's business. */
async function sortedEntries(dir: string) {
  const entries = (await readdir(dir, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'))
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function readSource(path: string, language: 'yaml' | 'json', report: Report): Promise<SourceFile> {
  const file = await open(path)
  try {
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    return parseSource(path, buffer.subarray(0, bytesRead), language, report)
  } finally {
    await file.close()
  }
}

function isDatasetName(name: string, file: string, diagnostics: Diagnostic[]): boolean {
  if (new RegExp(DATASET_PATTERN).test(name)) return true
  const fix = 'Use lower-case letters, digits and hyphens, beginning with a letter, at most 63 characters.'
  reportInto(diagnostics, name).error({ file, line: 1, column: 1 }, `\`${name}\` cannot be the name of a dataset.`, fix)
  return false
}

function reportStray(file: string, fix: string, diagnostics: Diagnostic[], dataset?: string): void {
  reportInto(diagnostics, dataset).warning({ file, line: 1, column: 1 }, 'this file is not read.', fix)
}

function byPosition(a: Diagnostic, b: Diagnostic): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}
