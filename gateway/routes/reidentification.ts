// Asking who is behind a pseudonym, and deciding on it. Who may not know of a request gets the answer of one that does
// not exist.

import Type from 'typebox'
import type { Caller } from '../../governance/access/caller.ts'
import {
  decideReidentification,
  findReidentification,
  identify,
  MAX_OPEN_REQUESTS,
  outlineReidentification,
  REIDENTIFICATIONS,
  type ReidentificationDeps,
  requestReidentification,
  type ShownReidentification,
  showReidentification,
} from '../../governance/subjects/reidentification.ts'
import type { StoredReidentification } from '../../storage/stored-reidentification.ts'
import { authorise } from '../authorise.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { findDataset } from '../find-dataset.ts'
import { findPage } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'
import { purposeShape } from '../stated-purpose.ts'

const PATH = '/v1/reidentification-requests'

const RequestShape = Type.Object({
  id: Type.String(),
  dataset: Type.String(),
  state: Type.String({ description: 'pending, approved, refused; expired: nobody answered; ended: its time is over' }),
  requester: Type.String({ description: 'Id of the API key, or of the token’s subject' }),
  requestedAt: Type.String(),
  endsAt: Type.String({ description: 'It waits until then; approved, it is open until then' }),
  decidedBy: Type.Union([Type.String(), Type.Null()]),
  decidedAt: Type.Union([Type.String(), Type.Null()]),
  pseudonym: Type.Optional(Type.String({ description: 'Whom it is about, while it waits or is open' })),
  purpose: Type.Optional(Type.String({ description: 'While it waits or is open' })),
  reason: Type.Optional(Type.String({ description: 'Why it was refused, for seven days' })),
})

const params = Type.Object({ id: Type.String({ maxLength: 64 }) })
const closed = { additionalProperties: false }

export function reidentificationRoutes(app: Gateway, deps: GatewayDeps): void {
  const { access, config } = deps
  const reidentification: ReidentificationDeps = { ...deps, openMs: config.reidentificationMs }

  /** @throws RequestRefused 404 unless the caller asked for it or may approve */
  async function visible(id: string, caller: Caller): Promise<StoredReidentification> {
    const found = await findReidentification(reidentification, id)
    if (found && (found.requester === caller.id || access.current().may(caller, 'approve', '*'))) return found
    throw noSuchRequest()
  }

  app.post(
    PATH,
    {
      config: { access: { action: 'reidentify' } },
      schema: {
        tags: ['re-identification'],
        summary: 'Ask who is behind a pseudonym',
        body: Type.Object(
          {
            dataset: Type.String({ maxLength: 64 }),
            pseudonym: Type.String({ pattern: '^p1\\.[A-Za-z0-9_-]{22}$' }),
            purpose: purposeShape,
          },
          closed,
        ),
        response: answers(202, RequestShape, 400, 401, 403, 404),
      },
    },
    async (request, reply) => {
      const { caller, body } = request
      authorise(access.current(), caller, 'reidentify', body.dataset)
      const { dataset } = findDataset(deps, caller, body.dataset)
      const made = await requestReidentification(reidentification, caller, { ...body, dataset })
      if (!made) throw tooManyOpen()
      return reply.code(202).header('location', `${PATH}/${made.id}`).send(made)
    },
  )

  app.get(
    PATH,
    {
      config: { access: {} },
      schema: {
        tags: ['re-identification'],
        summary:
          'Requests, those that wait or are open longest first: all for those who may approve, else those the caller made',
        description: 'Without what is sealed in them: each one by itself tells that.',
        querystring: Type.Object(pageQuery, closed),
        response: answers(200, listOf(RequestShape), 400, 401),
      },
    },
    async ({ caller, query: { limit, cursor } }) =>
      findPage(deps.documents, {
        collection: REIDENTIFICATIONS,
        where: access.current().may(caller, 'approve', '*') ? {} : { requester: caller.id },
        // The only time of them that is indexed: what waits longest from now on comes first.
        sortBy: 'endsAt',
        limit,
        cursor,
        show: body => outlineReidentification(deps, body as unknown as StoredReidentification),
      }),
  )

  app.get(
    `${PATH}/:id`,
    {
      config: { access: {} },
      schema: {
        tags: ['re-identification'],
        summary: 'How a request stands, for its requester and for those who may approve',
        params,
        response: answers(200, RequestShape, 401, 404),
      },
    },
    async request => showReidentification(reidentification, await visible(request.params.id, request.caller)),
  )

  app.post(
    `${PATH}/:id/approvals`,
    {
      config: { access: { action: 'approve', dataset: '*' } },
      schema: {
        tags: ['re-identification'],
        summary: 'Approve a request of another person in another role',
        params,
        response: answers(200, RequestShape, 401, 403, 404, 409),
      },
    },
    async request => decide(request.params.id, request.caller, { state: 'approved' }),
  )

  app.post(
    `${PATH}/:id/refusals`,
    {
      config: { access: { action: 'approve', dataset: '*' } },
      schema: {
        tags: ['re-identification'],
        summary: 'Refuse a request of another person in another role',
        params,
        body: Type.Object({ reason: Type.String({ minLength: 3, maxLength: 200 }) }, closed),
        response: answers(200, RequestShape, 400, 401, 403, 404, 409),
      },
    },
    async request => decide(request.params.id, request.caller, { state: 'refused', reason: request.body.reason }),
  )

  async function decide(
    id: string,
    caller: Caller,
    decision: Parameters<typeof decideReidentification>[3],
  ): Promise<ShownReidentification> {
    const decided = await decideReidentification(reidentification, caller, await visible(id, caller), decision)
    if (typeof decided === 'object') return decided
    throw decided === 'not-pending' ? notOpen('it is decided on already, or nobody did in time.') : notSecond(decided)
  }

  app.get(
    `${PATH}/:id/identity`,
    {
      config: { access: { action: 'reidentify' } },
      schema: {
        tags: ['re-identification'],
        summary: 'Who it is: for the requester, while the request is open',
        params,
        response: answers(200, Type.Object({ type: Type.String(), id: Type.String() }), 401, 403, 404, 409),
      },
    },
    async (request, reply) => {
      const { caller } = request
      const found = await visible(request.params.id, caller)
      if (found.requester !== caller.id) throw noSuchRequest()
      authorise(access.current(), caller, 'reidentify', found.dataset)
      const { subjects } = findDataset(deps, caller, found.dataset)
      const identity = await identify(reidentification, found, new Set(subjects.map(({ type }) => type)))
      if (identity === 'not-open') throw notOpen('it is not approved, or its time is over.')
      if (!identity) throw nobody()
      return reply.header('cache-control', 'no-store').send(identity)
    },
  )
}

function noSuchRequest(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'There is no such request.',
    fix: 'Requests are seen by who asked and by those who may approve; the Location of the answer names one.',
  })
}

function nobody(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'There is nobody of this pseudonym of whom anything may be read.',
    fix: 'The person was erased or restricted, or is none of this dataset.',
  })
}

function notOpen(because: string): RequestRefused {
  return new RequestRefused({
    status: 409,
    slug: 'conflict',
    detail: `The request is not open: ${because}`,
    fix: 'GET the request to see how it stands; make a new one if you still need it.',
  })
}

function notSecond(because: 'own-request' | 'shared-role'): RequestRefused {
  return new RequestRefused({
    status: 403,
    slug: 'forbidden',
    detail:
      because === 'own-request'
        ? 'Nobody decides on a request of their own.'
        : 'Who decides has a role that the requester has too.',
    fix: 'Ask somebody else, who has the right `approve` by another role.',
  })
}

function tooManyOpen(): RequestRefused {
  return new RequestRefused({
    status: 429,
    slug: 'too-many-requests',
    detail: `${MAX_OPEN_REQUESTS} re-identification requests of this caller wait or are open.`,
    fix: 'Wait until some of them are refused or over.',
    retryAfterSeconds: 3_600,
  })
}
