// Things that should not be: what windows of a dataset show, conflicting copies of an event, records that cannot be read,
// a ledger that does not balance. Found by processors; judged here by those who know.

import Type from 'typebox'
import type { AccessAction } from '../../governance/access/access-action.ts'
import type { Caller } from '../../governance/access/caller.ts'
import { anomalyKinds, severities } from '../../governance/anomalies/anomaly-kinds.ts'
import { judgeAnomaly, nextStates, WrongState } from '../../governance/anomalies/judge-anomaly.ts'
import { languages } from '../../runtime/language.ts'
import { anomalyStates, type StoredAnomaly } from '../../storage/stored-shapes.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { findDataset } from '../find-dataset.ts'
import { findDocuments } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'
import { openShower } from '../show-anomaly.ts'

const State = Type.Enum([...anomalyStates])
const closed = { additionalProperties: false }
const inLanguage = {
  language: Type.Optional(Type.Enum([...languages], { description: 'Of `detail`; left out: en' })),
}

const PositionShape = Type.Object({ incarnation: Type.String(), partition: Type.Integer(), offset: Type.Integer() })

const AnomalyShape = Type.Object({
  id: Type.String(),
  dataset: Type.String(),
  kind: Type.String({ description: anomalyKinds.join(', ') }),
  severity: Type.String({ description: severities.toReversed().join(', ') }),
  state: Type.String({ description: anomalyStates.join(', ') }),
  detectedAt: Type.String(),
  resolvedAt: Type.Optional(Type.String()),
  window: Type.Optional(
    Type.Object(
      { start: Type.String(), end: Type.String() },
      { description: 'Of reception: from the first wrong window to the end of the last' },
    ),
  ),
  windows: Type.Optional(Type.Integer({ description: 'Wrong windows in it: minutes' })),
  lastSeenAt: Type.Optional(Type.String({ description: 'The end of the last wrong window' })),
  pointer: Type.Optional(Type.String({ description: 'The field it is about' })),
  level: Type.Optional(
    Type.String({ description: 'Of what it tells: who may not read this level is not told the numbers' }),
  ),
  detail: Type.String(),
  evidence: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Numbers that show it' })),
  history: Type.Optional(
    Type.Array(
      Type.Object({
        state: Type.String(),
        at: Type.String(),
        by: Type.String({ description: 'Id of the caller, or écluse' }),
        comment: Type.Optional(Type.String()),
      }),
      { description: 'Who changed its state, oldest first' },
    ),
  ),
  position: Type.Union([PositionShape, Type.Null()], { description: 'In the log, of the record it is about' }),
  event: Type.Optional(
    Type.Object(
      {
        id: Type.String({ description: 'As it is stored' }),
        position: Type.Optional(PositionShape),
      },
      {
        description:
          'Of a conflict: the event whose id came again, and where the copy stands that has effect; missing where none is archived that may be read',
      },
    ),
  ),
})

const params = Type.Object({ id: Type.String({ maxLength: 1_024 }) })

export function anomaliesRoute(app: Gateway, deps: GatewayDeps): void {
  const { documents, access, now } = deps
  const tags = ['anomalies']

  app.get(
    '/v1/anomalies',
    {
      config: { access: { action: 'anomalies', dataset: 'query' } },
      schema: {
        tags,
        summary: 'Anomalies of a dataset, newest first',
        querystring: Type.Object(
          {
            dataset: Type.String(),
            state: Type.Optional(State),
            kind: Type.Optional(Type.Enum([...anomalyKinds])),
            severity: Type.Optional(Type.Enum([...severities])),
            ...inLanguage,
            ...pageQuery,
          },
          closed,
        ),
        response: answers(200, listOf(AnomalyShape), 400, 401, 403, 404),
      },
    },
    async ({ caller, query }, reply) => {
      reply.header('cache-control', 'no-store')
      const { dataset } = findDataset(deps, caller, query.dataset)
      const { limit, cursor, state, kind, severity, language } = query
      const { found, next } = await findDocuments(documents, {
        collection: 'anomalies',
        where: { dataset, ...(state && { state }), ...(kind && { kind }), ...(severity && { severity }) },
        sortBy: 'detectedAt',
        limit,
        cursor,
      })
      const anomalies = found.map(({ body }) => body as unknown as StoredAnomaly)
      const show = await openShower(deps, caller, dataset, anomalies)
      return { items: anomalies.map(anomaly => show(anomaly, language)), next }
    },
  )

  app.get(
    '/v1/anomalies/:id',
    {
      config: { access: { action: 'anomalies' } },
      schema: {
        ...{ tags, summary: 'One anomaly', params, querystring: Type.Object(inLanguage, closed) },
        response: answers(200, AnomalyShape, 400, 401, 403, 404),
      },
    },
    async ({ caller, params, query }, reply) => {
      reply.header('cache-control', 'no-store')
      const anomaly = await find(caller, 'anomalies', params.id)
      const show = await openShower(deps, caller, anomaly.dataset, [anomaly])
      return show(anomaly, query.language)
    },
  )

  app.post(
    '/v1/anomalies/:id/states',
    {
      config: { access: { action: 'judge' } },
      schema: {
        tags,
        summary: 'Say what becomes of an anomaly',
        description:
          'Known (acknowledged), over (resolved), or none at all (false-alarm: its windows count as usual again). What is resolved or a false alarm opens again with a comment.',
        params,
        querystring: Type.Object(inLanguage, closed),
        body: Type.Object(
          {
            state: State,
            comment: Type.Optional(
              Type.String({ pattern: '^[^\\p{C}]{1,500}$', description: 'Stored as it is: no personal data' }),
            ),
          },
          closed,
        ),
        response: answers(200, AnomalyShape, 400, 401, 403, 404, 409),
      },
    },
    async ({ caller, params, query, body }) => {
      const anomaly = await find(caller, 'judge', params.id)
      // Before anything is changed: it may fail.
      const show = await openShower(deps, caller, anomaly.dataset, [anomaly])
      const judged = await judgeAnomaly(documents, anomaly.id, { ...body, by: caller.id, atMs: now() }).catch(error => {
        throw error instanceof WrongState ? wrongState(error, body.state) : error
      })
      if (!judged) throw noSuchAnomaly()
      return show(judged, query.language)
    },
  )

  /** Whose dataset the caller may not see does not exist for it. */
  async function find(caller: Caller, action: AccessAction, id: string): Promise<StoredAnomaly> {
    const anomaly = (await documents.get('anomalies', id))?.body as StoredAnomaly | undefined
    if (anomaly && access.current().may(caller, action, anomaly.dataset)) return anomaly
    throw noSuchAnomaly()
  }
}

function noSuchAnomaly(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'There is no anomaly of this id.',
    fix: 'It may have reached the end of its retention; GET /v1/anomalies?dataset=… lists what there is.',
  })
}

function wrongState({ state, needsComment }: WrongState, asked: string): RequestRefused {
  return new RequestRefused({
    status: 409,
    slug: 'conflict',
    detail: needsComment
      ? `The anomaly is ${state}: it opens again with a comment.`
      : `The anomaly is ${state}, and does not become ${asked} from there.`,
    fix: needsComment ? 'Send a comment that says why.' : `Send one of these states: ${nextStates[state].join(', ')}.`,
  })
}
