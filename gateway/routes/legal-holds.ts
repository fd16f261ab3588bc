// Legal holds, and the lifting of an erasure: what the data protection officer decides about one person. Raw ids travel
// in bodies only.

import Type from 'typebox'
import { type HoldResult, liftHold, placeHold, readHold } from '../../governance/subjects/legal-hold.ts'
import { liftErasure } from '../../governance/subjects/lift-erasure.ts'
import { RequestRefused } from '../body/request-refused.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers } from '../shapes.ts'
import { NamedShape } from './rights-shapes.ts'

const closed = { additionalProperties: false }
const reason = (description: string) => Type.String({ minLength: 3, maxLength: 2_000, description })
/** Nobody's key is left to seal it under. */
const ReferenceShape = Type.String({
  pattern: '^[^\\p{C}]{3,100}$',
  description: 'Of your own file on it, such as a number; recorded as it is, so it must not name the person',
})
const HeldShape = Type.Object({ held: Type.Boolean() })
const hold = { access: { action: 'hold', dataset: '*' } } as const
const tags = ['rights']

export function legalHoldsRoutes(app: Gateway, deps: GatewayDeps): void {
  for (const { path, change, held, summary } of [
    { path: '/v1/legal-holds', change: placeHold, held: true, summary: 'Keep a person from being erased; recorded' },
    { path: '/v1/legal-holds/lifts', change: liftHold, held: false, summary: 'End a legal hold; recorded' },
  ])
    app.post(
      path,
      {
        config: hold,
        schema: {
          tags,
          summary,
          body: Type.Object({ subject: NamedShape, reason: reason('Sealed under the person’s key') }, closed),
          response: answers(200, HeldShape, 400, 401, 403, 404, 409),
        },
      },
      async ({ body, caller }) => {
        expectDone(await change(deps, { actor: caller.id, ...body }))
        return { held }
      },
    )

  app.post(
    '/v1/legal-holds/lookups',
    {
      config: hold,
      schema: {
        tags,
        summary: 'Whether a legal hold stands for a person, and why; recorded',
        body: Type.Object({ subject: NamedShape }, closed),
        response: answers(
          200,
          Type.Object({ held: Type.Boolean(), reason: Type.Union([Type.String(), Type.Null()]) }),
          400,
          401,
          403,
          404,
        ),
      },
    },
    async ({ body, caller }, reply) => {
      const found = await readHold(deps, { actor: caller.id, ...body })
      if (!found) throw nobody()
      return reply.header('cache-control', 'no-store').send({ held: found.reason !== null, reason: found.reason })
    },
  )

  app.post(
    '/v1/erasure-lifts',
    {
      config: { access: { action: 'erase', dataset: '*' } },
      schema: {
        tags,
        summary: 'Let an erased id be used again, by a new pseudonym; recorded',
        body: Type.Object({ subject: NamedShape, reference: ReferenceShape }, closed),
        response: answers(200, Type.Object({ lifted: Type.Boolean() }), 400, 401, 403, 404),
      },
    },
    async ({ body, caller }) => {
      if (await liftErasure(deps, { actor: caller.id, ...body })) return { lifted: true }
      throw new RequestRefused({
        status: 404,
        slug: 'not-found',
        detail: 'Nobody was erased under this id.',
        fix: 'Check type and id: they are those of the erasure request. Their events are accepted already if nothing was erased.',
      })
    },
  )
}

/** @throws RequestRefused */
function expectDone(result: HoldResult): void {
  if (result === 'unknown') throw nobody()
  if (result === 'done') return
  throw new RequestRefused({
    status: 409,
    slug: 'conflict',
    detail: 'The person is being erased: it cannot be held up any more.',
    fix: 'GET /v1/erasure-requests shows how far it is.',
  })
}

function nobody(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'Nobody is known by this id.',
    fix: 'Check type and id: the type is the one that policies give the subject, the id the one producers send.',
  })
}
