// What is sealed in an open request, for who may carry it out: shown on demand, and recorded before.

import Type from 'typebox'
import { readRequest } from '../../governance/subjects/read-request.ts'
import { RequestRefused } from '../body/request-refused.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers } from '../shapes.ts'
import { type RequestProgress, requestParams } from './request-progress.ts'
import { NamedShape } from './rights-shapes.ts'

const DetailsShape = Type.Object({
  subjects: Type.Array(NamedShape, { description: 'Whom it is about, by id' }),
  alias: Type.Union([NamedShape, Type.Null()], { description: 'Or by another name' }),
  reason: Type.String(),
  requester: Type.String({ description: 'Who asks, and how that was checked; empty where nobody said' }),
  asked: Type.Object({}, { additionalProperties: true, description: 'What this kind of request says beside' }),
  extension: Type.Union([Type.String(), Type.Null()], { description: 'Why it takes longer' }),
})

/** `GET <path>/{id}/details`, until the request is done. */
export function requestDetailsRoute(
  app: Gateway,
  deps: GatewayDeps,
  { path, tags, config, find }: Omit<RequestProgress, 'shown'>,
): void {
  app.get(
    `${path}/:id/details`,
    {
      config,
      schema: {
        tags,
        summary: 'Whom an open request is about, who asked and why; recorded',
        params: requestParams,
        response: answers(200, DetailsShape, 401, 403, 404, 409),
      },
    },
    async ({ caller, params }, reply) => {
      const { body } = await find(caller, params.id)
      const details = await readRequest(deps, body, caller.id)
      if (!details) throw destroyed()
      return reply.header('cache-control', 'no-store').send(details)
    },
  )
}

function destroyed(): RequestRefused {
  return new RequestRefused({
    status: 409,
    slug: 'conflict',
    detail: 'What this request said is destroyed: it is done, or the vault does not hold its key.',
    fix: 'Your own file says whom it was about; GET without /details tells how it ended.',
  })
}
