// The schema versions that an edit brings, and how far each is from the one before it, with reasons.

import type { Contract } from './contract.ts'
import { greatestChange, schemaChanges } from './schema-step.ts'
import { schemaTree } from './schema-tree.ts'
import { compareSchemaVersions, type SchemaStep } from './schema-version.ts'

export interface NewVersion {
  version: string
  /** The version it is compared with; null for a dataset's first. */
  after: string | null
  /** How far it is: `addition` takes every earlier event; null when nothing that is checked changed. */
  step: SchemaStep | null
  reasons: string[]
}

/** @param live undefined where nothing of the dataset is live */
export function newVersions(
  live: Pick<Contract, 'versions'> | undefined,
  here: Pick<Contract, 'versions'>,
): NewVersion[] {
  const versions = [...here.versions.keys()].sort(compareSchemaVersions)
  return versions
    .map((version, i) => ({ version, after: versions[i - 1] ?? null }))
    .filter(({ version }) => !live?.versions.has(version))
    .map(({ version, after }) => {
      if (after === null) return { version, after, step: null, reasons: [] }
      const side = (name: string) => {
        const root = here.versions.get(name)!.schema
        return { name, root, tree: schemaTree(root) }
      }
      const changes = schemaChanges(side(after), side(version))
      return {
        version,
        after,
        step: greatestChange(changes)?.step ?? null,
        reasons: changes.map(({ step, reason }) => `${step}: ${reason}`),
      }
    })
}
