// The way of events through this process, as it happens: for the pages, and for whoever wants numbers without Prometheus.

import Type from 'typebox'
import type { Caller } from '../../governance/access/caller.ts'
import { visibleDatasets } from '../find-dataset.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { type Overview, showOverview, watchOverview } from '../overview.ts'
import { answers, textAs } from '../shapes.ts'
import { makeEventStream } from '../stream-events.ts'
import type { LookAtPorts } from '../watch-ports.ts'

/** How often a stream looks, ms. */
const LOOK_MS = 1_000

const count = Type.Integer()

const OverviewShape = Type.Object({
  at: Type.String(),
  since: Type.String({ description: 'When this process started: its counts begin there' }),
  ports: Type.Record(Type.String(), Type.String({ description: 'ok or unavailable' })),
  waiting: Type.Union([count, Type.Null()], {
    description:
      'Records that processors have still to handle; null where they run in other processes, and where producers are not told of suppressed events, for who may not read the ledger',
  }),
  flows: Type.Array(
    Type.Object({
      dataset: Type.String(),
      received: count,
      accepted: count,
      rejected: count,
      suppressed: count,
      stored: Type.Union([
        Type.Object({
          ...{ effective: count, duplicate: count, conflict: count, quarantined: count },
          held: Type.Optional(
            Type.Integer({ description: 'For who may read the ledger; for others it is a part of `effective`' }),
          ),
        }),
        Type.Null(),
      ]),
    }),
    { description: 'For who may not read the ledger of a dataset: no more than producers are answered' },
  ),
})

const config = { access: { action: 'describe' } } as const
const tags = ['overview']

export function overviewRoutes(app: Gateway, deps: GatewayDeps, lookAtPorts: LookAtPorts): void {
  const { telemetry, processors, now } = deps
  const read = watchOverview({ telemetry, lookAtPorts, carriesOn: processors !== undefined, now })
  const stream = makeEventStream(app, deps, { lookMs: LOOK_MS })

  /** Of the datasets that the caller may see; each of them, also where nothing came yet. */
  async function seen(caller: Caller): Promise<Overview> {
    const overview = await read()
    const known = new Map(overview.flows.map(flow => [flow.dataset, flow]))
    const stored = processors ? { effective: 0, duplicate: 0, conflict: 0, held: 0, quarantined: 0 } : null
    const nothing = { received: 0, accepted: 0, rejected: 0, suppressed: 0, stored }
    const flows = visibleDatasets(deps, caller).map(({ dataset }) => known.get(dataset) ?? { dataset, ...nothing })
    const access = deps.access.current()
    const seesLedger = (dataset: string) => access.may(caller, 'ledger', dataset)
    return showOverview({ ...overview, flows }, { seesLedger, tellSuppressed: deps.config.tellSuppressed })
  }

  app.get(
    '/v1/overview',
    {
      config,
      schema: {
        tags,
        summary: 'What this process has taken since it started, by dataset, and which ports answer',
        response: answers(200, OverviewShape, 401, 403),
      },
    },
    request => seen(request.caller),
  )

  app.get(
    '/v1/overview/events',
    {
      config,
      schema: {
        tags,
        summary: 'The same as it happens (server-sent events)',
        response: answers(200, textAs('text/event-stream', 'An `overview` event a second'), 401, 403),
      },
    },
    (request, reply) => stream(request, reply, async () => ({ event: 'overview', data: await seen(request.caller) })),
  )
}
