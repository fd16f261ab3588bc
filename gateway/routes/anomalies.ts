// Things that should not be: conflicting copies of an event, records that cannot be read, a ledger that does not balance.

import Type from 'typebox'
import type { JsonObject } from '../../storage/json.ts'
import type { StoredAnomaly } from '../../storage/stored-shapes.ts'
import { findDataset } from '../find-dataset.ts'
import { findPage } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'

const AnomalyShape = Type.Object({
  id: Type.String(),
  dataset: Type.String(),
  kind: Type.String({ description: 'conflict, unreadable-record, ledger-mismatch' }),
  severity: Type.String({ description: 'critical, high, medium' }),
  state: Type.String({ description: 'open, resolved' }),
  detectedAt: Type.String(),
  resolvedAt: Type.Optional(Type.String()),
  detail: Type.String(),
  evidence: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Numbers that show it' })),
  position: Type.Union([
    Type.Object({ incarnation: Type.String(), partition: Type.Integer(), offset: Type.Integer() }),
    Type.Null(),
  ]),
})

export function anomaliesRoute(app: Gateway, deps: GatewayDeps): void {
  app.get(
    '/v1/anomalies',
    {
      config: { access: { action: 'anomalies', dataset: 'query' } },
      schema: {
        tags: ['anomalies'],
        summary: 'Anomalies of a dataset, newest first',
        querystring: Type.Object({ dataset: Type.String(), ...pageQuery }, { additionalProperties: false }),
        response: answers(200, listOf(AnomalyShape), 400, 401, 403, 404),
      },
    },
    async request => {
      const { dataset } = findDataset(deps, request.caller, request.query.dataset)
      const { limit, cursor } = request.query
      return findPage(deps.documents, {
        collection: 'anomalies',
        where: { dataset },
        sortBy: 'detectedAt',
        limit,
        cursor,
        show: shown,
      })
    },
  )
}

function shown(body: JsonObject) {
  const { copy: _copy, eventDocument: _eventDocument, ...anomaly } = body as unknown as StoredAnomaly
  return anomaly
}
