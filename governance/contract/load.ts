// Reads all schemas and policies and makes a contract of each dataset that is without error. Bad content is reported,
// with file, line and column, and never thrown: it must not take the other datasets with it.

import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { buildContract } from './build-contract.ts'
import type { Contract } from './contract.ts'
import { type Diagnostic, type Report, reportInto } from './diagnostic.ts'
import { didYouMean } from './did-you-mean.ts'
import { type FetchedSchemas, fetchSchemas, type RawSchemas } from './fetch-schemas.ts'
import { type Lock, readLock } from './lock.ts'
import { readPolicyFiles, readSchemaFiles, readTableFiles } from './read-files.ts'
import { type ReadPolicy, readPolicy } from './read-policy.ts'
import { readSchemas } from './read-schemas.ts'
import { readTable } from './reference-table.ts'
import { type FoundFile, parseSource } from './source-file.ts'

export { lockSchemas } from './lock.ts'

export interface LoadOptions {
  /** Holds `<dataset>/<MODEL-REVISION-ADDITION>.json` and `lock.json`. */
  schemasDir: string
  /** Holds `<dataset>.yaml`, and `references/<table>.csv`. */
  policiesDir: string
  /** An event's violations beyond this number are not listed. */
  maxViolations: number
  /** What day it is, for overdue reviews; the clock's time when left out. */
  nowMs?: number
  /** Raw schemas of the registry; left out, policies that name some are checked by themselves. */
  rawSchemas?: RawSchemas
  /** Kept by the caller from one loading to the next: a dataset whose files are unchanged is not compiled again. */
  compiled?: Map<string, Compiled>
}

/** A dataset without error, and what it was compiled from. */
export interface Compiled {
  madeFrom: string
  contract: Contract
  /** Warnings; and what is wrong with newer schemas that the registry holds, and the contract does not. */
  diagnostics: Diagnostic[]
}

export interface Loaded {
  /** By dataset; those with an error are left out. */
  contracts: Map<string, Contract>
  diagnostics: Diagnostic[]
  /** False when a directory could not be read: nothing is known then of what it holds, and no contract is made. */
  isComplete: boolean
  /** True when a file or directory could not be read, which may pass without an edit. */
  tryAgain: boolean
}

interface Files {
  lock: Lock
  schemas: Map<string, Map<string, FoundFile>>
  policies: Map<string, FoundFile>
  /** Reference tables by name; undefined where they are not at hand. */
  tables: Map<string, FoundFile> | undefined
}

/**
 * Loads every dataset's contract. What cannot be read is reported, never thrown.
 * @throws VaultUnavailable when it must say which schemas of the registry were live
 */
export async function loadContracts(options: LoadOptions): Promise<Loaded> {
  const diagnostics: Diagnostic[] = []
  const contracts = new Map<string, Contract>()
  const schemas = await readSchemaFiles(options.schemasDir, diagnostics)
  const policies = await readPolicyFiles(options.policiesDir, diagnostics)
  if (!schemas || !policies) return { contracts, diagnostics, isComplete: false, tryAgain: true }
  const lock = await readLock(options.schemasDir, reportInto(diagnostics))
  const tables = await readTableFiles(options.policiesDir, diagnostics)
  const files = { lock, schemas, policies, tables }
  const fetched = await fetchSchemas(policies, schemas, options.rawSchemas)
  for (const [dataset, { versions }] of fetched) schemas.set(dataset, versions)
  const locked = Map.groupBy(lock.hashes ?? [], ([key]) => key.split('/')[0]!)
  const unreadable = new Set(diagnostics.filter(({ severity }) => severity === 'error').map(({ dataset }) => dataset))
  const { compiled = new Map<string, Compiled>() } = options
  for (const dataset of [...new Set([...schemas.keys(), ...policies.keys(), ...locked.keys()])].sort()) {
    const registered = fetched.get(dataset)
    diagnostics.push(...(registered?.diagnostics ?? []))
    const isKnown = !unreadable.has(dataset) && registered?.isComplete !== false
    const madeFrom = JSON.stringify([hashesOf(files, dataset), locked.get(dataset)])
    if (!isKnown || compiled.get(dataset)?.madeFrom !== madeFrom) {
      compiled.delete(dataset)
      const { contract, diagnostics: found } = make(dataset, options, files, isKnown, registered)
      if (contract) compiled.set(dataset, { madeFrom, contract, diagnostics: found })
      else diagnostics.push(...found)
      // A large policy takes milliseconds: requests get their turn between two of them.
      await setImmediate()
    }
    const usable = compiled.get(dataset)
    if (!usable) continue
    contracts.set(dataset, usable.contract)
    diagnostics.push(...usable.diagnostics)
  }
  return { contracts, diagnostics: diagnostics.sort(byPosition), isComplete: true, tryAgain: unreadable.size > 0 }
}

/**
 * The contract of one dataset whose files are held elsewhere, by itself: without the lock, and whatever day it is.
 * @param schemas by version
 * @param tables by name; left out, joins are taken on trust
 */
export function compileDataset(
  dataset: string,
  policy: FoundFile,
  schemas: Map<string, FoundFile>,
  maxViolations: number,
  tables?: Map<string, FoundFile>,
): { contract?: Contract; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const options = { schemasDir: '', policiesDir: '', maxViolations }
  const lock = {
    source: parseSource({ path: '', bytes: Buffer.from('{}'), sha256: '' }, 'json', reportInto([])),
    hashes: undefined,
  }
  const files = { lock, schemas: new Map([[dataset, schemas]]), policies: new Map([[dataset, policy]]), tables }
  const contract = loadOne(dataset, options, files, true, undefined, reportInto(diagnostics, dataset))
  const isSound = !diagnostics.some(({ severity }) => severity === 'error')
  return { ...(contract && isSound && { contract }), diagnostics }
}

/** Of all tables: which of them a policy joins is known once it is read. */
function hashesOf({ schemas, policies, tables }: Files, dataset: string) {
  const listed = (files: Iterable<[string, FoundFile]>) => [...files].map(([name, { sha256 }]) => [name, sha256])
  return [policies.get(dataset)?.sha256, listed(schemas.get(dataset) ?? []), listed(tables ?? [])]
}

/** The contract if it is without error: of all schemas, else of those that were live before the registry had more. */
function make(
  dataset: string,
  options: LoadOptions,
  files: Files,
  isKnown: boolean,
  registered: FetchedSchemas | undefined,
): { contract?: Contract; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const contract = loadOne(dataset, options, files, isKnown, registered, reportInto(diagnostics, dataset))
  if (!isKnown) return { diagnostics }
  if (!diagnostics.some(({ severity }) => severity === 'error')) return { ...(contract && { contract }), diagnostics }
  const { liveBefore, versions } = registered ?? {}
  if (!liveBefore?.size || liveBefore.size === versions?.size) return { diagnostics }
  const before = { ...files, schemas: new Map(files.schemas).set(dataset, liveBefore) }
  const made = make(dataset, options, before, true, undefined)
  return made.contract ? { contract: made.contract, diagnostics } : { diagnostics }
}

function loadOne(
  dataset: string,
  options: LoadOptions,
  { lock, schemas, policies, tables }: Files,
  isKnown: boolean,
  registered: FetchedSchemas | undefined,
  report: Report,
): Contract | undefined {
  const files = schemas.get(dataset)
  const found = policies.get(dataset)
  let read: ReadPolicy | undefined
  if (found) {
    const source = parseSource(found, 'yaml', report)
    read = readPolicy(source, dataset, options.nowMs ?? Date.now(), report)
    if (isKnown && (!files || files.size === 0)) {
      const fix = `${didYouMean(dataset, schemas.keys())}Write ${join(options.schemasDir, dataset, '1-0-0.json')}.`
      report.error(source.at(['dataset']), `the dataset ${dataset} has no schema.`, fix)
    }
  } else if (files && isKnown) {
    const file = join(options.schemasDir, dataset)
    const fix = `${didYouMean(dataset, policies.keys())}Write ${join(options.policiesDir, `${dataset}.yaml`)}.`
    report.error({ file, line: 1, column: 1 }, `the dataset ${dataset} has no policy.`, fix)
  }
  // What is not known can neither be missing nor wrong.
  if (registered?.isComplete === false) return undefined
  const sources = new Map([...(files ?? [])].map(([version, file]) => [version, parseSource(file, 'json', report)]))
  const versions = readSchemas(dataset, sources, lock, report)
  const usable = versions.filter(({ tree }) => tree.types.has('object') && !tree.sealed)
  if (!read || usable.length === 0) return undefined
  return buildContract(read, usable, tables && readTables(read, tables, report), options.maxViolations, report)
}

/** The tables, of which those that the policy joins are read; problems are reported. */
function readTables({ aggregates }: ReadPolicy, files: Map<string, FoundFile>, report: Report) {
  const joined = new Set(aggregates.flatMap(({ join }) => join?.reference ?? []))
  return new Map([...files].map(([name, file]) => [name, joined.has(name) ? readTable(name, file, report) : undefined]))
}

function byPosition(a: Diagnostic, b: Diagnostic): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}
