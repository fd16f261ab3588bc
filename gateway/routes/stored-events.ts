// Reading stored events back: what the caller's mask covers, in the clear where that is asked for and allowed.

import Type from 'typebox'
import type { FieldMask } from '../../governance/access/access.ts'
import type { Caller } from '../../governance/access/caller.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { cursorSeal } from '../cursor.ts'
import { findDataset } from '../find-dataset.ts'
import { findEvent, noSuchEvent } from '../find-event.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { askedOf, listEvents } from '../list-events.ts'
import { mayAskBy } from '../may-ask-by.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'
import { MAX_CLEAR_EVENTS } from '../show-events.ts'
import { purposeHeader, statedPurpose } from '../stated-purpose.ts'

const PositionShape = Type.Object({ incarnation: Type.String(), partition: Type.Integer(), offset: Type.Integer() })

const nullableId = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

const eventMembers = {
  id: Type.Optional(Type.String()),
  dataset: Type.String(),
  time: Type.Optional(Type.String()),
  timeAmbiguous: Type.Optional(Type.Boolean({ description: 'The local time occurred twice; the first is meant' })),
  receivedAt: Type.Optional(Type.String()),
  subject: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'Pseudonym of the primary person' })),
  schema: Type.String(),
  policy: Type.String({ description: 'The policy it was protected by: the start of its SHA-256' }),
  position: Type.Optional(PositionShape),
  rectifies: Type.Optional(nullableId('The event that this one corrects')),
  rectifiedBy: Type.Optional(nullableId('The event that this one was corrected by: it has no effect any more')),
  replayedAt: Type.Optional(Type.String({ description: 'When it was replayed from the quarantine' })),
  event: Type.Unknown({ description: 'The protected event, without what is outside the caller’s mask' }),
}
const EventShape = Type.Object(eventMembers)
const ConflictShape = Type.Object({
  detectedAt: Type.String(),
  position: Type.Optional(PositionShape),
  event: Type.Unknown({ description: 'As above' }),
})
const SingleEventShape = Type.Object({
  ...eventMembers,
  conflicts: Type.Array(ConflictShape, { description: 'Copies of this id with other content: kept, without effect' }),
})

const time = Type.String({ format: 'date-time', description: 'RFC 3339' })
const clearQuery = {
  clear: Type.Optional(Type.Boolean({ description: 'Show clear values; needs a purpose, and is recorded' })),
  purpose: Type.Optional(Type.String({ description: 'In place of the header Ecluse-Purpose' })),
}
const headers = Type.Object(purposeHeader)
const access = { action: 'read', dataset: 'params' } as const

interface ClearAsked {
  query: { clear?: boolean; purpose?: string }
  headers: { 'ecluse-purpose'?: string }
}

export function storedEventsRoutes(app: Gateway, deps: GatewayDeps): void {
  const { ring } = deps

  app.get(
    '/v1/datasets/:dataset/events',
    {
      config: { access },
      schema: {
        tags: ['events'],
        summary: 'Stored events, newest first',
        params: Type.Object({ dataset: Type.String() }),
        querystring: Type.Object(
          {
            subject: Type.Optional(Type.String({ maxLength: 64, description: 'A pseudonym' })),
            from: Type.Optional(time),
            to: Type.Optional(time),
            ...clearQuery,
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        headers,
        response: answers(200, listOf(EventShape), 400, 401, 403, 404),
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const { caller, query } = request
      const live = findDataset(deps, caller, request.params.dataset)
      const { mask, purpose } = askedMask(deps, caller, live.dataset, request)
      if (purpose !== undefined && (query.limit ?? 0) > MAX_CLEAR_EVENTS) throw tooManyClear()
      const asked = askedOf(query)
      mayAskBy(live, mask, asked)
      const askedBy = asked.map(([, member]) => member)
      const read = { caller, live, mask, askedBy, purpose }
      return listEvents(deps, read, query, cursorSeal(ring, live.dataset, caller.id))
    },
  )

  app.get(
    '/v1/datasets/:dataset/events/:id',
    {
      config: { access },
      schema: {
        tags: ['events'],
        summary: 'One stored event',
        params: Type.Object({ dataset: Type.String(), id: Type.String() }),
        querystring: Type.Object(clearQuery, { additionalProperties: false }),
        headers,
        response: answers(200, SingleEventShape, 400, 401, 403, 404),
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const { caller } = request
      const live = findDataset(deps, caller, request.params.dataset)
      const { mask, purpose } = askedMask(deps, caller, live.dataset, request)
      mayAskBy(live, mask, [['This call', 'id']])
      const found = await findEvent(deps, { caller, live, mask, purpose }, request.params.id)
      if (!found) throw noSuchEvent()
      const conflicts = found.conflicts.map(({ detectedAt, shown: { position, event } }) => ({
        detectedAt,
        ...(position && { position }),
        event,
      }))
      return { ...found.shown, conflicts }
    },
  )
}

/** @throws RequestRefused 403 for clear values without the right, 400 without a purpose */
function askedMask(deps: GatewayDeps, caller: Caller, dataset: string, { query, headers }: ClearAsked) {
  const mask = deps.access.current().mask(caller, dataset)
  if (query.clear !== true) return { mask: { read: mask.read, clear: new Set() } as FieldMask, purpose: undefined }
  if (mask.clear.size === 0)
    throw new RequestRefused({
      status: 403,
      slug: 'forbidden',
      detail: 'Clear values take the right `read-clear`, which none of the caller’s roles has here.',
      fix: 'Leave `clear` out to read what is stored, or use a role with that right.',
    })
  return { mask, purpose: statedPurpose(headers['ecluse-purpose'], query.purpose) }
}

function tooManyClear(): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: `Clear values are read of at most ${MAX_CLEAR_EVENTS} events at once.`,
    fix: `Send a limit of ${MAX_CLEAR_EVENTS} or less, and go on with the cursor.`,
  })
}
