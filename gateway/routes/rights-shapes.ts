// What a person's request is filed with, and what is shown of it.

import Type, { type TSchema } from 'typebox'
import { parsePointer } from '../../governance/contract/json-pointer.ts'
import { DATASET_PATTERN } from '../../governance/contract/policy.ts'
import type { UnknownKind } from '../../governance/subjects/find-asked.ts'
import type { FiledKind, SealedContent, StoredRequest } from '../../governance/subjects/rights-request.ts'
import type { JsonObject } from '../../storage/json.ts'
import { RequestRefused } from '../body/request-refused.ts'

const MAX_SUBJECTS = 100
const MAX_CHANGES = 100
const MAX_TEXT = 2_000

const closed = { additionalProperties: false }

export const NamedShape = Type.Object(
  {
    type: Type.String({ minLength: 1, maxLength: 64, description: 'Kind of person, as policies name it; or of alias' }),
    id: Type.String({ minLength: 1, maxLength: 1_024 }),
  },
  closed,
)

const common = {
  subject: Type.Optional(NamedShape),
  subjects: Type.Optional(
    Type.Array(NamedShape, { minItems: 1, maxItems: MAX_SUBJECTS, description: 'The same person under several ids' }),
  ),
  alias: Type.Optional(NamedShape),
  reason: Type.String({ minLength: 1, maxLength: MAX_TEXT, description: 'Sealed; destroyed when the request is done' }),
  requester: Type.Optional(
    Type.String({ maxLength: MAX_TEXT, description: 'Who asks, and how that was checked: sealed likewise' }),
  ),
}

const more: Record<FiledKind, Record<string, TSchema>> = {
  erasure: {},
  export: {
    language: Type.Optional(Type.Union([Type.Literal('en'), Type.Literal('fr')], { description: 'en if not given' })),
  },
  rectification: {
    dataset: Type.String({ pattern: DATASET_PATTERN }),
    event: Type.String({ minLength: 1, maxLength: 1_024, description: 'Id of the stored event' }),
    changes: Type.Array(
      Type.Object(
        { pointer: Type.String({ minLength: 1, maxLength: 1_024, description: 'RFC 6901' }), value: Type.Unknown() },
        closed,
      ),
      { minItems: 1, maxItems: MAX_CHANGES },
    ),
  },
  restriction: { lift: Type.Optional(Type.Boolean({ description: 'Ends a restriction' })) },
  objection: {
    purpose: Type.String({ minLength: 1, maxLength: MAX_TEXT, description: 'As the policy says it' }),
    withdraw: Type.Optional(Type.Boolean({ description: 'Takes an objection back' })),
  },
  reprotection: {
    dataset: Type.String({ maxLength: 64 }),
    plan: Type.Optional(Type.Boolean({ description: 'Only counts what would change' })),
  },
}

/** The body of a new request. */
export function askedBody(kind: FiledKind) {
  const { reason } = common
  if (kind === 'reprotection') return Type.Object({ reason, ...more[kind] }, closed)
  return Type.Object({ ...common, ...more[kind] }, closed)
}

/** What a request says that is personal. */
export type AskedContent = Omit<SealedContent, 'progress'>

/** @throws RequestRefused 400 unless the body of a person's request says in one way whom it is about */
export function readAsked(kind: FiledKind, body: JsonObject): AskedContent {
  const { subject, subjects, alias, reason, requester, ...details } = body as {
    subject?: SealedContent['alias']
    subjects?: SealedContent['subjects']
    alias?: SealedContent['alias']
    reason: string
    requester?: string
  } & JsonObject
  if (kind === 'reprotection') {
    const { dataset, plan = false } = details as { dataset: string; plan?: boolean }
    return { subjects: [], reason, requester: '', details: { dataset, plan } }
  }
  if ([subject, subjects, alias].filter(given => given !== undefined).length !== 1)
    throw malformed('Exactly one of subject, subjects and alias says whom the request is about.')
  const changes = kind === 'rectification' ? (details.changes as { pointer: string }[]) : []
  if (changes.some(({ pointer }) => !parsePointer(pointer)?.length))
    throw malformed('A pointer of changes is no JSON Pointer to a field (RFC 6901).')
  return {
    subjects: subjects ?? (subject ? [subject] : []),
    ...(alias && { alias }),
    reason,
    requester: requester ?? '',
    details,
  }
}

/** Of a person's request, or whatever else is asked about somebody. */
export function unknownKind({ of, fix }: UnknownKind): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: `Nobody is known as asked for, and no live policy names this kind of ${of}.`,
    fix,
  })
}

function malformed(detail: string): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail,
    fix: 'Send for example {"subject":{"type":"customer","id":"…"},"reason":"…"}; /docs shows all members.',
  })
}

const nullableText = Type.Union([Type.String(), Type.Null()])

export const RequestShape = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  state: Type.String({ description: 'queued, running, blocked, done, failed' }),
  createdAt: Type.String(),
  createdBy: Type.String({ description: 'Id of the caller who filed it' }),
  dueAt: Type.Union([Type.String(), Type.Null()], {
    description: 'A month after it was filed, three if extended (GDPR art. 12.3); null where it is no person’s request',
  }),
  extendedAt: nullableText,
  finishedAt: nullableText,
  because: Type.Union([Type.String(), Type.Null()], { description: 'Why it waits, or failed' }),
  outcome: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()], {
    description: 'How it ended: persons found, erased, unknown …',
  }),
  stages: Type.Array(Type.Object({ name: Type.String(), at: Type.String() })),
  holders: Type.Array(Type.Object({ name: Type.String(), records: Type.Integer(), verifiedAt: nullableText })),
})

/** A request as it is answered. */
export function shownRequest(request: StoredRequest) {
  const { id, kind, state, createdAt, createdBy, dueAt, extendedAt, finishedAt, because, outcome, stages, holders } =
    request
  return { id, kind, state, createdAt, createdBy, dueAt, extendedAt, finishedAt, because, outcome, stages, holders }
}
