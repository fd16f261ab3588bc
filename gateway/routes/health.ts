// Liveness, readiness, metrics and the OpenAPI document: for orchestrators, Prometheus and client generators.

import Type from 'typebox'
import type { Diagnostic } from '../../governance/contract/diagnostic.ts'
import type { Gateway, HealthDeps } from '../gateway-deps.ts'
import { textAs } from '../shapes.ts'
import type { LookAtPorts } from '../watch-ports.ts'

/** Without these nothing can be accepted; every other port's outage only degrades. */
const VITAL_PORTS = ['event-log', 'vault']

const ReadinessShape = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('degraded'), Type.Literal('unavailable')]),
  degraded: Type.Array(Type.String(), {
    description: 'What does not work: ports by name, `contracts`, `access`, `processors`, `alerts`; `stopping`',
  }),
  ports: Type.Record(Type.String(), Type.String({ description: 'ok or unavailable' })),
  contracts: Type.Object({
    live: Type.Array(Type.String()),
    problems: Type.Array(Type.String({ description: 'file:line:column: what is wrong' })),
  }),
  access: Type.Object({
    problems: Type.Array(Type.String({ description: 'The access policy in force is the last good one' })),
  }),
  alerts: Type.Object({
    problems: Type.Array(
      Type.String({ description: 'The rules in force are the last good ones; told where processors run' }),
    ),
  }),
})

export function healthRoutes(app: Gateway, deps: HealthDeps, lookAtPorts: LookAtPorts): void {
  // What is wrong from the beginning is told without being asked for.
  app.addHook('onListen', () => void lookAtPorts())
  app.get(
    '/livez',
    {
      schema: {
        tags: ['operations'],
        summary: 'Is the process alive?',
        security: [],
        response: { 200: Type.Object({ status: Type.String() }) },
      },
    },
    async () => ({ status: 'alive' }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        tags: ['operations'],
        summary: 'May events be sent?',
        description:
          '503 when the event log or the vault cannot be reached, or the process was asked to stop; else 200, with what is degraded.',
        security: [],
        response: { 200: ReadinessShape, 503: ReadinessShape },
      },
    },
    async (_request, reply) => {
      const ports = await lookAtPorts()
      const problems = deps.catalogue.diagnostics().filter(isError)
      const accessProblems = deps.access?.diagnostics() ?? []
      const alertProblems = (deps.processors?.alertDiagnostics() ?? []).filter(isError)
      const down = Object.keys(ports).filter(name => ports[name] !== 'ok')
      const stopping = deps.draining?.aborted === true
      const unavailable = stopping || down.some(name => VITAL_PORTS.includes(name))
      const degraded = [
        ...(stopping ? ['stopping'] : []),
        ...down,
        ...(problems.length > 0 ? ['contracts'] : []),
        ...(accessProblems.length > 0 ? ['access'] : []),
        ...(deps.processors?.failing().length ? ['processors'] : []),
        ...(alertProblems.length > 0 ? ['alerts'] : []),
      ]
      return reply.code(unavailable ? 503 : 200).send({
        status: unavailable ? 'unavailable' : degraded.length > 0 ? 'degraded' : 'ready',
        degraded,
        ports,
        contracts: { live: deps.catalogue.all().map(({ dataset }) => dataset), problems: problems.map(place) },
        access: { problems: accessProblems.map(place) },
        alerts: { problems: alertProblems.map(place) },
      })
    },
  )

  app.get(
    '/metrics',
    {
      schema: {
        tags: ['operations'],
        summary: 'Metrics for Prometheus',
        security: [],
        response: { 200: textAs('text/plain', 'Prometheus text format') },
      },
    },
    async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await deps.telemetry.scrape()),
  )

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

const isError = ({ severity }: Diagnostic) => severity === 'error'

function place({ file, line, column, message }: Diagnostic): string {
  return `${file}:${line}:${column}: ${message}`
}
