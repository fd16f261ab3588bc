// ecluse check: every problem in schemas and policies, with its place and how to mend it; then what is covered.

import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import type { Contract } from '../governance/contract/contract.ts'
import { formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { didYouMean } from '../governance/contract/did-you-mean.ts'
import { loadContracts, lockSchemas } from '../governance/contract/load.ts'
import type { Config } from '../runtime/config.ts'
import type { Verb } from './verb.ts'

const check: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, lock: { type: 'boolean' } },
  })
  const [dataset] = positionals
  let loaded = await loadContracts(config)
  if (values.lock) {
    const broken = new Set(loaded.diagnostics.filter(({ severity }) => severity === 'error').map(({ file }) => file))
    await lockSchemas(config.schemasDir, file => !broken.has(file))
    loaded = await loadContracts(config)
  }
  const diagnostics = loaded.diagnostics.filter(d => !dataset || !d.dataset || d.dataset === dataset)
  const contracts = [...loaded.contracts.values()].filter(c => !dataset || c.dataset === dataset)
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (dataset && contracts.length === 0 && errors.length === 0) {
    process.stderr.write(
      `ecluse check: no dataset of this name is declared. ${didYouMean(dataset, loaded.contracts.keys())}\n`,
    )
    return 1
  }
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ diagnostics, datasets: contracts.map(coverageOf) }, null, 2)}\n`)
    return errors.length > 0 ? 1 : 0
  }
  for (const diagnostic of diagnostics)
    process.stdout.write(
      `${formatDiagnostic({ ...diagnostic, file: relative('.', diagnostic.file) || diagnostic.file })}\n`,
    )
  for (const contract of contracts) process.stdout.write(coverageLine(contract))
  const warnings = diagnostics.length - errors.length
  process.stdout.write(`${errors.length} errors, ${warnings} warnings in ${describeDirs(config)}\n`)
  return errors.length > 0 ? 1 : 0
}

function coverageOf({ dataset, newest, versions }: Contract) {
  return { dataset, version: newest, ...versions.get(newest)!.coverage }
}

function coverageLine(contract: Contract): string {
  const { dataset, version, declared, classified, protected: guarded } = coverageOf(contract)
  const share = declared === 0 ? 100 : Math.floor((classified / declared) * 100)
  return `${dataset} ${version}: ${declared} fields declared, ${classified} classified (${share} %), ${guarded} protected\n`
}

function describeDirs(config: Config): string {
  return `${config.schemasDir} and ${config.policiesDir}`
}

export default check
