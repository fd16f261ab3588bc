// What every request to a route with access passes before anything of its body is read: who is it, and may they?

import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../governance/access/caller.ts'
import { makeAuthenticate, Unauthenticated } from './authenticate.ts'
import { makeAuthenticateJwt } from './authenticate-jwt.ts'
import { authoriseRoute, type RouteAccess } from './authorise.ts'
import type { Gateway, GatewayDeps } from './gateway-deps.ts'
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

/** Authenticates and authorises before anything of the body is read. */
export function protectRoutes(app: Gateway, deps: GatewayDeps): void {
  const { config, vault, people, now } = deps
  const authenticateJwt = makeAuthenticateJwt(config, now)
  const { authenticate, recall } = makeAuthenticate({ vault, leaseMs: people.leaseMs, now, authenticateJwt })
  const guessing = makeSlowGuessing({
    max: config.maxAuthFailuresPerSecond,
    now,
    onNotLookedAt: () => deps.onLoginFailure?.({ reason: 'not-looked-at' }),
  })

  async function identify(request: FastifyRequest): Promise<Caller> {
    const { authorization } = request.headers
    const good = recall(authorization)
    if (good?.caller) return good.caller
    const look = () =>
      authenticate(authorization).catch(error => {
        if (error instanceof Unauthenticated && error.failure) deps.onLoginFailure?.(error.failure)
        throw error
      })
    const address = normalizeIP(request.ip)
    if (!good) return guessing.attempt(address, look)
    // Whoever guesses at the same address does not keep this one out.
    return look().catch(error => {
      if (error instanceof Unauthenticated) guessing.noteFailure(address)
      throw error
    })
  }

  app.decorate('admit', async request => {
    const caller = await identify(request)
    authoriseRoute(deps.access.current(), caller, request.routeOptions.config.access!, request)
    return caller
  })
  app.decorateRequest('caller', null as unknown as Caller)
  app.addHook('onRequest', async request => {
    if (request.routeOptions.config.access) request.caller = await app.admit(request)
  })
}
