// Progress of a filed request as it happens, whatever kind of request it is.

import Type from 'typebox'
import type { AccessAction } from '../../governance/access/access-action.ts'
import type { Caller } from '../../governance/access/caller.ts'
import type { HeldRequest } from '../../governance/subjects/request-store.ts'
import type { StoredRequest } from '../../governance/subjects/rights-request.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, textAs } from '../shapes.ts'
import { makeEventStream } from '../stream-events.ts'

/** How often it looks, ms. */
const LOOK_MS = 500

export const requestParams = Type.Object({ id: Type.String({ maxLength: 64 }) })

export interface RequestProgress {
  /** Of all requests of the kind: `/v1/erasure-requests`. */
  path: string
  tags: string[]
  config: { access: { action: AccessAction; dataset?: '*' } }
  /** One that the caller may see. @throws RequestRefused 404 */
  find: (caller: Caller, id: string) => Promise<HeldRequest>
  /** What of it is told. */
  shown: (request: StoredRequest) => unknown
}

/** `GET <path>/{id}/events`: server-sent events, until the request is finished. */
export function requestProgressRoute(
  app: Gateway,
  deps: GatewayDeps,
  { path, tags, config, find, shown }: RequestProgress,
): void {
  const stream = makeEventStream(app, deps, { lookMs: LOOK_MS })
  app.get(
    `${path}/:id/events`,
    {
      config,
      schema: {
        tags,
        summary: 'Progress as it happens (server-sent events)',
        params: requestParams,
        response: answers(200, textAs('text/event-stream', 'One `progress` event for each change'), 401, 403, 404),
      },
    },
    async (request, reply) => {
      const { id } = (await find(request.caller, request.params.id)).body
      return stream(request, reply, async () => {
        const held = await deps.requests.get(id)
        return held && { event: 'progress', data: shown(held.body), over: held.body.finishedAt !== null }
      })
    },
  )
}
