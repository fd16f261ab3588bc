// For tests alone: the small dataset with its raw schema in a real embedded registry, which can be taken away or made
// anew, beside a real vault that remembers.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openFileRegistry } from '../../storage/registry/file.ts'
import { type Registry, RegistryUnavailable } from '../../storage/registry/registry.ts'
import { openSqliteVault } from '../../storage/vault/sqlite.ts'
import { type Catalogue, openCatalogue } from './catalogue.ts'
import { policyText, schemaText, schemaWith, writeDataset } from './contract-fixture.ts'
import { formatDiagnostic } from './diagnostic.ts'
import { openRawSchemas } from './fetch-schemas.ts'
import { type Loaded, loadContracts } from './load.ts'
import { rememberIds } from './remember-ids.ts'

export const SUBJECT = 'orders-raw-value'
export const INTERVAL_MS = 60_000

/** The policy that takes its schema from the registry: line 8. */
export function policyOf(version: number | string, registrySubject = SUBJECT): string {
  return policyText.replace('event:', `schema: { registry: ${registrySubject}, version: ${version} }\nevent:`)
}

export const first = JSON.parse(schemaText)
export const addition = JSON.parse(schemaWith('"note": { "type": "string" }'))
export const revision = { ...addition, required: ['buyer', 'note'] }
export const model = JSON.parse(schemaWith('"note": { "type": "number" }'))
export const broken = JSON.parse(schemaWith('"note": { "type": "strin" }'))

export interface RegistryWorld {
  dir: string
  options: { schemasDir: string; policiesDir: string; maxViolations: number; nowMs: number }
  /** Raw schemas, as the next versions of the registry subject. */
  register(...schemas: object[]): Promise<void>
  /** What the registry answers from now on: itself, nothing, or somebody else's registry. */
  answerWith(other: 'itself' | 'down' | Pick<Registry, 'versions'>): void
  /** Another registry, empty. */
  anotherRegistry(): Promise<Registry>
  /** How often the registry was asked for raw schemas. */
  asked(): number
  pass(ms: number): void
  /** Another process with its own memory, and the same vault. */
  start(): Promise<{ catalogue: Catalogue; problems: string[] }>
  /** What `ecluse check` does: it remembers nothing. */
  check(): Promise<Loaded & { said: string[] }>
}

export async function registryWorld(
  t: TestContext,
  files: Record<string, string | undefined>,
  schemas: object[] = [first],
): Promise<RegistryWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'ecluse-raw-schemas-'))
  await writeDataset(dir, { 'schemas/orders/1-0-0.json': undefined, ...files })
  const real = await openFileRegistry(join(dir, 'registry'))
  const vault = openSqliteVault(join(dir, 'vault.sqlite'))
  t.after(async () => {
    await vault.close()
    await rm(dir, { recursive: true })
  })
  let answering: Pick<Registry, 'versions'> | 'down' = real
  let asked = 0
  let nowMs = Date.parse('2026-11-21T00:00:00Z')
  const registry: Registry = {
    ...real,
    register: async (...given) => (answering === 'down' ? fail() : real.register(...given)),
    versions: async registrySubject => {
      if (registrySubject === SUBJECT) asked++
      if (answering === 'down') return fail()
      return registrySubject.startsWith('ecluse.')
        ? real.versions(registrySubject)
        : answering.versions(registrySubject)
    },
  }
  const now = () => nowMs
  const options = {
    schemasDir: join(dir, 'schemas'),
    policiesDir: join(dir, 'policies'),
    maxViolations: 20,
    nowMs,
  }
  const register = async (...more: object[]) => {
    for (const schema of more) await real.register(SUBJECT, { ...schema })
  }
  await register(...schemas)
  return {
    dir,
    options,
    register,
    answerWith: other => {
      answering = other === 'itself' ? real : other
    },
    anotherRegistry: () => openFileRegistry(join(dir, 'another')),
    asked: () => asked,
    pass: ms => {
      nowMs += ms
    },
    start: async () => {
      const problems: string[] = []
      const catalogue = await openCatalogue({
        ...options,
        registry: rememberIds(registry, vault),
        rawSchemas: openRawSchemas({ registry, vault, intervalMs: INTERVAL_MS, now }),
        onActivate: async () => {},
        onProblem: ({ diagnostics, error }) => {
          problems.push(...diagnostics.map(formatDiagnostic), ...(error instanceof Error ? [error.message] : []))
        },
      })
      return { catalogue, problems }
    },
    check: async () => {
      const loaded = await loadContracts({ ...options, rawSchemas: openRawSchemas({ registry }) })
      return { ...loaded, said: loaded.diagnostics.map(d => formatDiagnostic(d).replaceAll(`${dir}/`, '')) }
    },
  }
}

function fail(): never {
  throw new RegistryUnavailable('registry: https://registry.example: nobody answers')
}
