// Reading stored events back. Until roles are masked field by field, only the steward's key may.

import Type from 'typebox'
import type { Filter } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import { eventDocumentId, type StoredAnomaly, type StoredEvent } from '../../storage/stored-shapes.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { findDataset } from '../find-dataset.ts'
import { findPage } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'

const MAX_CONFLICTS_SHOWN = 100

const PositionShape = Type.Object({ incarnation: Type.String(), partition: Type.Integer(), offset: Type.Integer() })

const eventMembers = {
  id: Type.String(),
  dataset: Type.String(),
  time: Type.String(),
  timeAmbiguous: Type.Boolean({ description: 'The local time occurred twice; the first is meant' }),
  receivedAt: Type.String(),
  subject: Type.Union([Type.String(), Type.Null()], { description: 'Pseudonym of the primary person' }),
  schema: Type.String(),
  policy: Type.String({ description: 'The policy it was protected by: the start of its SHA-256' }),
  position: PositionShape,
  event: Type.Unknown({ description: 'The protected event' }),
}
const EventShape = Type.Object(eventMembers)
const SingleEventShape = Type.Object({
  ...eventMembers,
  conflicts: Type.Array(PositionShape, { description: 'Copies of this id with other content: kept, without effect' }),
})

const time = Type.String({ format: 'date-time', description: 'RFC 3339' })

export function storedEventsRoutes(app: Gateway, { catalogue, documents }: GatewayDeps): void {
  app.get(
    '/v1/datasets/:dataset/events',
    {
      config: { roles: ['data-steward'] },
      schema: {
        tags: ['events'],
        summary: 'Stored events, newest first',
        params: Type.Object({ dataset: Type.String() }),
        querystring: Type.Object(
          {
            subject: Type.Optional(Type.String({ maxLength: 64, description: 'A pseudonym' })),
            from: Type.Optional(time),
            to: Type.Optional(time),
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        response: answers(200, listOf(EventShape), 400, 401, 403, 404),
      },
    },
    async request => {
      const { dataset } = findDataset(catalogue, request.credential, request.params.dataset)
      const { subject, from, to, limit, cursor } = request.query
      const where: Filter = { dataset, held: 0 }
      if (subject !== undefined) where.subject = subject
      if (from !== undefined || to !== undefined)
        where.time = {
          ...(from === undefined ? {} : { from: utc(from) }),
          ...(to === undefined ? {} : { before: utc(to) }),
        }
      return findPage(documents, { collection: 'events', where, sortBy: 'time', limit, cursor, show: shown })
    },
  )

  app.get(
    '/v1/datasets/:dataset/events/:id',
    {
      config: { roles: ['data-steward'] },
      schema: {
        tags: ['events'],
        summary: 'One stored event',
        params: Type.Object({ dataset: Type.String(), id: Type.String() }),
        response: answers(200, SingleEventShape, 401, 403, 404),
      },
    },
    async request => {
      const { dataset } = findDataset(catalogue, request.credential, request.params.dataset)
      const found = await documents.get('events', eventDocumentId(dataset, request.params.id))
      if (!found || found.body.held === 1) throw noSuchEvent()
      const conflicts = await documents.find('anomalies', {
        where: { eventDocument: found.id },
        limit: MAX_CONFLICTS_SHOWN,
      })
      return {
        ...shown(found.body),
        conflicts: conflicts.map(({ body }) => (body as unknown as StoredAnomaly).position),
      }
    },
  )
}

function shown(body: JsonObject) {
  const { content: _content, held: _held, ...rest } = body as unknown as StoredEvent
  return rest
}

/** @throws RequestRefused 400 for a time that JavaScript does not know, such as a leap second */
function utc(text: string): string {
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'from or to is no time that can be searched for.',
    fix: 'Send an RFC 3339 time without a leap second, such as 2026-01-31T10:30:00Z.',
  })
}

function noSuchEvent(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'No event of this id is archived.',
    fix: 'An accepted event is archived moments later; ids made from personal fields are stored as tokens.',
  })
}
