// Restriction of processing (GDPR art. 18): what there is of a person stays where it is and is read by nobody; what
// comes in meanwhile is stored without effect. Lifting it gives effect to what was held.

import type { Vault } from '../../storage/vault/vault.ts'
import type { Audit } from '../audit/audit.ts'
import { type ChangeRightsDeps, changeRights } from './change-rights.ts'
import { type AskedPerson, type DeclaredKinds, findAsked } from './find-asked.ts'
import type { KeyRing } from './key-ring.ts'
import { type PassDeps, passProcessors } from './pass-processors.ts'
import type { RequestResult, RunningRequest } from './running-request.ts'

export interface RestrictDeps extends PassDeps {
  vault: Vault
  rights: ChangeRightsDeps['rights']
  ring: KeyRing
  /** What live policies name. */
  kinds(): DeclaredKinds
  leaseMs: number
  /** Gives effect to the events that were held; how many. Idempotent. */
  release(persons: AskedPerson[]): Promise<number>
  audit: Audit
}

/**
 * Restricts, or lifts the restriction of, the persons a request asks for.
 * @throws RequestFailed for an ambiguous alias, or a kind that no policy names
 */
export async function restrict(deps: RestrictDeps, request: RunningRequest): Promise<RequestResult> {
  const { vault, audit } = deps
  const { stage, content } = request
  const lift = content.details.lift === true
  const asked = await stage('found', () => findAsked(vault, deps.ring, content, deps.kinds()))
  await stage(lift ? 'lifted' : 'restricted', async () => {
    await changeRights(deps, asked.living, rights => ({ ...rights, restricted: !lift }))
    return null
  })
  // Until then gateways may act on what they looked up before.
  await stage('lease over', async () => {
    await request.wait(deps.leaseMs)
    return null
  })
  const released = lift ? await releaseHeld(deps, request, asked.living) : 0
  const outcome = { persons: asked.living.length, erased: asked.erased, unknown: asked.unknown, released }
  await stage('recorded', async () => {
    await audit.record({ kind: 'right-done', actor: 'ecluse', request: request.id, details: { ...outcome, lift } })
    return null
  })
  return { outcome, certificate: null }
}

/** Held events that stand in the log have to be archived before they can be released. */
async function releaseHeld(deps: RestrictDeps, request: RunningRequest, persons: AskedPerson[]): Promise<number> {
  await passProcessors(deps, request)
  return request.stage('held events released', () => deps.release(persons))
}
