// Edits that weaken protection and wait for somebody else than who made them. What they wait for rests in the vault, so
// that all processes agree and no restart slips by; what waits is known to whoever has the files.

import { hash } from 'node:crypto'
import type { Vault } from '../../storage/vault/vault.ts'
import type { Diagnostic } from './diagnostic.ts'

/** The access policy in place of a dataset. */
export const ACCESS_POLICY = '*'

/** Content by its hashes, hex SHA-256. */
export interface EditHashes {
  policySha256: string
  /** By schema version or table (`references/countries.csv`); of the access policy, by the name of its other file. */
  schemas: Record<string, string>
}

export interface PendingEdit {
  /** Or `ACCESS_POLICY`. */
  dataset: string
  /** What was live last. */
  from: EditHashes
  to: EditHashes
  /** What of it weakens protection: sentences without a dot. */
  reasons: string[]
}

export interface Approvals {
  isApproved(edit: PendingEdit): Promise<boolean>
  /** The edit may go live, in all processes, until something else of that dataset does. */
  approve(edit: PendingEdit): Promise<void>
  /** What was live last of a dataset, as whoever remembered it wrote it. */
  lastLive(dataset: string): Promise<string | undefined>
  /** From now on this is what was live last; an approval for it is used up. */
  remember(dataset: string, live: string): Promise<void>
}

export type ApprovalStore = Pick<Vault, 'findSetting' | 'putSetting'>

export function openApprovals(vault: ApprovalStore): Approvals {
  const approval = (dataset: string) => `policy-approval/${dataset}`
  const live = (dataset: string) => `live-policy/${dataset}`
  return {
    isApproved: async edit => (await vault.findSetting(approval(edit.dataset))) === identityOf(edit),
    approve: edit => vault.putSetting(approval(edit.dataset), identityOf(edit)),
    lastLive: dataset => vault.findSetting(live(dataset)),
    remember: async (dataset, text) => {
      await vault.putSetting(live(dataset), text)
      if (await vault.findSetting(approval(dataset))) await vault.putSetting(approval(dataset), '')
    },
  }
}

/** Schemas and tables of an edit that were not live before: what its approval has to name. */
export function newSchemas({ from, to }: PendingEdit): Record<string, string> {
  return Object.fromEntries(Object.entries(to.schemas).filter(([version, sha256]) => from.schemas[version] !== sha256))
}

/** Reasons named in a message. */
const MAX_REASONS = 5

/** What keeps an edit from being live, where other problems of its file are told. */
export function describeWaiting({ dataset, reasons }: PendingEdit, file: string): Diagnostic {
  const more = reasons.length > MAX_REASONS ? `; and ${reasons.length - MAX_REASONS} more` : ''
  return {
    file,
    line: 1,
    column: 1,
    severity: 'error',
    ...(dataset !== ACCESS_POLICY && { dataset }),
    message: `the edit waits for an approval, since it weakens protection: ${reasons.slice(0, MAX_REASONS).join('; ')}${more}.`,
    fix: 'Let a second person look at GET /v1/policy-approvals and approve it there, or take the change back.',
  }
}

/** Hex SHA-256 of everything an edit goes from and to. */
function identityOf({ dataset, from, to }: PendingEdit): string {
  return hash('sha256', JSON.stringify([dataset, ordered(from), ordered(to)]))
}

function ordered({ policySha256, schemas }: EditHashes) {
  return [policySha256, Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))]
}
