// Whether an edit of the access policy may be in force: one that gives anybody more waits for an approval, also over a
// restart. What was in force last is kept whole, so that it can be in force again meanwhile.

import { isDeepStrictEqual } from 'node:util'
import { type ApprovalMode, reasonsOf } from '../contract/admit-contract.ts'
import { ACCESS_POLICY, type ApprovalStore, openApprovals, type PendingEdit } from '../contract/approvals.ts'
import type { PolicyComparison } from '../contract/compare-policies.ts'
import { reportInto } from '../contract/diagnostic.ts'
import { compareAccess } from './compare-access.ts'
import { compileAccess } from './compile-access.ts'
import type { AccessFiles } from './live-access.ts'
import { readAccessPolicy } from './read-access-policy.ts'

export interface AccessGate {
  /** @throws VaultUnavailable */
  admit(files: AccessFiles): Promise<{ waits?: PendingEdit; last?: AccessFiles }>
  /** Called before it is in force. @throws VaultUnavailable */
  remember(files: AccessFiles): Promise<void>
}

export interface AccessGateDeps {
  vault: ApprovalStore
  mode: ApprovalMode
  /** Told of an edit that comes into force and changes who may what. */
  onChange(comparison: PolicyComparison): void
}

type Kept = Omit<AccessFiles, 'access'>

export function openAccessGate({ vault, mode, onChange }: AccessGateDeps): AccessGate {
  const approvals = openApprovals(vault)
  /** An edit that waits is looked at again and again. */
  let judged: { of: string; last: AccessFiles; comparison: PolicyComparison } | undefined

  async function judge(files: AccessFiles, kept: Kept) {
    const of = JSON.stringify([kept.hashes, files.hashes])
    if (judged?.of === of) return judged
    const last = { ...kept, access: await compileAccess(kept.modelText, kept.policyText) }
    judged = { of, last, comparison: await compareAccess(last.access, files.access, namedDatasets(kept, files)) }
    return judged
  }

  return {
    admit: async files => {
      const text = await approvals.lastLive(ACCESS_POLICY)
      if (text === undefined) return {}
      const kept = JSON.parse(text) as Kept
      if (isDeepStrictEqual(kept.hashes, files.hashes)) return {}
      const { last, comparison } = await judge(files, kept)
      const reasons = reasonsOf(comparison)
      const edit = { dataset: ACCESS_POLICY, from: editHashes(kept), to: editHashes(files), reasons }
      const waits = mode === 'required' && comparison.verdict === 'weaker' && !(await approvals.isApproved(edit))
      if (waits) return { waits: edit, last }
      onChange(comparison)
      return {}
    },
    remember: async ({ access: _, ...kept }) => {
      const text = JSON.stringify(kept)
      if ((await approvals.lastLive(ACCESS_POLICY)) !== text) await approvals.remember(ACCESS_POLICY, text)
    },
  }
}

/** Datasets that a rule of any of these policies names. */
export function namedDatasets(...policies: Pick<AccessFiles, 'policyText'>[]): Set<string> {
  const rules = policies.flatMap(({ policyText }) => readAccessPolicy(policyText, '', reportInto([])))
  return new Set(rules.map(([, dataset]) => dataset).filter(dataset => dataset !== '*'))
}

function editHashes({ hashes: { modelSha256, policySha256 } }: Kept): PendingEdit['from'] {
  return { policySha256, schemas: { 'model.conf': modelSha256 } }
}
