// For tests alone: a small dataset written to a temporary directory, with a policy and a schema whose lines tests can
// point at, and what `loadContracts` says of it.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Contract } from './contract.ts'
import { formatDiagnostic } from './diagnostic.ts'
import { loadContracts, lockSchemas } from './load.ts'

export const policyText = `dataset: orders
owner: shop@example.org
steward: data@example.org
purpose: revenue reporting
legalBasis: contract
review: { every: 180d, last: 2026-11-01 }
retention: { log: 7d, events: 400d, quarantine: 30d, lake: 1095d }
event:
  id: /id
  time: { at: /at, zone: Europe/Paris }
  subjects:
    - { name: buyer, type: customer, id: /buyer/number, aliases: [{ type: email, at: /buyer/email }] }
fields:
  /amount: { level: internal, action: keep }
  /buyer/email: { category: user.contact.email, level: confidential, action: pseudonymise }
unclassified: encrypt
`

export const schemaText = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "required": ["buyer"],
  "properties": {
    "id": { "type": "string" },
    "at": { "type": "string" },
    "amount": { "type": "number" },
    "buyer": {
      "type": "object",
      "additionalProperties": false,
      "required": ["number"],
      "properties": {
        "number": { "type": "string" },
        "email": { "type": "string" }
      }
    }
  }
}
`

/** The schema with one more property, on line 7. */
export function schemaWith(property: string, text = schemaText): string {
  return text.replace('  "properties": {\n    "id"', `  "properties": {\n    ${property},\n    "id"`)
}

/** The policy with one more line under `fields`, line 16. */
export function policyWith(rule: string, text = policyText): string {
  return text.replace('unclassified', `  ${rule}\nunclassified`)
}

export interface Checked {
  contracts: Map<string, Contract>
  /** Formatted diagnostics, paths from the temporary directory. */
  said: string[]
}

export const files = { 'policies/orders.yaml': policyText, 'schemas/orders/1-0-0.json': schemaText }

/** Writes the small dataset's files, with changes, into `dir`. */
export async function writeDataset(
  dir: string,
  changed: Record<string, string | Buffer | undefined> = {},
): Promise<void> {
  await mkdir(join(dir, 'schemas'))
  await mkdir(join(dir, 'policies'))
  for (const [path, text] of Object.entries({ ...files, ...changed })) {
    if (text === undefined) continue
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), text)
  }
}

/** Writes the files (over the small dataset's own; undefined leaves one out), locks them unless told not to, loads. */
export async function check(
  changed: Record<string, string | Buffer | undefined> = {},
  { lock = true } = {},
): Promise<Checked> {
  const dir = await mkdtemp(join(tmpdir(), 'ecluse-contract-'))
  try {
    await writeDataset(dir, changed)
    const schemasDir = join(dir, 'schemas')
    if (lock && !changed['schemas/lock.json']) await lockSchemas(schemasDir)
    const nowMs = Date.parse('2026-11-21T00:00:00Z')
    const loaded = await loadContracts({ schemasDir, policiesDir: join(dir, 'policies'), maxViolations: 20, nowMs })
    return {
      contracts: loaded.contracts,
      said: loaded.diagnostics.map(diagnostic => formatDiagnostic(diagnostic).replaceAll(`${dir}/`, '')),
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}
