// Whether an edit may go live: compared with what was live last, also over a restart, it must protect no less, or
// somebody has to approve it. What was live last is kept whole, so that it can be live again while the edit waits.

import { isDeepStrictEqual } from 'node:util'
import type { Vault } from '../../storage/vault/vault.ts'
import { type Approvals, type EditHashes, openApprovals, type PendingEdit } from './approvals.ts'
import { comparePolicies, type PolicyComparison } from './compare-policies.ts'
import { contentHashes, tableNamed } from './content-hashes.ts'
import type { Contract } from './contract.ts'
import { compileDataset } from './load.ts'
import type { FoundFile } from './source-file.ts'

export type ApprovalMode = 'required' | 'none'

export interface Admission {
  /** The edit waits. */
  waits?: PendingEdit
  /** What was live last; undefined if it cannot be compiled any more. */
  last?: Contract
}

export interface Gate {
  /** @throws VaultUnavailable */
  admit(contract: Contract): Promise<Admission>
  /** Called before it goes live, as often as it does. @throws VaultUnavailable */
  remember(contract: Contract): Promise<void>
}

export interface GateDeps {
  vault: Pick<Vault, 'findSetting' | 'putSetting' | 'settingOr'>
  mode: ApprovalMode
  maxViolations: number
  /** Told of an edit that goes live and changes protection. */
  onChange(dataset: string, comparison: PolicyComparison): void
}

/** A contract as it is kept: its policy, and where the texts of its schemas and tables stand. */
interface KeptContract extends EditHashes {
  policyText: string
}

export function openGate({ vault, mode, maxViolations, onChange }: GateDeps): Gate {
  const approvals: Approvals = openApprovals(vault)
  /** By dataset: an edit that waits is looked at again and again. */
  const judged = new Map<string, { of: string; last: Contract | undefined; comparison: PolicyComparison }>()

  async function judge(contract: Contract, kept: KeptContract) {
    const of = JSON.stringify([kept, contentHashes(contract)])
    const known = judged.get(contract.dataset)
    if (known?.of === of) return known
    const last = await compileKept(contract.dataset, kept)
    const found = { of, last, comparison: last ? comparePolicies(last, contract) : UNREADABLE }
    judged.set(contract.dataset, found)
    return found
  }

  async function compileKept(dataset: string, { policySha256, policyText, schemas }: KeptContract) {
    const files = new Map<string, FoundFile>()
    const tables = new Map<string, FoundFile>()
    for (const [name, sha256] of Object.entries(schemas)) {
      const bytes = Buffer.from((await vault.findSetting(textSetting(sha256))) ?? '')
      const table = tableNamed(name)
      if (table === undefined) files.set(name, { path: `${dataset}/${name}.json`, bytes, sha256 })
      else tables.set(table, { path: name, bytes, sha256 })
    }
    const policy = { path: `${dataset}.yaml`, bytes: Buffer.from(policyText), sha256: policySha256 }
    return compileDataset(dataset, policy, files, maxViolations, tables).contract
  }

  return {
    admit: async contract => {
      const { dataset } = contract
      const text = await approvals.lastLive(dataset)
      // Of a dataset that is new there is nothing to weaken.
      if (text === undefined) return {}
      const kept = JSON.parse(text) as KeptContract
      const { policyText: _, ...from } = kept
      const to = contentHashes(contract)
      if (isDeepStrictEqual(from, to)) return {}
      const { last, comparison } = await judge(contract, kept)
      const edit: PendingEdit = { dataset, from, to, reasons: reasonsOf(comparison) }
      const waits = mode === 'required' && comparison.verdict === 'weaker' && !(await approvals.isApproved(edit))
      if (waits) return { waits: edit, ...(last && { last }) }
      onChange(dataset, comparison)
      return {}
    },
    remember: async contract => {
      const kept: KeptContract = { ...contentHashes(contract), policyText: contract.policyText }
      const text = JSON.stringify(kept)
      if ((await approvals.lastLive(contract.dataset)) === text) return
      for (const { schemaSha256, schemaText } of contract.versions.values())
        await vault.settingOr(textSetting(schemaSha256), schemaText)
      for (const { sha256, text } of contract.references.values()) await vault.settingOr(textSetting(sha256), text)
      await approvals.remember(contract.dataset, text)
    },
  }
}

const UNREADABLE: PolicyComparison = {
  verdict: 'weaker',
  changes: [{ effect: 'weaker', what: 'what was live last cannot be read any more, so nothing can be compared' }],
}

/** What weakens protection, one sentence for each, at its place. */
export function reasonsOf({ changes }: PolicyComparison): string[] {
  return changes.filter(({ effect }) => effect === 'weaker').map(describeChange)
}

/** `1-0-0 /email: encrypt becomes keep, in the aggregates by-town, by-type` */
export function describeChange({ schema, pointer, aggregates, what }: PolicyComparison['changes'][number]): string {
  const place = [schema, pointer].filter(part => part !== undefined).join(' ')
  const read = aggregates
    ? `, in ${aggregates.length > 1 ? 'the aggregates' : 'the aggregate'} ${aggregates.join(', ')}`
    : ''
  return `${place === '' ? what : `${place}: ${what}`}${read}`
}

/** Of a table too. */
const textSetting = (sha256: string) => `schema-text/${sha256}`
