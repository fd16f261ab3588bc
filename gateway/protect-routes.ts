// What every request to a route with access passes before anything of its body is read: who is it, and may they?

import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../governance/access/caller.ts'
import { type Identified, makeAuthenticate, Unauthenticated } from './authenticate.ts'
import { makeAuthenticateJwt } from './authenticate-jwt.ts'
import { authoriseRoute, type RouteAccess } from './authorise.ts'
import { expectFromOurPage } from './from-our-page.ts'
import type { Gateway, GatewayDeps } from './gateway-deps.ts'
import { makeSessionCookie, type SessionCookie } from './session-cookie.ts'
import { makeSessions, type Session, type Sessions } from './sessions.ts'
import { makeSlowGuessing } from './slow-guessing.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Who calls, if they may use the request's route; for an answer that goes on, to be asked again once a lease.
     * @throws RequestRefused 401, 403, 429
     */
    admit(request: FastifyRequest): Promise<Caller>
  }
  interface FastifyRequest {
    /** Set on every route that asks for access. */
    caller: Caller
  }
  interface FastifyContextConfig {
    /** What the route asks of its caller; a route without it is open to all. */
    access?: RouteAccess
  }
}

/** The way in, for those who begin and end sessions. */
export interface Door {
  cookie: SessionCookie
  sessions: Pick<Sessions, 'begin'>
  /** Whose credential it is. @throws Unauthenticated, RequestRefused 429 */
  identify(request: FastifyRequest, authorization: string): Promise<Identified>
  /** The session a request carries, if it carries a good one. */
  sessionOf(request: FastifyRequest): Promise<Session | undefined>
}

/** Authenticates and authorises before anything of the body is read. */
export function protectRoutes(app: Gateway, deps: GatewayDeps): Door {
  const { config, vault, people, ring, now } = deps
  const authenticateJwt = makeAuthenticateJwt(config, now)
  const authenticator = makeAuthenticate({ vault, leaseMs: people.leaseMs, now, authenticateJwt })
  const { sessionMs } = config
  const sessions = makeSessions({ key: ring.session, authenticator, sessionMs, leaseMs: people.leaseMs, now })
  const cookie = makeSessionCookie(config)
  const guessing = makeSlowGuessing({
    max: config.maxAuthFailuresPerSecond,
    now,
    onNotLookedAt: () => deps.onLoginFailure?.({ reason: 'not-looked-at' }),
  })

  /** @param wasGood whoever guesses at the same address does not keep this one out */
  function look<T>({ ip }: FastifyRequest, wasGood: boolean, check: () => Promise<T>): Promise<T> {
    const told = () =>
      check().catch(error => {
        if (error instanceof Unauthenticated && error.failure) deps.onLoginFailure?.(error.failure)
        throw error
      })
    const address = normalizeIP(ip)
    if (!wasGood) return guessing.attempt(address, told)
    return told().catch(error => {
      if (error instanceof Unauthenticated) guessing.noteFailure(address)
      throw error
    })
  }

  async function callerOf(request: FastifyRequest): Promise<Caller> {
    const { authorization } = request.headers
    const session = authorization === undefined ? cookie.read(request) : undefined
    if (session !== undefined) {
      expectFromOurPage(request)
      return (await look(request, sessions.isOurs(session), () => sessions.check(session))).caller
    }
    const good = authenticator.recall(authorization)
    if (good?.caller) return good.caller
    return (await look(request, good !== undefined, () => authenticator.authenticate(authorization))).caller
  }

  app.decorate('admit', async request => {
    const caller = await callerOf(request)
    authoriseRoute(deps.access.current(), caller, request.routeOptions.config.access!, request)
    return caller
  })
  app.decorateRequest('caller', null as unknown as Caller)
  app.addHook('onRequest', async (request, reply) => {
    if (!request.routeOptions.config.access) return
    // Browsers keep answers that say nothing about it, and show them to who comes next.
    if (request.headers.cookie !== undefined) noStore(reply)
    request.caller = await app.admit(request)
  })

  return {
    cookie,
    sessions,
    identify: (request, authorization) =>
      look(request, authenticator.recall(authorization) !== undefined, () => authenticator.authenticate(authorization)),
    sessionOf: async request => {
      const value = cookie.read(request)
      if (value === undefined || !sessions.isOurs(value)) return undefined
      return sessions.check(value).catch(error => {
        if (error instanceof Unauthenticated) return undefined
        throw error
      })
    },
  }
}

function noStore(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store')
}
