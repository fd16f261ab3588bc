// The live contracts. A good edit of a schema or policy replaces its dataset's contract; a bad one, or a file that is
// gone, changes nothing and is reported until it is mended.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Registry } from '../../storage/registry/registry.ts'
import type { Contract } from './contract.ts'
import type { Diagnostic } from './diagnostic.ts'
import { type EventReaders, eventReaders } from './event-parts.ts'
import { loadContracts } from './load.ts'
import { topicOf } from './topic-of.ts'

/** A contract whose derived schemas are registered. */
export interface LiveContract extends Contract {
  /** Confluent wire format prefix by schema version: a zero byte and the registry id, big-endian. */
  wirePrefixes: Map<string, Buffer>
  /** Reads id, time and subjects out of a raw event. */
  readers: EventReaders
}

export interface Catalogue {
  find(dataset: string): LiveContract | undefined
  /** All live contracts, by dataset name. */
  all(): LiveContract[]
  /** What the last reading found wrong: files as they stand now, which may be newer than what is live. */
  diagnostics(): Diagnostic[]
  /** Reads the files again if they changed, and makes good contracts live. */
  reload(): Promise<void>
  /** Looks for edits every `intervalMs`; stop with the returned function. */
  watch(intervalMs: number): () => void
}

export interface CatalogueOptions {
  schemasDir: string
  policiesDir: string
  maxViolations: number
  registry: Registry
  /** Called before a contract goes live; when it rejects, the contract does not, and is tried again. */
  onActivate: (contract: LiveContract) => Promise<void>
  /** Called when an edit could not be made live, or when the files cannot be read. */
  onProblem: (problem: { diagnostics: Diagnostic[]; error?: unknown }) => void
}

/** Opens the catalogue and reads the files once. */
export async function openCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  let live = new Map<string, LiveContract>()
  let diagnostics: Diagnostic[] = []
  let seen = ''
  let reloading: Promise<void> | undefined

  async function activate(contract: Contract): Promise<Diagnostic[]> {
    const current = live.get(contract.dataset)
    if (current && contentOf(current) === contentOf(contract)) return []
    const changed = await findChangedVersions(options.registry, contract)
    if (changed.length > 0) return changed
    const wirePrefixes = await register(options.registry, contract)
    const next = { ...contract, wirePrefixes, readers: eventReaders(contract) }
    await options.onActivate(next)
    live = new Map([...live, [contract.dataset, next]].sort() as [string, LiveContract][])
    return []
  }

  async function read(): Promise<void> {
    const fingerprint = `${await fingerprintOf(options.schemasDir)}\n${await fingerprintOf(options.policiesDir)}`
    if (fingerprint === seen) return
    const loaded = await loadContracts(options)
    const found = [...loaded.diagnostics]
    for (const contract of loaded.contracts.values()) found.push(...(await activate(contract)))
    for (const dataset of live.keys()) {
      if (!loaded.contracts.has(dataset) && !found.some(d => d.dataset === dataset && d.severity === 'error'))
        found.push(goneDiagnostic(live.get(dataset)!))
    }
    diagnostics = found
    seen = fingerprint
    if (found.some(({ severity }) => severity === 'error')) options.onProblem({ diagnostics: found })
  }

  const reload = () =>
    (reloading ??= read().finally(() => {
      reloading = undefined
    }))

  await reload()
  return {
    find: dataset => live.get(dataset),
    all: () => [...live.values()],
    diagnostics: () => diagnostics,
    reload,
    watch: intervalMs => {
      const timer = setInterval(() => {
        reload().catch(error => options.onProblem({ diagnostics: [], error }))
      }, intervalMs)
      timer.unref()
      return () => clearInterval(timer)
    },
  }
}

/** What a contract was made from: policy and schema versions. */
function contentOf({ policySha256, versions }: Contract): string {
  return [
    policySha256,
    ...[...versions.values()].map(({ version, schemaSha256 }) => `${version}:${schemaSha256}`),
  ].join()
}

/** Registry subjects follow Confluent's TopicNameStrategy. */
function registrySubject(dataset: string): string {
  return `${topicOf(dataset)}-value`
}

async function register(registry: Registry, contract: Contract): Promise<Map<string, Buffer>> {
  const prefixes = new Map<string, Buffer>()
  for (const { version, derived } of contract.versions.values()) {
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32BE(await registry.register(registrySubject(contract.dataset), derived), 1)
    prefixes.set(version, prefix)
  }
  return prefixes
}

/** The registry remembers which file each version was derived from, even where no lock file was kept. */
async function findChangedVersions(registry: Registry, contract: Contract): Promise<Diagnostic[]> {
  const registered = new Map<string, string>()
  for (const { schema } of await registry.versions(registrySubject(contract.dataset))) {
    const origin = schema['x-ecluse'] as { schema: string; schemaSha256: string }
    registered.set(origin.schema, origin.schemaSha256)
  }
  return [...contract.versions.values()]
    .filter(({ version, schemaSha256 }) => (registered.get(version) ?? schemaSha256) !== schemaSha256)
    .map(({ version, schemaFile }) => ({
      file: schemaFile,
      line: 1,
      column: 1,
      severity: 'error',
      dataset: contract.dataset,
      message: `schema version ${version} was registered with other content: a version never changes`,
      fix: 'Restore the file as it was, and add the next version as a new file.',
    }))
}

function goneDiagnostic({ dataset, policyFile }: LiveContract): Diagnostic {
  return {
    file: policyFile,
    line: 1,
    column: 1,
    severity: 'error',
    dataset,
    message: `the files of dataset ${dataset} are gone; its last good contract stays live`,
    fix: 'Put the files back, or restart to retire the dataset.',
  }
}

/** Names, sizes and times of all files below a directory: cheap to take twice a second. */
async function fingerprintOf(dir: string): Promise<string> {
  const names = (await readdir(dir, { recursive: true })).sort()
  const lines = await Promise.all(
    names.map(async name => {
      const { mtimeMs, size, ino } = await stat(join(dir, name)).catch(() => ({ mtimeMs: 0, size: 0, ino: 0 }))
      return `${name} ${mtimeMs} ${size} ${ino}`
    }),
  )
  return lines.join('\n')
}
