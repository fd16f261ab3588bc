// Who is behind a pseudonym: asked with a purpose, approved by a second person in another role, open for a while, and
// recorded with each look. What a request says is sealed under a key of its own that ends with it. Until it is approved
// nothing here looks at the person: the answers are the same for a pseudonym that nobody has.

import { randomUUID } from 'node:crypto'
import type { Documents } from '../../storage/documents/documents.ts'
import type { StoredReidentification } from '../../storage/stored-reidentification.ts'
import { asBody } from '../../storage/stored-shapes.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import type { Caller } from '../access/caller.ts'
import { isRole } from '../access/roles.ts'
import type { Audit } from '../audit/audit.ts'
import { open, type SealingKey, seal } from '../protection/seal.ts'
import { findPersons } from './find-persons.ts'
import type { KeyRing } from './key-ring.ts'
import { requestKeyName } from './rights-request.ts'

export const REIDENTIFICATIONS = 'reidentifications'
/** How long a request waits for an answer, and the reason of a refusal can be read. */
const UNANSWERED_MS = 7 * 86_400_000
/** How long it is remembered that there was a request, and how it ended. */
const REMEMBERED_MS = 90 * 86_400_000
/** Requests of one caller that wait or are open at once. */
export const MAX_OPEN_REQUESTS = 20

export interface ReidentificationDeps {
  documents: Documents
  vault: Vault
  ring: KeyRing
  audit: Audit
  /** How long an approved request may be used, ms. */
  openMs: number
  now: () => number
}

/** `expired`: nobody answered; `ended`: it was approved, and its time is over. */
export type ReidentificationState = 'pending' | 'approved' | 'refused' | 'expired' | 'ended'

/** What its requester and approvers see; `purpose` and `pseudonym` while it waits or is open. */
export interface ShownReidentification extends Omit<StoredReidentification, 'state' | 'sealed' | 'requesterRoles'> {
  state: ReidentificationState
  pseudonym?: string
  purpose?: string
  /** Why it was refused. */
  reason?: string
}

type Content = { pseudonym: string; purpose: string } | { reason: string }

/** Approves, or refuses for a reason. */
export type Decision = { state: 'approved' } | { state: 'refused'; reason: string }

/** Undefined when the caller has too many that wait or are open. */
export async function requestReidentification(
  deps: ReidentificationDeps,
  caller: Caller,
  asked: { dataset: string; pseudonym: string; purpose: string },
): Promise<ShownReidentification | undefined> {
  const { documents, ring, audit } = deps
  const nowMs = deps.now()
  const where = { requester: caller.id, endsAt: { from: new Date(nowMs).toISOString() } }
  if ((await documents.find(REIDENTIFICATIONS, { where, limit: MAX_OPEN_REQUESTS })).length >= MAX_OPEN_REQUESTS)
    return undefined
  const id = randomUUID()
  const { dataset, pseudonym, purpose } = asked
  const key = await ring.requestKey(id, nowMs + UNANSWERED_MS)
  const stored: StoredReidentification = {
    id,
    dataset,
    requester: caller.id,
    requesterRoles: caller.roles,
    requestedAt: new Date(nowMs).toISOString(),
    state: 'pending',
    endsAt: new Date(nowMs + UNANSWERED_MS).toISOString(),
    decidedBy: null,
    decidedAt: null,
    sealed: sealed(key, id, { pseudonym, purpose }),
  }
  await audit.record({ kind: 'reidentification-requested', actor: caller.id, dataset, request: id })
  await documents.insertFirst(REIDENTIFICATIONS, [document(stored, 0, nowMs)])
  return showReidentification(deps, stored)
}

export async function findReidentification(
  { documents }: Pick<ReidentificationDeps, 'documents'>,
  id: string,
): Promise<StoredReidentification | undefined> {
  return (await documents.get(REIDENTIFICATIONS, id))?.body as unknown as StoredReidentification | undefined
}

/** As it stands now, without what is sealed in it. */
export function outlineReidentification(
  { now }: Pick<ReidentificationDeps, 'now'>,
  stored: StoredReidentification,
): ShownReidentification {
  const { sealed: _sealed, requesterRoles: _roles, ...members } = stored
  return { ...members, state: stateOf(stored, now()) }
}

/** As it stands now. */
export async function showReidentification(
  deps: ReidentificationDeps,
  stored: StoredReidentification,
): Promise<ShownReidentification> {
  return { ...outlineReidentification(deps, stored), ...(await contentOf(deps, stored)) }
}

/** Why somebody may not decide, or what came of it. */
export type Decided = ShownReidentification | 'own-request' | 'shared-role' | 'not-pending'

/**
 * Approves or refuses as a second person: another caller, with no role of the requester's. Roles that only the identity
 * provider knows do not count: all who work there may have one.
 */
export async function decideReidentification(
  deps: ReidentificationDeps,
  caller: Caller,
  request: StoredReidentification,
  decision: Decision,
): Promise<Decided> {
  if (request.requester === caller.id) return 'own-request'
  if (request.requesterRoles.some(role => isRole(role) && caller.roles.includes(role))) return 'shared-role'
  const nowMs = deps.now()
  if (stateOf(request, nowMs) !== 'pending') return 'not-pending'
  const { id, dataset } = request
  const isApproved = decision.state === 'approved'
  // Recorded first: whatever takes effect stands in the audit.
  await deps.audit.record({ kind: isApproved ? 'approval' : 'refusal', actor: caller.id, dataset, request: id })
  const decided: StoredReidentification = {
    ...request,
    state: decision.state,
    endsAt: new Date(isApproved ? nowMs + deps.openMs : nowMs).toISOString(),
    decidedBy: caller.id,
    decidedAt: new Date(nowMs).toISOString(),
    sealed: isApproved ? request.sealed : await sealReason(deps, id, decision.reason, nowMs),
  }
  if (isApproved) await deps.vault.setKeyEnd(requestKeyName(id), nowMs + deps.openMs)
  await deps.documents.upsertNewer(REIDENTIFICATIONS, [document(decided, 1, nowMs)])
  const stands = await findReidentification(deps, id)
  // Of two who decide at once the first one does.
  if (stands?.decidedBy !== caller.id || stands.decidedAt !== decided.decidedAt || stands.state !== decided.state)
    return 'not-pending'
  if (!isApproved) await deps.vault.deleteKey(requestKeyName(id))
  return showReidentification(deps, decided)
}

/**
 * Who it is: for the requester of an approved request, while it is open. The look stands in the audit before it is
 * answered, whatever it finds.
 * @param types kinds of persons the request's dataset is about
 * @returns undefined for a pseudonym of nobody, or of somebody of whom nothing may be read
 */
export async function identify(
  { vault, ring, audit, ...deps }: ReidentificationDeps,
  request: StoredReidentification,
  types: ReadonlySet<string>,
): Promise<{ type: string; id: string } | 'not-open' | undefined> {
  const content = await contentOf({ ring, now: deps.now }, request)
  if (stateOf(request, deps.now()) !== 'approved' || !('pseudonym' in content)) return 'not-open'
  const { pseudonym, purpose } = content
  const known = (await findPersons(vault, ring, [pseudonym])).get(pseudonym)
  const person = known?.state === 'active' && types.has(known.type) ? known : undefined
  await audit.record({
    kind: 'reidentified',
    actor: request.requester,
    dataset: request.dataset,
    request: request.id,
    details: { found: person !== undefined },
    ...(person && { about: { person, sealed: { purpose } } }),
  })
  return person && { type: person.type, id: person.id }
}

function stateOf({ state, endsAt }: StoredReidentification, nowMs: number): ReidentificationState {
  if (state === 'refused' || Date.parse(endsAt) > nowMs) return state
  return state === 'pending' ? 'expired' : 'ended'
}

/** What is sealed in a request, as long as it may be read; nothing afterwards. */
async function contentOf(
  { ring, now }: Pick<ReidentificationDeps, 'ring' | 'now'>,
  stored: StoredReidentification,
): Promise<Content | Record<string, never>> {
  const state = stateOf(stored, now())
  if (state === 'expired' || state === 'ended') return {}
  const keyOf = state === 'refused' ? refusalOf(stored.id) : stored.id
  const key = await ring.findRequestKey(keyOf)
  return key ? (JSON.parse(open(key, Buffer.from(stored.sealed, 'base64'), placeOf(keyOf)).toString()) as Content) : {}
}

/** Under a key of its own: that of the request ends with the refusal. */
async function sealReason({ ring }: ReidentificationDeps, id: string, reason: string, nowMs: number) {
  const key = await ring.requestKey(refusalOf(id), nowMs + UNANSWERED_MS)
  return sealed(key, refusalOf(id), { reason })
}

const refusalOf = (id: string) => `${id}-refusal`

function sealed(key: SealingKey, id: string, content: Content): string {
  return seal(key, Buffer.from(JSON.stringify(content)), placeOf(id)).toString('base64')
}

function placeOf(id: string): string {
  return `reidentification\0${id}`
}

function document(stored: StoredReidentification, version: number, nowMs: number) {
  return { id: stored.id, version, expiresAtMs: nowMs + REMEMBERED_MS, body: asBody(stored) }
}
