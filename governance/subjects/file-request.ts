// Files a person's request, or another one that is worked on alike: what is personal in it is sealed before it is
// written, and that it was filed is in the audit before it is answered.

import type { Audit } from '../audit/audit.ts'
import type { KeyRing } from './key-ring.ts'
import { ClaimLost, type HeldRequest, type RequestStore } from './request-store.ts'
import {
  dueAt,
  type RequestKind,
  type RightKind,
  rightKinds,
  type SealedContent,
  type StoredRequest,
  sealContent,
} from './rights-request.ts'

/** Filing takes seconds: how long the key of one that never stood rests at most. */
const UNFILED_MS = 86_400_000
/** How often an extension that met a change of who works on the request is written again. */
const MEETINGS = 5

/** What a request about a quarantine is about. */
export type AboutDataset = Required<Pick<StoredRequest, 'dataset' | 'asked'>>

export interface FileRequestDeps {
  ring: Pick<KeyRing, 'requestKey' | 'findRequestKey' | 'keepRequestKey'>
  audit: Audit
  requests: RequestStore
  now: () => number
}

/**
 * @param filing.id unique for ever
 * @param filing.about of a request about a quarantine: kept in the clear
 * @throws DocumentsUnavailable, VaultUnavailable, EventLogUnavailable
 */
export async function fileRequest(
  { ring, audit, requests, now }: FileRequestDeps,
  { id, kind, actor, about }: { id: string; kind: RequestKind; actor: string; about?: AboutDataset },
  asked: Omit<SealedContent, 'progress'>,
): Promise<StoredRequest> {
  const createdAtMs = now()
  // With an end until the request stands: of one that was never filed nothing is left.
  const key = await ring.requestKey(id, createdAtMs + UNFILED_MS)
  const isRight = (rightKinds as readonly string[]).includes(kind)
  await audit.record({
    ...(isRight
      ? { kind: 'right-requested', details: { right: kind } }
      : { kind: `${kind as Exclude<RequestKind, RightKind>}-requested`, details: about?.asked ?? asked.details }),
    actor,
    request: id,
    ...(about && { dataset: about.dataset }),
  })
  const { body } = await requests.create({
    id,
    kind,
    ...about,
    state: 'queued',
    active: 1,
    createdAt: new Date(createdAtMs).toISOString(),
    createdBy: actor,
    dueAt: isRight ? dueAt(createdAtMs, false) : null,
    extendedAt: null,
    finishedAt: null,
    because: null,
    stages: [],
    holders: [],
    sealed: sealContent(key, id, { ...asked, progress: {} }),
    sealedExtension: null,
    outcome: null,
    certificate: null,
    owner: null,
    ownedUntilMs: 0,
  })
  await ring.keepRequestKey(id)
  return body
}

/** Why a request is not extended: it was before, or is done; or the month, in which the person has to be told, is over. */
export type NotExtended = 'over' | 'late'

/** Two more months, once, within the first one, for a reason (GDPR art. 12.3). */
export async function extendRequest(
  { ring, audit, requests, now }: FileRequestDeps,
  held: HeldRequest,
  { actor, reason }: { actor: string; reason: string },
): Promise<StoredRequest | NotExtended> {
  const { id, createdAt } = held.body
  const key = await ring.findRequestKey(id)
  if (!key || isOver(held)) return 'over'
  if (now() > Date.parse(held.body.dueAt!)) return 'late'
  const record = (change: string) => audit.record({ kind: 'right-changed', actor, request: id, details: { change } })
  await record('extended')
  const extension = {
    extendedAt: new Date(now()).toISOString(),
    dueAt: dueAt(Date.parse(createdAt), true),
    sealedExtension: sealContent(key, id, reason),
  }
  let before: HeldRequest | undefined = held
  for (let meeting = 0; meeting < MEETINGS && before && !isOver(before); meeting++) {
    try {
      return (await requests.write(before, extension)).body
    } catch (error) {
      if (!(error instanceof ClaimLost)) throw error
      before = await requests.get(id)
    }
  }
  await record('extension refused')
  return 'over'
}

const isOver = ({ body }: HeldRequest) => body.dueAt === null || body.extendedAt !== null || body.finishedAt !== null
