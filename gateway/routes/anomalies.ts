// Things that should not be: what windows of a dataset show, conflicting copies of an event, records that cannot be read,
// a ledger that does not balance. Found by processors; judged here by those who know.

import Type from 'typebox'
import type { FieldMask } from '../../governance/access/access.ts'
import type { AccessAction } from '../../governance/access/access-action.ts'
import type { Caller } from '../../governance/access/caller.ts'
import { pointerLevels } from '../../governance/access/pointer-levels.ts'
import { anomalyKinds, severities } from '../../governance/anomalies/anomaly-kinds.ts'
import { describeAnomaly } from '../../governance/anomalies/describe-anomaly.ts'
import { judgeAnomaly, nextStates, WrongState } from '../../governance/anomalies/judge-anomaly.ts'
import { higherLevel, type Level } from '../../governance/classification/taxonomy.ts'
import { type Language, languages } from '../../runtime/language.ts'
import { anomalyStates, type StoredAnomaly } from '../../storage/stored-shapes.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { findDataset } from '../find-dataset.ts'
import { findPage } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'

const State = Type.Enum([...anomalyStates])
const closed = { additionalProperties: false }
const inLanguage = {
  language: Type.Optional(Type.Enum([...languages], { description: 'Of `detail`; left out: en' })),
}

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
  position: Type.Union([
    Type.Object({ incarnation: Type.String(), partition: Type.Integer(), offset: Type.Integer() }),
    Type.Null(),
  ]),
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
    async ({ caller, query }) => {
      const live = findDataset(deps, caller, query.dataset)
      const { dataset } = live
      const levelOf = pointerLevels(live)
      const { limit, cursor, state, kind, severity, language = 'en' } = query
      const mask = access.current().mask(caller, dataset)
      return findPage(documents, {
        collection: 'anomalies',
        where: { dataset, ...(state && { state }), ...(kind && { kind }), ...(severity && { severity }) },
        sortBy: 'detectedAt',
        limit,
        cursor,
        show: body => shown(body as unknown as StoredAnomaly, mask, language, levelOf),
      })
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
    async ({ caller, params, query }) => show(await find(caller, 'anomalies', params.id), caller, query.language),
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
      const { id } = await find(caller, 'judge', params.id)
      const judged = await judgeAnomaly(documents, id, { ...body, by: caller.id, atMs: now() }).catch(error => {
        throw error instanceof WrongState ? wrongState(error, body.state) : error
      })
      if (!judged) throw noSuchAnomaly()
      return show(judged, caller, query.language)
    },
  )

  /** Whose dataset the caller may not see does not exist for it. */
  async function find(caller: Caller, action: AccessAction, id: string): Promise<StoredAnomaly> {
    const anomaly = (await documents.get('anomalies', id))?.body as StoredAnomaly | undefined
    if (anomaly && access.current().may(caller, action, anomaly.dataset)) return anomaly
    throw noSuchAnomaly()
  }

  function show(anomaly: StoredAnomaly, caller: Caller, language: Language = 'en') {
    const live = deps.catalogue.find(anomaly.dataset)
    return shown(anomaly, access.current().mask(caller, anomaly.dataset), language, live && pointerLevels(live))
  }
}

/**
 * Numbers, and what was said of them, are for those who may read the field that they are of: by its level when they were
 * found and the one in force, whichever is stricter.
 */
function shown(
  stored: StoredAnomaly,
  { read }: Pick<FieldMask, 'read'>,
  language: Language,
  levelOf?: (pointer: string) => Level,
) {
  const { copy: _copy, eventDocument: _document, run: _run, series: _series, running: _running, ...told } = stored
  const anomaly = { ...told, detail: describeAnomaly(told, language) }
  const { level, evidence: _evidence, history, ...rest } = anomaly
  if (level === undefined) return anomaly
  const strictest = anomaly.pointer && levelOf ? higherLevel(level, levelOf(anomaly.pointer)) : level
  if (read.has(strictest)) return { ...anomaly, level: strictest }
  return {
    ...rest,
    level: strictest,
    detail: withheld[language](strictest),
    ...(history && { history: history.map(({ comment: _comment, ...entry }) => entry) }),
  }
}

const withheld: Record<Language, (level: Level) => string> = {
  en: level => `This is about a field of level ${level}, which none of your roles may read.`,
  fr: level => `Cela concerne un champ de niveau ${level}, qu’aucun de vos rôles ne peut lire.`,
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
