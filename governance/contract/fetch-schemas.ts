// Raw schemas that live in the registry: fetched for the policies that name them, asked for again at most once a minute,
// and handed on as if they had been read from files.

import type { Registry } from '../../storage/registry/registry.ts'
import { askRegistry } from './ask-registry.ts'
import { checkShape } from './check-shape.ts'
import type { Contract } from './contract.ts'
import { type Diagnostic, type Report, reportInto } from './diagnostic.ts'
import { addPins, findPins, type NamedVersion, type PinStore } from './pin-schemas.ts'
import { type Policy, schemaReferenceShape } from './policy.ts'
import {
  type Answer,
  foundVersion,
  type SchemaReference,
  type SettledVersions,
  settleVersions,
} from './settle-versions.ts'
import { type FoundFile, parseSource } from './source-file.ts'
import { isOwnRegistrySubject } from './topic-of.ts'

export interface FetchedSchemas {
  /** By SchemaVer, as they would be read from files. */
  versions: Map<string, FoundFile>
  /** Those that were live before: they stay so when a newer one that nobody asked for by number is refused. */
  liveBefore: Map<string, FoundFile>
  /** False when nothing may go live of it: the policy is checked by itself. */
  isComplete: boolean
  diagnostics: Diagnostic[]
}

export interface RawSchemas {
  /** What there is for each of these references, by dataset. @throws VaultUnavailable */
  fetch(references: SchemaReference[]): Promise<Map<string, FetchedSchemas>>
  /** Asks again what was fetched and is older than the interval: another text when the answer is another. */
  fingerprint(): Promise<string>
  /** Keeps ids, hashes and texts of what goes live. @throws VaultUnavailable; Error when it must be fetched again */
  pin(contract: Contract): Promise<void>
}

export interface RawSchemasDeps {
  /** The one that says when it is unavailable. */
  registry: Pick<Registry, 'versions'>
  /** Remembers what was live; left out: nothing is. */
  vault?: PinStore
  /** How old an answer may be. */
  intervalMs?: number
  now?: () => number
}

interface Asked {
  reference: SchemaReference
  atMs: number
  answer: Answer
  pins: NamedVersion[] | undefined
  settled: SettledVersions
}

const INTERVAL_MS = 60_000

/** Opens the raw schemas of the registry; asks nothing yet. */
export function openRawSchemas({
  registry,
  vault,
  intervalMs = INTERVAL_MS,
  now = Date.now,
}: RawSchemasDeps): RawSchemas {
  let asked = new Map<string, Asked>()
  let changes = 0
  const isFresh = ({ atMs }: Asked) => now() - atMs < intervalMs

  async function ask(reference: SchemaReference): Promise<Asked> {
    const { dataset, registrySubject } = reference
    const atMs = now()
    // Pins first: what another process pins in between is in the answer too.
    const pins = vault && (await findPins(vault, dataset, registrySubject))
    const answer = await askRegistry(registry, registrySubject)
    return { reference, atMs, answer, pins, settled: settleVersions(reference, pins, answer) }
  }

  return {
    fetch: async references => {
      const found = await Promise.all(
        references.map(reference => {
          const known = asked.get(reference.dataset)
          const isKnown = known?.reference.policySha256 === reference.policySha256 && isFresh(known)
          return isKnown ? known : ask(reference)
        }),
      )
      asked = new Map(found.map(each => [each.reference.dataset, each]))
      return new Map(found.map(each => [each.reference.dataset, asFiles(each)]))
    },
    fingerprint: async () => {
      const stale = [...asked.values()].filter(known => !isFresh(known))
      const again = async (known: Asked) => {
        const next = await ask(known.reference)
        asked.set(known.reference.dataset, next)
        if (digestOf(next) !== digestOf(known)) changes++
      }
      await Promise.all(stale.map(again))
      return `registry ${changes}`
    },
    pin: async ({ dataset, versions }) => {
      const known = asked.get(dataset)
      if (!vault || !known) return
      const pinned = known.settled.versions.filter(({ version }) => versions.has(version))
      try {
        await addPins(vault, dataset, known.reference.registrySubject, pinned)
      } catch (error) {
        asked.delete(dataset)
        throw error
      }
      if (pinned.length > known.pins!.length) known.pins = pinned
    },
  }
}

function digestOf({ answer, pins }: Asked): string {
  const known =
    'versions' in answer ? answer.versions.map(({ registryVersion, sha256 }) => [registryVersion, sha256]) : answer
  return JSON.stringify([known, pins?.length])
}

function asFiles({ reference, settled }: Asked): FetchedSchemas {
  const { versions, liveBefore, isComplete, diagnostics } = settled
  const files = (some: NamedVersion[]) => new Map(some.map(each => [each.version, foundVersion(reference, each)]))
  const follows = reference.version === 'latest'
  return {
    versions: files(versions),
    liveBefore: files(follows ? versions.slice(0, liveBefore) : []),
    isComplete,
    diagnostics,
  }
}

/**
 * The raw schemas of every policy that says its schema is in the registry, by dataset.
 * @param schemas what there is in files
 * @throws VaultUnavailable
 */
export async function fetchSchemas(
  policies: Map<string, FoundFile>,
  schemas: Map<string, unknown>,
  rawSchemas: RawSchemas | undefined,
): Promise<Map<string, FetchedSchemas>> {
  const fetched = new Map<string, FetchedSchemas>()
  const references: SchemaReference[] = []
  for (const [dataset, found] of policies) {
    const named = readReference(dataset, found)
    if (!named) continue
    const diagnostics: Diagnostic[] = []
    const report = reportInto(diagnostics, dataset)
    fetched.set(dataset, { versions: new Map(), liveBefore: new Map(), isComplete: false, diagnostics })
    if (schemas.has(dataset)) {
      const fix = `Take \`schema:\` out of the policy, or take the folder schemas/${dataset} away.`
      report.error(named.at, 'the schema is in the registry and in files at once.', fix)
    } else if (named.reference && rawSchemas) references.push(named.reference)
    else if (named.reference) {
      const message = 'the schema is in the registry, which was not asked: the policy was checked by itself.'
      report.warning(named.at, message, 'Run the check with ECLUSE_REGISTRY as a running Écluse has it.')
    }
  }
  for (const [dataset, found] of (await rawSchemas?.fetch(references)) ?? []) fetched.set(dataset, found)
  return fetched
}

/** Where the policy speaks of its schema, if it does; the reference, unless something is wrong with it. */
function readReference(dataset: string, found: FoundFile) {
  // Most policies do not, and need not be parsed for that.
  if (!/\bschema["']?\s*:/.test(found.bytes.toString())) return undefined
  const silent: Report = { error: () => {}, warning: () => {} }
  const source = parseSource(found, 'yaml', silent)
  const written = (source.value as Partial<Policy> | null | undefined)?.schema
  if (written === undefined) return undefined
  const at = source.at(['schema'], 'key')
  const isSound = checkShape(schemaReferenceShape, source, ['schema'], written, silent)
  if (!isSound || isOwnRegistrySubject(written.registry)) return { at }
  const { registry: registrySubject, version } = written
  return { at, reference: { dataset, registrySubject, version, at, policySha256: found.sha256 } as SchemaReference }
}
