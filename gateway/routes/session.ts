// Sessions of the pages: begun with an API key or a token, which goes into a body and nowhere else, and ended.

import Type from 'typebox'
import { expectFromOurPage } from '../from-our-page.ts'
import type { Gateway } from '../gateway-deps.ts'
import type { Door } from '../protect-routes.ts'
import type { Session } from '../sessions.ts'
import { answers } from '../shapes.ts'

/** A token is 8 KiB at most. */
const MAX_CREDENTIAL_LENGTH = 8_192
const MAX_BODY_BYTES = 16_384

const SessionShape = Type.Object({
  session: Type.Union([
    Type.Object({
      id: Type.String({ description: 'The caller, as it stands in the audit' }),
      kind: Type.String({ description: 'api-key or jwt' }),
      roles: Type.Array(Type.String()),
      endsAt: Type.String(),
    }),
    Type.Null(),
  ]),
})

const tags = ['access']
/** No credential is needed, but a good cookie tells who it is. */
const open = { security: [] }

export function sessionRoutes(app: Gateway, { cookie, sessions, identify, sessionOf }: Door): void {
  app.get(
    '/v1/session',
    {
      schema: {
        tags,
        ...open,
        summary: 'The session of this browser; null where there is none',
        response: answers(200, SessionShape),
      },
    },
    async (request, reply) => reply.header('cache-control', 'no-store').send(shown(await sessionOf(request))),
  )

  app.post(
    '/v1/session',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        tags,
        ...open,
        summary: 'Sign in: for an API key or a token, a cookie',
        description: 'Takes the header `Ecluse-Page: 1`, as every call with the cookie that is not a GET.',
        body: Type.Object(
          { credential: Type.String({ minLength: 1, maxLength: MAX_CREDENTIAL_LENGTH }) },
          { additionalProperties: false },
        ),
        response: answers(200, SessionShape, 400, 401, 403),
      },
    },
    async (request, reply) => {
      expectFromOurPage(request)
      const identified = await identify(request, `Bearer ${request.body.credential.trim()}`)
      const begun = sessions.begin(identified)
      return reply
        .header('cache-control', 'no-store')
        .header('set-cookie', cookie.write(request, begun.cookie, begun.seconds))
        .send(shown(begun.session))
    },
  )

  app.delete(
    '/v1/session',
    { schema: { tags, ...open, summary: 'Sign out', response: answers(204, Type.Null(), 403) } },
    async (request, reply) => {
      expectFromOurPage(request)
      return reply.code(204).header('set-cookie', cookie.clear(request)).send(null)
    },
  )
}

function shown(session: Session | undefined) {
  if (!session) return { session: null }
  const { id, kind, roles } = session.caller
  return { session: { id, kind, roles, endsAt: new Date(session.endsAtMs).toISOString() } }
}
