// Builds the HTTP server: what every request passes, then the routes, one file each.

import { fastifyRateLimit } from '@fastify/rate-limit'
import { fastifySwagger } from '@fastify/swagger'
import { fastifySwaggerUi } from '@fastify/swagger-ui'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyInstance, fastify } from 'fastify'
import type { Caller } from '../governance/access/caller.ts'
import packageJson from '../package.json' with { type: 'json' }
import { RequestRefused } from './body/request-refused.ts'
import { closeInOrder } from './close-in-order.ts'
import { compileAnswers, compileShapes } from './compile-shapes.ts'
import { answerClientError, answerMalformedUrl, handleErrors } from './error-handler.ts'
import type { Gateway, GatewayDeps, HealthDeps } from './gateway-deps.ts'
import { protectRoutes } from './protect-routes.ts'
import { readPages } from './read-pages.ts'
import { accessRoutes } from './routes/access.ts'
import { aggregatesRoutes } from './routes/aggregates.ts'
import { anomaliesRoute } from './routes/anomalies.ts'
import { auditEntriesRoute } from './routes/audit.ts'
import { auditProofRoutes } from './routes/audit-proofs.ts'
import { datasetsRoutes } from './routes/datasets.ts'
import { eventHistoryRoute } from './routes/event-history.ts'
import { exportPackageRoute } from './routes/export-package.ts'
import { healthRoutes } from './routes/health.ts'
import { ledgerRoute } from './routes/ledger.ts'
import { legalHoldsRoutes } from './routes/legal-holds.ts'
import { overviewRoutes } from './routes/overview.ts'
import { pagesRoutes } from './routes/pages.ts'
import { policyApprovalsRoutes } from './routes/policy-approvals.ts'
import { postEventsRoute } from './routes/post-events.ts'
import { qualityRoute } from './routes/quality.ts'
import { quarantineRoutes } from './routes/quarantine.ts'
import { quarantineRequestsRoutes } from './routes/quarantine-requests.ts'
import { reidentificationRoutes } from './routes/reidentification.ts'
import { retentionRoute } from './routes/retention.ts'
import { revealRoute } from './routes/reveal.ts'
import { rightsRequestsRoutes } from './routes/rights-requests.ts'
import { sessionRoutes } from './routes/session.ts'
import { storedEventsRoutes } from './routes/stored-events.ts'
import { watchPorts } from './watch-ports.ts'

/** Nothing from elsewhere; Swagger UI sets styles on its elements. */
const DOCS_CSP =
  "default-src 'none'; base-uri 'none'; connect-src 'self'; font-src 'self'; frame-ancestors 'none'; " +
  "img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'"

/** How long the headers of a request may take, ms: what Node has by default, whatever bounds the body. */
const HEADERS_TIMEOUT_MS = 60_000

function newApp({ config }: HealthDeps): Gateway {
  const app = fastify({
    logger: false,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 1_024 },
    // How long a body may take is bounded where it is read; Node would count the time we take as well.
    requestTimeout: 0,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    frameworkErrors: answerMalformedUrl,
    clientErrorHandler: answerClientError,
    keepAliveTimeout: 72_000,
    // While closing, what comes in over open connections is still served; each answer then closes its connection.
    return503OnClosing: false,
    bodyLimit: config.maxBodyBytes,
    trustProxy: config.trustProxy === 'loopback' ? 'loopback' : false,
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(compileShapes())
  app.setSerializerCompiler(compileAnswers)
  app.server.maxConnections = config.maxOpenConnections
  return app
}

/** Builds the gateway; it listens once `listen` is called on it. */
export async function makeGateway(deps: GatewayDeps): Promise<Gateway> {
  const app = newApp(deps)
  await app.register(fastifyRateLimit, rateLimit(deps))
  handleErrors(app as unknown as FastifyInstance, deps.logger)
  const door = protectRoutes(app, deps)
  await app.register(fastifySwagger, { openapi: openApi() })
  await app.register(fastifySwaggerUi, { routePrefix: '/docs', staticCSP: DOCS_CSP, theme: { title: 'Écluse' } })
  const stopping = closeInOrder(app, deps.draining)
  const lookAtPorts = watchPorts(deps)
  const pages = await readPages()
  await app.register(async routes => {
    healthRoutes(routes as Gateway, deps, lookAtPorts)
    pagesRoutes(routes as Gateway, pages)
    sessionRoutes(routes as Gateway, door)
    overviewRoutes(routes as Gateway, deps, lookAtPorts)
    postEventsRoute(routes as Gateway, deps, stopping)
    storedEventsRoutes(routes as Gateway, deps)
    eventHistoryRoute(routes as Gateway, deps)
    aggregatesRoutes(routes as Gateway, deps)
    datasetsRoutes(routes as Gateway, deps)
    quarantineRoutes(routes as Gateway, deps)
    quarantineRequestsRoutes(routes as Gateway, deps)
    revealRoute(routes as Gateway, deps)
    reidentificationRoutes(routes as Gateway, deps)
    rightsRequestsRoutes(routes as Gateway, deps)
    legalHoldsRoutes(routes as Gateway, deps)
    exportPackageRoute(routes as Gateway, deps)
    anomaliesRoute(routes as Gateway, deps)
    ledgerRoute(routes as Gateway, deps)
    qualityRoute(routes as Gateway, deps)
    accessRoutes(routes as Gateway, deps)
    policyApprovalsRoutes(routes as Gateway, deps)
    retentionRoute(routes as Gateway, deps)
    auditEntriesRoute(routes as Gateway, deps)
    auditProofRoutes(routes as Gateway, deps)
  })
  await app.ready()
  return app
}

/** Builds the server of a process that takes no events: health and metrics alone. */
export async function makeHealthServer(deps: HealthDeps): Promise<Gateway> {
  const app = newApp(deps)
  await app.register(fastifyRateLimit, rateLimit(deps))
  handleErrors(app as unknown as FastifyInstance, deps.logger)
  await app.register(fastifySwagger, { openapi: openApi() })
  closeInOrder(app, deps.draining)
  await app.register(async routes => healthRoutes(routes as Gateway, deps, watchPorts(deps)))
  await app.ready()
  return app
}

function rateLimit(deps: HealthDeps) {
  return {
    global: true,
    hook: 'preHandler' as const,
    max: deps.config.maxRequestsPerSecond,
    timeWindow: 1_000,
    cache: 10_000,
    keyGenerator: (request: { caller: Caller | null; ip: string }) => request.caller?.id ?? request.ip,
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: () =>
      new RequestRefused({
        status: 429,
        slug: 'too-many-requests',
        detail: `This caller makes more than ${deps.config.maxRequestsPerSecond} requests a second.`,
        fix: 'Send several events in one request (an array or NDJSON), or wait for the time in Retry-After.',
        retryAfterSeconds: 1,
      }),
  }
}

function openApi() {
  return {
    openapi: '3.1.0' as const,
    info: {
      title: 'Écluse',
      version: packageJson.version,
      description:
        'The lock gate for event streams: every event is declared, checked, classified and protected before it is stored.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to where the document was read from.
    servers: [{ url: '/' }],
    components: {
      securitySchemes: {
        apiKey: { type: 'http' as const, scheme: 'bearer', description: 'An API key (eck_…) or a JWT' },
        session: {
          type: 'apiKey' as const,
          in: 'cookie' as const,
          name: 'ecluse-session',
          description: 'Of the pages, from POST /v1/session; over TLS its name begins with `__Host-`',
        },
      },
    },
    security: [{ apiKey: [] }, { session: [] }],
  }
}
