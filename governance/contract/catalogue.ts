// The live contracts. A good edit of a schema or policy replaces its dataset's contract; a bad one, or a file that is
// gone, changes nothing and is reported until it is mended.

import { isDeepStrictEqual } from 'node:util'
import type { Registry } from '../../storage/registry/registry.ts'
import type { Gate } from './admit-contract.ts'
import { describeWaiting, type PendingEdit } from './approvals.ts'
import { contentHashes } from './content-hashes.ts'
import type { Contract, SubjectRule } from './contract.ts'
import { type Diagnostic, formatDiagnostic, reportInto } from './diagnostic.ts'
import { type EventReaders, eventReaders } from './event-parts.ts'
import type { RawSchemas } from './fetch-schemas.ts'
import { type Compiled, loadContracts } from './load.ts'
import { fingerprintOf } from './read-files.ts'
import { registrySubjectOf } from './topic-of.ts'

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
  /** Edits that wait for an approval. */
  waiting(): PendingEdit[]
  /** Reads the files again at once if they changed, and makes good contracts live. */
  reload(): Promise<void>
  /** Reads them only if they changed and this look finds them as the one before did: nobody is writing them. */
  look(): Promise<void>
  /** Looks for edits every `intervalMs`; stop with the returned function, which waits for a look that is under way. */
  watch(intervalMs: number): () => Promise<void>
}

export interface CatalogueOptions {
  schemasDir: string
  policiesDir: string
  maxViolations: number
  registry: Registry
  /** For policies whose schema is in the registry. */
  rawSchemas?: RawSchemas
  /** Keeps an edit that weakens protection from going live before it is approved. */
  gate?: Gate
  /** Called before a contract goes live; when it rejects, the contract does not, and is tried again. */
  onActivate: (contract: LiveContract) => Promise<void>
  /** Called when an edit could not be made live or has side effects, or files cannot be read: once, until it changes. */
  onProblem: (problem: { diagnostics: Diagnostic[]; error?: unknown }) => void
}

/**
 * Opens the catalogue and reads the files once.
 * @throws Error when a directory cannot be read: which, and the setting that names it
 */
export async function openCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  let live = new Map<string, LiveContract>()
  let diagnostics: Diagnostic[] = []
  let waiting: PendingEdit[] = []
  /** Fingerprints: of the files as they were last read, and as they were last looked at. */
  let seen: string | undefined
  let glimpsed: string | undefined
  let told = ''
  let turn: Promise<void> = Promise.resolve()
  const compiled = new Map<string, Compiled>()

  async function activate(contract: Contract, waits: PendingEdit[]): Promise<Diagnostic[]> {
    const current = live.get(contract.dataset)
    if (current && isDeepStrictEqual(contentHashes(current), contentHashes(contract))) return []
    const changed = await findChangedVersions(options.registry, contract)
    if (changed.length > 0) return changed
    const admission = await options.gate?.admit(contract)
    if (admission?.waits) {
      waits.push(admission.waits)
      if (!current && admission.last) await goLive(admission.last)
      return [describeWaiting(admission.waits, contract.policyFile)]
    }
    const next = await goLive(contract)
    return current ? identityWarnings(current, next) : []
  }

  async function goLive(contract: Contract): Promise<LiveContract> {
    await options.rawSchemas?.pin(contract)
    const wirePrefixes = await register(options.registry, contract)
    const next = { ...contract, wirePrefixes, readers: eventReaders(contract) }
    // Before it is live: what is live and not remembered could be weakened unseen by a restart.
    await options.gate?.remember(contract)
    await options.onActivate(next)
    live = new Map([...live, [contract.dataset, next]].sort() as [string, LiveContract][])
    return next
  }

  const fingerprint = async () => {
    const { schemasDir, policiesDir, rawSchemas } = options
    const prints = [await fingerprintOf(schemasDir), await fingerprintOf(policiesDir), await rawSchemas?.fingerprint()]
    return prints.join('\n')
  }

  async function read(print: string, mustBeStill: boolean): Promise<void> {
    const loaded = await loadContracts({ ...options, compiled })
    if (mustBeStill && (await fingerprint()) !== print) return
    if (seen === undefined && !loaded.isComplete) throw new Error(loaded.diagnostics.map(formatDiagnostic).join('\n'))
    const found = [...loaded.diagnostics]
    const waits: PendingEdit[] = []
    for (const contract of loaded.contracts.values()) found.push(...(await activate(contract, waits)))
    for (const [dataset, contract] of loaded.isComplete ? live : []) {
      if (!loaded.contracts.has(dataset) && !found.some(d => d.dataset === dataset && d.severity === 'error'))
        found.push(goneDiagnostic(contract))
    }
    diagnostics = found
    waiting = waits
    // What waits is looked at again: it may have been approved.
    seen = loaded.tryAgain || waits.length > 0 ? '' : print
    const isNew = (d: Diagnostic) => d.severity === 'error' || !loaded.diagnostics.includes(d)
    tell({ diagnostics: found.filter(isNew) })
  }

  function tell(problem: { diagnostics: Diagnostic[]; error?: unknown }): void {
    const text = [...problem.diagnostics.map(formatDiagnostic), problem.error ?? ''].join('\n')
    if (text !== told && text !== '') options.onProblem(problem)
    told = text
  }

  async function reload(): Promise<void> {
    const print = await fingerprint()
    if (print !== seen) await read(print, false)
  }

  async function look(): Promise<void> {
    const print = await fingerprint()
    const isStill = print === glimpsed
    glimpsed = print
    if (print !== seen && isStill) await read(print, true)
  }

  /** Never two readings at once. */
  const inTurn = (work: () => Promise<void>) => {
    const done = turn.then(work)
    turn = done.catch(() => {})
    return done
  }

  await reload()
  return {
    find: dataset => live.get(dataset),
    all: () => [...live.values()],
    diagnostics: () => diagnostics,
    waiting: () => waiting,
    reload: () => inTurn(reload),
    look: () => inTurn(look),
    watch: intervalMs => {
      let isLooking = false
      const timer = setInterval(async () => {
        if (isLooking) return
        isLooking = true
        await inTurn(look).catch(error => tell({ diagnostics: [], error }))
        isLooking = false
      }, intervalMs)
      timer.unref()
      return () => {
        clearInterval(timer)
        return turn
      }
    },
  }
}

async function register(registry: Registry, contract: Contract): Promise<Map<string, Buffer>> {
  const prefixes = new Map<string, Buffer>()
  for (const { version, derived } of contract.versions.values()) {
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32BE(await registry.register(registrySubjectOf(contract.dataset), derived), 1)
    prefixes.set(version, prefix)
  }
  return prefixes
}

/** The registry remembers which file each version was derived from, even where no lock file was kept. */
async function findChangedVersions(registry: Registry, contract: Contract): Promise<Diagnostic[]> {
  const registered = new Map<string, string>()
  for (const { schema } of await registry.versions(registrySubjectOf(contract.dataset))) {
    const origin = schema['x-ecluse'] as { schema: string; schemaSha256: string }
    registered.set(origin.schema, origin.schemaSha256)
  }
  const changed: Diagnostic[] = []
  const report = reportInto(changed, contract.dataset)
  for (const { version, schemaSha256, schemaAt } of contract.versions.values()) {
    if ((registered.get(version) ?? schemaSha256) === schemaSha256) continue
    const fix = contract.policy.schema
      ? 'Take the schemas from where they were before: a dataset’s versions do not move between files and the registry.'
      : 'Restore the file as it was, and add the next version as a new file.'
    report.error(schemaAt, `schema version ${version} was registered with other content: a version never changes`, fix)
  }
  return changed
}

/** An edit under which the same event, or the same person, gets another name than it had. */
function identityWarnings(before: LiveContract, { dataset, policyFile, eventId, subjects }: Contract): Diagnostic[] {
  const person = ({ type, pointer }: SubjectRule) => JSON.stringify([type, pointer])
  const changed = []
  if (JSON.stringify(before.eventId) !== JSON.stringify(eventId)) changed.push('event.id')
  if (before.subjects.slice(0, 1).map(person).join() !== subjects.slice(0, 1).map(person).join())
    changed.push('the first subject')
  return changed.map(what => ({
    file: policyFile,
    line: 1,
    column: 1,
    severity: 'warning',
    dataset,
    message: `${what} is another than before the edit: events sent again will not be recognised as copies.`,
    fix: 'Take the change back if producers may send events of before again.',
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
