// A person's request (GDPR art. 15 to 18, 20, 21) as it rests in the documents: what is personal in it is sealed under a
// key of its own, which is destroyed when the request is done. What is left then says that it was, not about whom.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { open, type SealingKey, seal } from '../protection/seal.ts'

export const rightKinds = ['erasure', 'export', 'rectification', 'restriction', 'objection'] as const
export type RightKind = (typeof rightKinds)[number]

/** What is worked on as persons' requests are, is nobody's right, and has no due date. */
export const filedKinds = [...rightKinds, 'reprotection'] as const
export type FiledKind = (typeof filedKinds)[number]

/** Likewise, about the rejected events of one dataset. */
const quarantineKinds = ['replay', 'discard'] as const
export type QuarantineKind = (typeof quarantineKinds)[number]

export type RequestKind = FiledKind | QuarantineKind

export type RequestState = 'queued' | 'running' | 'blocked' | 'done' | 'failed'

/** One month to answer, and two more where a reason is given (GDPR art. 12.3). */
const DUE_MONTHS = 1
const EXTENSION_MONTHS = 2

/** What is personal in a request. */
export interface SealedContent {
  /** Whom it is about, by id; or by a name the policy lets people answer to. */
  subjects: { type: string; id: string }[]
  alias?: { type: string; id: string }
  reason: string
  /** How the identity of who asks was checked. */
  requester: string
  /** What one kind of request says beside: values to correct, the purpose objected to … */
  details: JsonObject
  /** What its stages found, by stage. */
  progress: Record<string, JsonValue>
}

export interface HolderProgress {
  name: string
  /** Records removed or gone through. */
  records: number
  verifiedAt: string | null
}

/** In collection `requests`, under its id. */
export interface StoredRequest {
  id: string
  kind: RequestKind
  /** Of a request about a quarantine: which one, and what was asked. Nothing personal. */
  dataset?: string
  asked?: JsonObject
  state: RequestState
  /** 1 while something is left to do, else 0. */
  active: 0 | 1
  createdAt: string
  /** The caller who filed it. */
  createdBy: string
  /** Null where the law sets no date. */
  dueAt: string | null
  extendedAt: string | null
  finishedAt: string | null
  /** Why it waits or failed; no personal data. */
  because: string | null
  /** When each stage was done. */
  stages: { name: string; at: string }[]
  holders: HolderProgress[]
  /** Base64 of `SealedContent`; null once its key is destroyed. */
  sealed: string | null
  /** Why more time is needed, sealed likewise. */
  sealedExtension: string | null
  /** How it ended, without personal data. */
  outcome: JsonObject | null
  /** Signed: an erasure's certificate. */
  certificate: string | null
  /** Who works on it, until when; `writer` tells whose write stands. */
  owner: string | null
  ownedUntilMs: number
  writer: string
}

/** When a request is due, as RFC 3339. */
export function dueAt(createdAtMs: number, extended: boolean): string {
  return addMonths(createdAtMs, DUE_MONTHS + (extended ? EXTENSION_MONTHS : 0)).toISOString()
}

/** The same day so many months later, or the last of a shorter month (Regulation 1182/71 art. 3.2 c). */
function addMonths(fromMs: number, months: number): Date {
  const from = new Date(fromMs)
  const to = new Date(fromMs)
  to.setUTCDate(1)
  to.setUTCMonth(to.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate()
  to.setUTCDate(Math.min(from.getUTCDate(), lastDay))
  return to
}

/** Name of the vault's key that seals a request. */
export function requestKeyName(id: string): string {
  return `request/${id}`
}

/** @param content of the request, or the reason why it takes longer */
export function sealContent(key: SealingKey, id: string, content: SealedContent | string): string {
  return seal(key, Buffer.from(JSON.stringify(content)), requestKeyName(id)).toString('base64')
}

/** @throws Error when the key or a single bit differs */
export function openContent<Content = SealedContent>(key: SealingKey, id: string, sealed: string): Content {
  return JSON.parse(open(key, Buffer.from(sealed, 'base64'), requestKeyName(id)).toString()) as Content
}
