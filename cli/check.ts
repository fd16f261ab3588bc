// ecluse check: every problem in schemas, policies, the access policy and the rules of alerts, with its place and how to
// mend it; then what is covered.

import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { AccessPolicyError } from '../governance/access/compile-access.ts'
import { loadAccess } from '../governance/access/live-access.ts'
import { checkRuleDatasets } from '../governance/access/read-access-policy.ts'
import { loadAlerts } from '../governance/alerts/read-alerts.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { describeAggregate } from '../governance/contract/describe-aggregate.ts'
import { type Diagnostic, formatDiagnostic, reportInto } from '../governance/contract/diagnostic.ts'
import { didYouMean } from '../governance/contract/did-you-mean.ts'
import { openRawSchemas } from '../governance/contract/fetch-schemas.ts'
import { type Loaded, loadContracts, lockSchemas } from '../governance/contract/load.ts'
import { type Config, variableName } from '../runtime/config.ts'
import type { Registry } from '../storage/registry/registry.ts'
import { accessOf } from './open-stores.ts'
import { openConfluentRegistry } from './server-sides.ts'
import type { Verb } from './verb.ts'

const check: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, lock: { type: 'boolean' } },
  })
  const [dataset] = positionals
  const loaded = await loadDeclared(config, values.lock === true)
  const found = [
    ...loaded.diagnostics,
    ...(await checkAccess(config, loaded)),
    ...(await loadAlerts(config.policiesDir, { nowMs: Date.now(), datasets: declaredIn(loaded) })).diagnostics,
  ]
  const diagnostics = found.filter(d => !dataset || !d.dataset || d.dataset === dataset)
  const contracts = [...loaded.contracts.values()].filter(c => !dataset || c.dataset === dataset)
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (dataset && contracts.length === 0 && !diagnostics.some(d => d.dataset === dataset || d.severity === 'error')) {
    process.stderr.write(
      `ecluse check: no dataset of this name is declared. ${didYouMean(dataset, loaded.contracts.keys())}\n`,
    )
    return 1
  }
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ diagnostics, datasets: contracts.map(describe) }, null, 2)}\n`)
    return errors.length > 0 ? 1 : 0
  }
  for (const diagnostic of diagnostics)
    process.stdout.write(
      `${formatDiagnostic({ ...diagnostic, file: relative('.', diagnostic.file) || diagnostic.file })}\n`,
    )
  for (const contract of contracts) process.stdout.write(coverageLine(contract))
  for (const contract of contracts) process.stdout.write(computedLine(contract))
  for (const { dataset, aggregates } of contracts)
    for (const each of aggregates) process.stdout.write(`${dataset} aggregate ${describeAggregate(each)}\n`)
  const warnings = diagnostics.length - errors.length
  process.stdout.write(`${errors.length} errors, ${warnings} warnings in ${describeDirs(config)}\n`)
  return errors.length > 0 ? 1 : 0
}

/** Those with an error too. */
function declaredIn({ contracts, diagnostics }: Loaded): Set<string> {
  return new Set([...contracts.keys(), ...diagnostics.flatMap(({ dataset }) => dataset ?? [])])
}

async function checkAccess({ policiesDir }: Config, loaded: Loaded): Promise<Diagnostic[]> {
  try {
    const { policyText, policyFile } = await loadAccess(policiesDir)
    const found: Diagnostic[] = []
    checkRuleDatasets(policyText, policyFile, [...declaredIn(loaded)], reportInto(found))
    return found
  } catch (error) {
    if (error instanceof AccessPolicyError) return error.diagnostics
    throw error
  }
}

/** Everything that the files here declare. @param lock whether to lock sound versions first */
export async function loadDeclared(config: Config, lock: boolean): Promise<Loaded> {
  const registry = await openServer(config)
  try {
    const options = { ...config, ...(registry && { rawSchemas: openRawSchemas({ registry }) }) }
    const loaded = await loadContracts(options)
    if (!lock) return loaded
    const broken = new Set(loaded.diagnostics.filter(({ severity }) => severity === 'error').map(({ file }) => file))
    await lockSchemas(config.schemasDir, file => !broken.has(file), registered(loaded))
    return await loadContracts(options)
  } finally {
    await registry?.close()
  }
}

/** The embedded registry belongs to the process that runs with it. */
async function openServer(config: Config): Promise<Registry | undefined> {
  if (config.registry === 'file:') return undefined
  try {
    return await openConfluentRegistry(accessOf(config, 'registry'))
  } catch (error) {
    throw new Error(`${variableName('registry')} ${(error as Error).message}`, { cause: error })
  }
}

/** Versions of sound contracts whose schemas are in the registry. */
function registered({ contracts }: Loaded): [key: string, sha256: string][] {
  return [...contracts.values()]
    .filter(({ policy }) => policy.schema)
    .flatMap(({ dataset, versions }) =>
      [...versions.values()].map(({ version, schemaSha256 }): [string, string] => [
        `${dataset}/${version}`,
        schemaSha256,
      ]),
    )
}

function coverageOf({ dataset, newest, versions }: Contract) {
  return { dataset, version: newest, ...versions.get(newest)!.coverage }
}

function describe(contract: Contract) {
  return { ...coverageOf(contract), aggregates: contract.aggregates }
}

function coverageLine(contract: Contract): string {
  const { dataset, version, declared, classified, protected: guarded } = coverageOf(contract)
  const share = declared === 0 ? 100 : Math.floor((classified / declared) * 100)
  return `${dataset} ${version}: ${declared} fields declared, ${classified} classified (${share} %), ${guarded} protected\n`
}

function computedLine({ dataset, newest, versions }: Contract): string {
  const computed = versions.get(newest)!.fields.flatMap(({ pointer, computed }) => (computed ? pointer : []))
  return computed.length > 0 ? `${dataset} ${newest}: ${computed.join(', ')} are computed\n` : ''
}

function describeDirs(config: Config): string {
  return `${config.schemasDir} and ${config.policiesDir}`
}

export default check
