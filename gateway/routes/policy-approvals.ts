// Edits of policies, schemas and the access policy that weaken protection and wait for a second person: shown with the
// reasons, approved by their exact hashes. An edit comes from files, so whoever approves here is not who made it alone.

import { isDeepStrictEqual } from 'node:util'
import Type from 'typebox'
import { newSchemas, openApprovals, type PendingEdit } from '../../governance/contract/approvals.ts'
import { RequestRefused } from '../body/request-refused.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf } from '../shapes.ts'

const PATH = '/v1/policy-approvals'
const MAX_SCHEMAS = 1_000
const MAX_REASON = 2_000

const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the file, hex' })
const hashes = {
  dataset: Type.String({ maxLength: 63, description: 'Or `*`: the access policy' }),
  policySha256: sha256,
}
const schemas = Type.Record(Type.String(), sha256, {
  maxProperties: MAX_SCHEMAS,
  description:
    'Schema versions, and reference tables (references/countries.csv), that were not live before; of the access policy, model.conf if it changed',
})

const PendingShape = Type.Object({
  ...hashes,
  schemas,
  liveSha256: Type.String({ description: 'Of the policy that was live last' }),
  reasons: Type.Array(Type.String(), { description: 'What of it weakens protection' }),
})

const approve = { access: { action: 'approve', dataset: '*' } } as const

export function policyApprovalsRoutes(app: Gateway, deps: GatewayDeps): void {
  const { catalogue, access, audit, vault } = deps
  const approvals = openApprovals(vault)
  const waiting = () => [...catalogue.waiting(), access.waiting()].filter(edit => edit !== undefined)

  app.get(
    PATH,
    {
      config: approve,
      schema: {
        tags: ['policies'],
        summary: 'Edits that wait for an approval',
        response: answers(200, listOf(PendingShape), 401, 403),
      },
    },
    async () => ({ items: waiting().map(shown), next: null }),
  )

  app.post(
    PATH,
    {
      config: approve,
      schema: {
        tags: ['policies'],
        summary: 'Approve an edit: it goes live at the next look at the files; recorded',
        body: Type.Object(
          {
            ...hashes,
            schemas: Type.Optional(schemas),
            reason: Type.String({
              minLength: 3,
              maxLength: MAX_REASON,
              description: 'Recorded as it is: no personal data',
            }),
          },
          { additionalProperties: false },
        ),
        response: answers(200, PendingShape, 400, 401, 403, 409),
      },
    },
    async request => {
      const { dataset, policySha256, schemas = {}, reason } = request.body
      const edit = waiting().find(edit => edit.dataset === dataset)
      const isSame = edit?.to.policySha256 === policySha256 && isDeepStrictEqual({ ...schemas }, newSchemas(edit))
      if (!edit || !isSame) throw notWaiting()
      await audit.record({
        kind: 'policy-approved',
        actor: request.caller.id,
        ...(dataset !== '*' && { dataset }),
        details: { policySha256, schemas, liveSha256: edit.from.policySha256, reason },
      })
      await approvals.approve(edit)
      return shown(edit)
    },
  )

  app.get(
    '/v1/access/policy',
    {
      config: { access: { action: 'describe' } },
      schema: {
        tags: ['access'],
        summary: 'The access policy in force',
        response: answers(
          200,
          Type.Object({ model: Type.String(), policy: Type.String(), modelSha256: sha256, policySha256: sha256 }),
          401,
          403,
        ),
      },
    },
    async () => {
      const { modelText, policyText, hashes } = access.files()
      return { model: modelText, policy: policyText, ...hashes }
    },
  )
}

function shown(edit: PendingEdit) {
  const { dataset, from, to, reasons } = edit
  return { dataset, policySha256: to.policySha256, schemas: newSchemas(edit), liveSha256: from.policySha256, reasons }
}

function notWaiting(): RequestRefused {
  return new RequestRefused({
    status: 409,
    slug: 'conflict',
    detail: 'No edit of exactly these files waits for an approval.',
    fix: `GET ${PATH} shows what waits now: name its dataset, policySha256 and schemas. Files may have changed since you looked.`,
  })
}
