// Things that should not be: conflicting copies of an event, records that cannot be read.

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
  kind: Type.String({ description: 'conflict, unreadable-record' }),
  severity: Type.String(),
  state: Type.String(),
  detectedAt: Type.String(),
  detail: Type.String(),
  position: Type.Object({ incarnation: Type.String(), partition: Type.Integer(), offset: Type.Integer() }),
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
