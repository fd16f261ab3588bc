// Objection to one purpose (GDPR art. 21): events for that purpose are suppressed from now on, others go on. It can be
// taken back.

import type { Vault } from '../../storage/vault/vault.ts'
import type { Audit } from '../audit/audit.ts'
import { didYouMean } from '../contract/did-you-mean.ts'
import { type ChangeRightsDeps, changeRights } from './change-rights.ts'
import { type DeclaredKinds, findAsked, RequestFailed } from './find-asked.ts'
import type { KeyRing } from './key-ring.ts'
import type { RequestResult, RunningRequest } from './running-request.ts'

export interface ObjectDeps {
  vault: Vault
  rights: ChangeRightsDeps['rights']
  ring: KeyRing
  /** What live policies name. */
  kinds(): DeclaredKinds
  /** The purposes that live policies name. */
  purposes(): string[]
  leaseMs: number
  audit: Audit
}

/**
 * @throws RequestFailed for a purpose or a kind that no policy names, or an ambiguous alias
 */
export async function object(deps: ObjectDeps, request: RunningRequest): Promise<RequestResult> {
  const { vault, audit } = deps
  const { stage, content } = request
  const { purpose, withdraw = false } = content.details as { purpose: string; withdraw?: boolean }
  const purposes = deps.purposes()
  if (!withdraw && !purposes.includes(purpose))
    throw new RequestFailed(
      `no policy has this purpose. ${didYouMean(purpose, purposes)}Write it as the policy does: GET /v1/datasets/{dataset} shows it.`,
    )
  const asked = await stage('found', () => findAsked(vault, deps.ring, content, deps.kinds()))
  await stage(withdraw ? 'withdrawn' : 'objected', async () => {
    await changeRights(deps, asked.living, rights => {
      const others = rights.objections.filter(each => each !== purpose)
      return { ...rights, objections: withdraw ? others : [...others, purpose] }
    })
    return null
  })
  // Until then gateways may act on what they looked up before.
  await stage('lease over', async () => {
    await request.wait(deps.leaseMs)
    return null
  })
  const outcome = { persons: asked.living.length, erased: asked.erased, unknown: asked.unknown }
  await stage('recorded', async () => {
    await audit.record({ kind: 'right-done', actor: 'ecluse', request: request.id, details: { ...outcome, withdraw } })
    return null
  })
  return { outcome, certificate: null }
}
