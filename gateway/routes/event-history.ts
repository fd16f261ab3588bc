// An event's passport: what became of it, and where it rests, for who may read it.

import Type from 'typebox'
import type { FieldMask } from '../../governance/access/access.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { entryHistory } from '../entry-history.ts'
import { eventHistory, stepNames } from '../event-history.ts'
import { findDataset } from '../find-dataset.ts'
import { findEvent, noSuchEvent } from '../find-event.ts'
import { holderNames } from '../find-places.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { mayAskBy } from '../may-ask-by.ts'
import { answers } from '../shapes.ts'

const StepShape = Type.Object({
  step: Type.String({ description: stepNames.join(', ') }),
  at: Type.Optional(Type.String({ description: 'RFC 3339; missing where nobody noted the time' })),
  position: Type.Optional(
    Type.Object(
      { topic: Type.String(), incarnation: Type.String(), partition: Type.Integer(), offset: Type.Integer() },
      { description: 'In the log' },
    ),
  ),
  event: Type.Optional(Type.String({ description: 'Id of the event that it corrects, or was corrected by' })),
  request: Type.Optional(Type.String({ description: 'Id of the replay or discard' })),
  outcome: Type.Optional(Type.String({ description: 'What became of it in that replay' })),
  schema: Type.Optional(Type.String({ description: 'What it was checked against last' })),
  policy: Type.Optional(Type.String()),
  causes: Type.Optional(
    Type.Array(Type.Object({ pointer: Type.String(), keyword: Type.String() }), {
      description: 'Why it was rejected, as of the last check',
    }),
  ),
})

const PlaceShape = Type.Object({
  holder: Type.String({ description: holderNames.join(', ') }),
  found: Type.Optional(
    Type.Boolean({ description: 'Whether it is there; missing where nobody looked, or the store did not answer' }),
  ),
  until: Type.Optional(Type.String({ description: 'The latest end of what is there' })),
  day: Type.Optional(Type.String({ description: 'Of the lake: the day (UTC) among whose files it is' })),
})

const HistoryShape = Type.Object({
  id: Type.String(),
  dataset: Type.String(),
  outcome: Type.String({
    description: 'accepted; by the id of an entry in the quarantine: rejected, replayed, discarded',
  }),
  schema: Type.Optional(Type.String()),
  policy: Type.Optional(Type.String({ description: 'The policy it is protected by: the start of its SHA-256' })),
  steps: Type.Array(StepShape, { description: 'Oldest first' }),
  stored: Type.Array(PlaceShape),
})

export function eventHistoryRoute(app: Gateway, deps: GatewayDeps): void {
  app.get(
    '/v1/datasets/:dataset/events/:id/history',
    {
      config: { access: { action: 'read', dataset: 'params' } },
      schema: {
        tags: ['events'],
        summary: 'What became of one event, and where it is stored',
        description:
          'Times, places and names of other events, never a value. A rejected event is found by the id of its entry in the quarantine, by who has the right `quarantine`.',
        params: Type.Object({ dataset: Type.String(), id: Type.String() }),
        querystring: Type.Object({}, { additionalProperties: false }),
        response: answers(200, HistoryShape, 400, 401, 403, 404),
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const { caller, params } = request
      const live = findDataset(deps, caller, params.dataset)
      const { read } = deps.access.current().mask(caller, live.dataset)
      const mask: FieldMask = { read, clear: new Set() }
      mayAskBy(live, mask, [['This call', 'id']])
      if (!mask.read.has('internal')) throw isInternal()
      const found = await findEvent(deps, { caller, live, mask, purpose: undefined }, params.id)
      const history = found ? await eventHistory(deps, live, found) : await entryHistory(deps, caller, live, params.id)
      if (!history) throw noSuchEvent()
      return history
    },
  )
}

function isInternal(): RequestRefused {
  return new RequestRefused({
    status: 403,
    slug: 'forbidden',
    detail: 'When an event was received and where it stands is internal: none of the caller’s roles reads that level.',
    fix: 'Use a role that reads this level of the dataset.',
  })
}
