// Which retention is in force: one answer for all processors, also while some of them hold an older policy. Retentions
// are numbered in the vault in the order in which they were taken up; the last one holds, for whoever archives.

import type { Catalogue } from '../governance/contract/catalogue.ts'
import type { Contract } from '../governance/contract/contract.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { MAX_EPOCHS } from './incarnations.ts'

/** Nobody holds a retention any more that was not confirmed for so long, over so many looks. */
const ABANDONED_MS = 5 * 60_000
const ABANDONED_LOOKS = 4

export interface RetentionInForce {
  /** Its number in the dataset: what it changes is written anew under it. */
  epoch: number
  /** ms from reception. */
  events: number
  quarantine: number
}

export interface Retentions {
  /**
   * The retention in force; a dataset that has none yet gets its live contract's. Undefined without either.
   * @throws VaultUnavailable
   */
  inForce(dataset: string): Promise<RetentionInForce | undefined>
  /**
   * One look, once a maintenance turn: takes up this process's policy where it is the newer one, and confirms it where
   * it is in force. The retention in force then.
   * @throws VaultUnavailable, DocumentsUnavailable
   */
  settle(contract: Pick<Contract, 'dataset' | 'retentionMs'>): Promise<RetentionInForce>
}

export interface RetentionsDeps {
  vault: Pick<Vault, 'settingOr' | 'findSetting'>
  documents: Pick<Documents, 'get' | 'upsertNewer'>
  catalogue: Pick<Catalogue, 'find'>
  logger: Pick<Logger, 'error'>
  now: () => number
}

type Kept = Pick<RetentionInForce, 'events' | 'quarantine'>

const textOf = ({ events, quarantine }: Kept) => JSON.stringify({ events, quarantine })
const settingOf = (dataset: string, epoch: number) => `retention/${dataset}/${epoch}`

export function openRetentions(deps: RetentionsDeps): Retentions {
  const { vault, documents, catalogue, logger, now } = deps
  const last = new Map<string, RetentionInForce>()
  /** This process's own policy, as it was at the last look, or when it first archived. */
  const seen = new Map<string, string>()
  const watched = new Map<string, { mark: string; sinceMs: number; looks: number }>()

  function numbered(epoch: number, text: string): RetentionInForce {
    return { epoch, ...(JSON.parse(text) as Kept) }
  }

  async function inForce(dataset: string, own?: Kept): Promise<RetentionInForce | undefined> {
    if (own && !seen.has(dataset)) seen.set(dataset, textOf(own))
    let found = last.get(dataset)
    if (!found) {
      const name = settingOf(dataset, 0)
      const first = own ? await vault.settingOr(name, textOf(own)) : await vault.findSetting(name)
      if (first === undefined) return undefined
      found = numbered(0, first)
    }
    while (found.epoch + 1 < MAX_EPOCHS) {
      const next = await vault.findSetting(settingOf(dataset, found.epoch + 1))
      if (next === undefined) break
      found = numbered(found.epoch + 1, next)
    }
    last.set(dataset, found)
    return found
  }

  /** Says that a process lives whose policy is the one in force. */
  async function confirm(dataset: string, { epoch }: RetentionInForce): Promise<void> {
    const held = await documents.get('retentions', heldId(dataset))
    const version = Math.max(now(), (held?.version ?? 0) + 1)
    await documents.upsertNewer('retentions', [{ id: heldId(dataset), version, expiresAtMs: null, body: { epoch } }])
  }

  /** What changes is the document, so that no two clocks are compared. */
  async function isAbandoned(dataset: string, { epoch }: RetentionInForce): Promise<boolean> {
    const held = await documents.get('retentions', heldId(dataset))
    const mark = `${epoch}/${held?.version}`
    const watch = watched.get(dataset)
    if (watch?.mark !== mark) {
      watched.set(dataset, { mark, sinceMs: now(), looks: 1 })
      return false
    }
    watch.looks++
    return watch.looks >= ABANDONED_LOOKS && now() - watch.sinceMs >= ABANDONED_MS
  }

  async function takeUp(dataset: string, own: string, current: RetentionInForce): Promise<RetentionInForce> {
    const epoch = current.epoch + 1
    if (epoch >= MAX_EPOCHS) {
      logger.error({ dataset }, `retention was changed ${MAX_EPOCHS} times: the last one stays in force`)
      return current
    }
    const taken = numbered(epoch, await vault.settingOr(settingOf(dataset, epoch), own))
    last.set(dataset, taken)
    return taken
  }

  return {
    inForce: dataset => inForce(dataset, catalogue.find(dataset)?.retentionMs),
    settle: async ({ dataset, retentionMs }) => {
      const own = textOf(retentionMs)
      const current = (await inForce(dataset, retentionMs))!
      const isInForce = textOf(current) === own
      if (isInForce) await confirm(dataset, current)
      // An edit that this process saw is newer than what was before it. One that it started with may be older than
      // what is in force (a restart in the middle of a roll-out) or newer: whose policy lives on decides.
      const isEdited = seen.get(dataset) !== own
      const isTaken = !isInForce && (isEdited || (await isAbandoned(dataset, current)))
      const settled = isTaken ? await takeUp(dataset, own, current) : current
      seen.set(dataset, own)
      return settled
    },
  }
}

function heldId(dataset: string): string {
  return `held/${dataset}`
}
