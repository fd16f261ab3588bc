// How a producer names a schema version: 1-0-0, transactions/1-0-0, or a URI that ends in …/schemas/1-0-0.

import type { Contract } from './contract.ts'
import { didYouMean, listed } from './did-you-mean.ts'

/** The version a `dataschema` names. What is of no known form comes back as it is: no version will match it. */
export function schemaVersionOf(named: string, dataset: string): string {
  if (named.startsWith(`${dataset}/`)) return named.slice(dataset.length + 1)
  const path = `/datasets/${dataset}/schemas/`
  const at = named.lastIndexOf(path)
  return at < 0 ? named : named.slice(at + path.length)
}

/** What to send instead of a version that is not registered: sentences that repeat nothing of what was sent. */
export function nearestSchemaVersion(contract: Contract, named: string): string {
  const versions = [...contract.versions.keys()]
  return `${didYouMean(named, versions)}Name a registered version (${listed(versions)}), or none: then it is ${contract.newest}.`
}
