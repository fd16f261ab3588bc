// The quality of a dataset, window by window of reception: what came in, how complete, timely and consistent it was, and
// what about it has changed.

import Type, { type TSchema } from 'typebox'
import { dimensionNames } from '../../governance/quality/dimensions.ts'
import { openDriftReader } from '../../governance/quality/read-drift.ts'
import { readQuality } from '../../governance/quality/read-quality.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { findDataset } from '../find-dataset.ts'
import { DEFAULT_LIMIT } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { readTime } from '../read-time.ts'
import { answers } from '../shapes.ts'
import { qualityView, showPromises, showQuality } from '../show-quality.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** Lengths of windows; how far back is looked where the query does not say, and how far apart `from` and `to` may be. */
const steps = {
  '1m': { stepMs: MINUTE_MS, defaultMs: HOUR_MS, maxMs: 7 * DAY_MS },
  '1h': { stepMs: HOUR_MS, defaultMs: DAY_MS, maxMs: 92 * DAY_MS },
  '1d': { stepMs: DAY_MS, defaultMs: 30 * DAY_MS, maxMs: 400 * DAY_MS },
}

const number = (description?: string) => Type.Number(description === undefined ? {} : { description })
const count = (description?: string) => Type.Integer(description === undefined ? {} : { description })
const orNull = (shape: TSchema, description?: string) =>
  Type.Union([shape, Type.Null()], description === undefined ? {} : { description })
const time = Type.String({ format: 'date-time', description: 'RFC 3339' })
const pointer = Type.String({ description: 'RFC 6901; `` is the whole event, `*` what nobody declared' })
const forLedger = Type.Optional(count('For who may read the ledger'))
const counted = Type.Array(Type.Object({ pointer, count: count() }))

const WindowShape = Type.Object({
  window: Type.Object({ start: Type.String(), end: Type.String() }, { description: 'Of reception' }),
  score: orNull(number(), '0 to 100: the mean of the dimensions that tell; null of fewer than 5 events'),
  dimensions: Type.Object(Object.fromEntries(dimensionNames.map(name => [name, orNull(number())])), {
    description: 'Shares, 0 to 1; null where nothing tells',
  }),
  volume: Type.Object(
    {
      ...{ rejected: count(), effective: count(), duplicates: count(), conflicts: count() },
      ...{ received: forLedger, accepted: forLedger, suppressed: forLedger, unanswered: forLedger, held: forLedger },
    },
    { description: 'As in the ledger' },
  ),
  events: count('That were looked at: first copies, neither held nor corrections'),
  fields: Type.Array(
    Type.Object({
      pointer,
      of: count('Events whose schema declares the field'),
      missing: count('Of these, without a value'),
      numbers: orNull(
        Type.Object({ count: count(), mean: orNull(number()), variance: orNull(number()) }),
        'Of public and internal fields that are stored as numbers, from 5 of them on',
      ),
    }),
  ),
  timeliness: orNull(
    Type.Object({
      timed: count('Events with a time of their own'),
      inTime: orNull(count(), 'Of these, those within the policy’s target'),
      ahead: count('Of these, those ahead of their reception by more than the policy allows'),
      delayMs: orNull(
        Type.Object({ p50: number(), p95: number(), p99: number() }),
        'From their time to their reception, within 1 %',
      ),
    }),
    'Null for who may not read the event’s time',
  ),
  consistency: Type.Array(Type.Object({ rule: Type.String(), promised: number(), of: count(), broken: count() })),
  causes: Type.Array(Type.Object({ cause: Type.String(), pointer, keyword: Type.String(), count: count() }), {
    description: 'Why events were rejected, most frequent first: 50 at most',
  }),
  schemaDrift: Type.Object(
    { undeclaredFields: counted, changedTypes: counted, newValues: counted },
    { description: 'Rejected events; an undeclared field is told by the object that held it' },
  ),
  drift: orNull(
    Type.Array(
      Type.Object({
        ...{ pointer, psi: number('Population stability index'), values: count(), before: count() },
        chance: number('What chance exceeds once in a thousand times'),
        isDrifting: Type.Boolean({ description: 'psi > 0.25, and > chance' }),
      }),
    ),
    'Against the 7 days before the window’s day; null in the summary and of minutes',
  ),
  sampled: count('Events whose kept texts were looked at for personal data'),
  suspects: Type.Array(Type.Object({ pointer, kind: Type.String(), count: count('Texts in sampled events') })),
  missed: Type.Array(
    Type.Object({
      dimension: Type.String(),
      pointer: Type.Optional(pointer),
      rule: Type.Optional(Type.String()),
      promised: number(),
      share: number(),
    }),
    { description: 'Promises of the policy that were not kept' },
  ),
})

const PromisesShape = Type.Object(
  {
    completeness: Type.Array(Type.Object({ pointer, share: number() })),
    conformity: Type.Optional(number()),
    uniqueness: Type.Optional(number()),
    timeliness: Type.Optional(Type.Object({ withinMs: count(), share: number() })),
    consistency: Type.Array(Type.Object({ rule: Type.String(), share: number() })),
  },
  { description: 'Shares that the policy promises, of what the caller may read; what it does not promise is left out' },
)

const PageShape = Type.Object({
  promises: PromisesShape,
  items: Type.Array(WindowShape),
  summary: orNull(WindowShape, 'All windows from `from` to `to` in one; on the first page alone'),
  next: Type.Union([Type.String(), Type.Null()]),
})

export function qualityRoute(app: Gateway, deps: GatewayDeps): void {
  app.get(
    '/v1/datasets/:dataset/quality',
    {
      config: { access: { action: 'quality', dataset: 'params' } },
      schema: {
        tags: ['quality'],
        summary: 'The quality of a dataset, window by window, oldest first: as far as the caller reads levels',
        params: Type.Object({ dataset: Type.String() }),
        querystring: Type.Object(
          {
            from: Type.Optional({
              ...time,
              description:
                'Windows from the one that holds it; else an hour (1m), a day (1h) or 30 days (1d) before `to`',
            }),
            to: Type.Optional({ ...time, description: 'Windows that begin before; now if not given' }),
            step: Type.Optional(
              Type.Union([Type.Literal('1m'), Type.Literal('1h'), Type.Literal('1d')], {
                description: '1h if not given',
              }),
            ),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: '100 if not given' })),
            cursor: Type.Optional(Type.String({ maxLength: 2_048, description: '`next` of the page before' })),
          },
          { additionalProperties: false },
        ),
        response: answers(200, PageShape, 400, 401, 403, 404),
      },
    },
    async ({ caller, params, query }, reply) => {
      reply.header('cache-control', 'no-store')
      const live = findDataset(deps, caller, params.dataset)
      const access = deps.access.current()
      const { read } = access.mask(caller, live.dataset)
      const view = qualityView(live, { read, seesLedger: access.may(caller, 'ledger', live.dataset) })
      const { stepMs, fromMs, beforeMs } = readRange(query, deps.now())
      const goOn = readCursor(query.cursor)?.value
      const startMs = typeof goOn === 'number' && goOn > fromMs ? Math.floor(goOn / stepMs) * stepMs : fromMs
      const endMs = Math.min(beforeMs, startMs + (query.limit ?? DEFAULT_LIMIT) * stepMs)
      const driftOf = openDriftReader(deps.documents, live.dataset)
      const items = []
      for await (const window of readQuality(deps.documents, live, startMs, endMs, stepMs)) {
        const drift = stepMs < HOUR_MS ? undefined : await driftOf(window.startMs, window.endMs)
        items.push(showQuality(view, window, drift))
      }
      let summary = null
      if (query.cursor === undefined && beforeMs > fromMs)
        for await (const whole of readQuality(deps.documents, live, fromMs, beforeMs, beforeMs - fromMs))
          summary = showQuality(view, whole, undefined)
      return {
        promises: showPromises(view),
        items,
        summary,
        next: endMs < beforeMs ? writeCursor({ value: endMs, id: '' }) : null,
      }
    },
  )
}

/** Whole windows. @throws RequestRefused 400 where they are too many */
function readRange(query: { from?: string; to?: string; step?: keyof typeof steps }, nowMs: number) {
  const { stepMs, defaultMs, maxMs } = steps[query.step ?? '1h']
  const toMs = query.to === undefined ? nowMs : Date.parse(readTime(query.to))
  const beforeMs = Math.ceil(toMs / stepMs) * stepMs
  const earliestMs = query.from === undefined ? beforeMs - defaultMs : Date.parse(readTime(query.from))
  const fromMs = Math.floor(earliestMs / stepMs) * stepMs
  if (beforeMs - fromMs <= maxMs + stepMs) return { stepMs, fromMs, beforeMs }
  throw new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: `from and to are more than ${maxMs / DAY_MS} days apart, which is the most for step=${query.step ?? '1h'}.`,
    fix: 'Ask for a shorter stretch of time, or for longer windows: 1m, 1h or 1d.',
  })
}
