// Declared aggregates, as the caller's mask covers them.

import Type from 'typebox'
import { type Aggregate, rowLevel } from '../../governance/contract/aggregate.ts'
import type { LiveContract } from '../../governance/contract/catalogue.ts'
import { didYouMean } from '../../governance/contract/did-you-mean.ts'
import type { FixedWindow } from '../../governance/measures/windows-of.ts'
import { type AggregatePage, type AggregateQuery, type WindowOrder, windowOrders } from '../aggregate-page.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { type PageStart, readCursor, writeCursor } from '../cursor.ts'
import { findDataset } from '../find-dataset.ts'
import { DEFAULT_LIMIT } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { readAggregate } from '../read-aggregate.ts'
import { readSessions, type SessionAggregate } from '../read-sessions.ts'
import { readTime } from '../read-time.ts'
import { answers, pageQuery } from '../shapes.ts'

const DAY_MS = 86_400_000
/** What is shown where the query names no time: the last week. */
const DEFAULT_RANGE_MS = 7 * DAY_MS

const time = Type.String({ format: 'date-time', description: 'RFC 3339' })
const byName = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description })

const GroupShape = Type.Object({
  window: Type.Object(
    { start: Type.String(), end: Type.String() },
    { description: 'The end is the first instant after it; of a session, both are its events’ own times' },
  ),
  group: byName(
    'Group keys by the last token of their pointers, and what is joined to them; of a session, its subject',
  ),
  otherGroups: Type.Optional(
    Type.Literal(true, { description: 'All groups beyond those that are counted apart (ECLUSE_AGGREGATE_GROUPS)' }),
  ),
  measures: byName('As far as the caller may read their levels'),
  late: Type.Integer({ description: 'Events that came too late to count' }),
})

const PageShape = Type.Object({
  items: Type.Array(GroupShape),
  withheld: Type.Integer({ description: 'Groups of these windows with too few persons to be shown' }),
  next: Type.Union([Type.String(), Type.Null()]),
})

export function aggregatesRoutes(app: Gateway, deps: GatewayDeps): void {
  app.get(
    '/v1/datasets/:dataset/aggregates/:name',
    {
      config: { access: { action: 'read', dataset: 'params' } },
      schema: {
        tags: ['aggregates'],
        summary: 'A declared aggregate, window by window; sessions day by day, and within a day person by person',
        params: Type.Object({ dataset: Type.String(), name: Type.String() }),
        querystring: Type.Object(
          {
            from: Type.Optional({
              ...time,
              description: 'Windows that start from then on; a week before `to` if not given',
            }),
            to: Type.Optional({ ...time, description: 'Windows that start before; now if not given' }),
            order: Type.Optional(
              Type.Enum([...windowOrders], {
                description:
                  'Which windows come first, the same in every page; oldest if not given. Of sessions, which days: within a day they come person by person in either order',
              }),
            ),
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        response: answers(200, PageShape, 400, 401, 403, 404),
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const { caller, query, params } = request
      const live = findDataset(deps, caller, params.dataset)
      const aggregate = findAggregate(live.aggregates, params.name)
      const { read } = deps.access.current().mask(caller, live.dataset)
      if (!read.has(rowLevel(aggregate))) throw levelNotCovered(rowLevel(aggregate))
      const toMs = query.to === undefined ? deps.now() : Date.parse(readTime(query.to))
      const fromMs = query.from === undefined ? toMs - DEFAULT_RANGE_MS : Date.parse(readTime(query.from))
      const { order = 'oldest', limit = DEFAULT_LIMIT } = query
      const after = readStart(query.cursor, order)
      const { items, withheld, next } = await readPage(deps, live, aggregate, { fromMs, toMs, order, limit, after })
      const shown = new Set(aggregate.measures.filter(({ level }) => read.has(level)).map(({ name }) => name))
      return {
        items: items.map(({ measures, ...item }) => ({
          ...item,
          measures: Object.fromEntries(Object.entries(measures).filter(([name]) => shown.has(name))),
        })),
        withheld,
        next: next && writeCursor({ ...next, ...(order === 'newest' && { order }) }),
      }
    },
  )
}

/** @throws RequestRefused 400 for a cursor of the other order: it would leave out what lies between */
function readStart(cursor: string | undefined, asked: WindowOrder): PageStart | undefined {
  const start = readCursor(cursor)
  const { order = 'oldest' } = start ?? {}
  if (!start || order === asked) return start
  throw new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: `The cursor goes on with the ${order} first, and the query asks for the ${asked} first.`,
    fix: 'Send the same `order` with every page, or leave the cursor out to begin anew.',
  })
}

function readPage(
  { tables, vault }: Pick<GatewayDeps, 'tables' | 'vault'>,
  live: Pick<LiveContract, 'dataset' | 'references'>,
  aggregate: Aggregate,
  query: AggregateQuery,
): Promise<AggregatePage> {
  if (!('session' in aggregate.window))
    return readAggregate(tables, live, aggregate as Aggregate & { window: FixedWindow }, query)
  return readSessions(tables, live.dataset, aggregate as SessionAggregate, query, async pseudonyms => {
    const unreadable = await vault.findUnreadable([...new Set(pseudonyms)])
    return new Set(pseudonyms).difference(unreadable)
  })
}

function findAggregate(aggregates: Aggregate[], name: string): Aggregate {
  const found = aggregates.find(aggregate => aggregate.name === name)
  if (found) return found
  const names = aggregates.map(aggregate => aggregate.name)
  throw new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'The policy declares no aggregate of this name.',
    fix: `${didYouMean(name, names)}GET /v1/datasets/{dataset} lists those there are.`,
  })
}

function levelNotCovered(level: string): RequestRefused {
  return new RequestRefused({
    status: 403,
    slug: 'forbidden',
    detail: `Its groups are ${level} here: none of the caller’s roles reads that level.`,
    fix: 'Use a role that reads this level of the dataset.',
  })
}
