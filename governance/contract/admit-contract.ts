// Whether an edit may go live: compared with what was live last, also over a restart, it must protect no less, or
// somebody has to approve it. What was live last is kept whole, so that it can be live again while the edit waits.

import { isDeepStrictEqual } from 'node:util'
import type { Vault } from '../../storage/vault/vault.ts'
import { type Approvals, type EditHashes, openApprovals, type PendingEdit } from './approvals.ts'
import { comparePolicies, type PolicyComparison } from './compare-policies.ts'
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

/** A contract as it is kept: its policy, and where its schemas' texts stand. */
interface KeptContract extends EditHashes {
  policyText: string
}

export function openGate({ vault, mode, maxViolations, onChange }: GateDeps): Gate {
  const approvals: Approvals = openApprovals(vault)
  /** By dataset: an edit that waits is looked at again and again. */
  const judged = new Map<string, { of: string; last: Contract | undefined; comparison: PolicyComparison }>()

  async function judge(contract: Contract, kept: KeptContract) {
    const of = JSON.stringify([kept, hashesOf(contract)])
    const known = judged.get(contract.dataset)
    if (known?.of === of) return known
    const last = await compileKept(contract.dataset, kept)
    const found = { of, last, comparison: last ? comparePolicies(last, contract) : UNREADABLE }
    judged.set(contract.dataset, found)
    return found
  }

  async function compileKept(dataset: string, { policySha256, policyText, schemas }: KeptContract) {
    const files = new Map<string, FoundFile>()
    for (const [version, sha256] of Object.entries(schemas)) {
      const text = await vault.findSetting(textSetting(sha256))
      files.set(version, { path: `${dataset}/${version}.json`, bytes: Buffer.from(text ?? ''), sha256 })
    }
    const policy = { path: `${dataset}.yaml`, bytes: Buffer.from(policyText), sha256: policySha256 }
    return compileDataset(dataset, policy, files, maxViolations).contract
  }

  return {
    admit: async contract => {
      const { dataset } = contract
      const text = await approvals.lastLive(dataset)
      // Of a dataset that is new there is nothing to weaken.
      if (text === undefined) return {}
      const kept = JSON.parse(text) as KeptContract
      const { policyText: _, ...from } = kept
      const to = hashesOf(contract)
      if (isDeepStrictEqual(from, to)) return {}
      const { last, comparison } = await judge(contract, kept)
      const edit: PendingEdit = { dataset, from, to, reasons: reasonsOf(comparison) }
      const waits = mode === 'required' && comparison.verdict === 'weaker' && !(await approvals.isApproved(edit))
      if (waits) return { waits: edit, ...(last && { last }) }
      onChange(dataset, comparison)
      return {}
    },
    remember: async contract => {
      const kept: KeptContract = { ...hashesOf(contract), policyText: contract.policyText }
      const text = JSON.stringify(kept)
      if ((await approvals.lastLive(contract.dataset)) === text) return
      for (const { schemaSha256, schemaText } of contract.versions.values())
        await vault.settingOr(textSetting(schemaSha256), schemaText)
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

/** `1-0-0 /email: encrypt becomes keep` */
export function describeChange({ schema, pointer, what }: PolicyComparison['changes'][number]): string {
  const place = [schema, pointer].filter(part => part !== undefined).join(' ')
  return place === '' ? what : `${place}: ${what}`
}

function hashesOf({ policySha256, versions }: Contract): EditHashes {
  return {
    policySha256,
    schemas: Object.fromEntries([...versions.values()].map(({ version, schemaSha256 }) => [version, schemaSha256])),
  }
}

const textSetting = (sha256: string) => `schema-text/${sha256}`
