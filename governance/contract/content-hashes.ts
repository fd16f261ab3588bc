// What a contract was made from, by hashes: policy, schema versions, and the reference tables that its aggregates join.

import type { EditHashes } from './approvals.ts'
import type { Comparable } from './compare-policies.ts'
import type { Contract } from './contract.ts'

/** What stands before a table's name where hashes are listed: as its file stands beside the policies. */
const TABLES = 'references/'

/** Hashes of a contract's files: schemas by version, tables as `references/countries.csv`. */
export function contentHashes({
  policySha256,
  versions,
  references,
}: Pick<Contract, 'policySha256' | 'versions'> & Pick<Comparable, 'references'>): EditHashes {
  const schemas = [...versions.values()].map(({ version, schemaSha256 }) => [version, schemaSha256])
  const tables = [...references.values()].map(({ name, sha256 }) => [`${TABLES}${name}.csv`, sha256])
  return { policySha256, schemas: Object.fromEntries([...schemas, ...tables]) }
}

/** The name of the table that such a hash is listed for; undefined for a schema version. */
export function tableNamed(listed: string): string | undefined {
  return listed.startsWith(TABLES) ? listed.slice(TABLES.length, -'.csv'.length) : undefined
}
