// What will go when, store by store.

import Type from 'typebox'
import { findDataset } from '../find-dataset.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { listRetention, MAX_COUNTED } from '../list-retention.ts'
import { answers, listOf } from '../shapes.ts'

const nullableText = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

const RetentionShape = Type.Object({
  dataset: nullableText('Null for what is not of one dataset'),
  store: Type.String(),
  retentionMs: Type.Integer({ description: 'In force, from reception' }),
  by: nullableText('Which time of a record was looked at; null where nothing can be counted'),
  oldest: nullableText('Of the records there are'),
  ending: Type.Array(
    Type.Object({ days: Type.Integer(), records: Type.Integer({ description: `${MAX_COUNTED}: that many or more` }) }),
  ),
  enforcedBy: Type.String(),
})

export function retentionRoute(app: Gateway, deps: GatewayDeps): void {
  app.get(
    '/v1/retention',
    {
      config: { access: { action: 'retention', dataset: '*' } },
      schema: {
        tags: ['retention'],
        summary: 'What will go when, by dataset and store',
        querystring: Type.Object(
          { dataset: Type.Optional(Type.String({ maxLength: 63 })) },
          { additionalProperties: false },
        ),
        response: answers(200, listOf(RetentionShape), 400, 401, 403, 404),
      },
    },
    async ({ caller, query }) => {
      if (query.dataset === undefined) return { items: await listRetention(deps, deps.catalogue.all()), next: null }
      const contract = findDataset(deps, caller, query.dataset)
      const items = await listRetention(deps, [contract])
      return { items: items.filter(({ dataset }) => dataset === contract.dataset), next: null }
    },
  )
}
