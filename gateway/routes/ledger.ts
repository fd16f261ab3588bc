// The conservation ledger of a dataset: what came in, what became of it and what is stored of it, minute by minute.

import Type from 'typebox'
import { isUnsolved } from '../../governance/anomalies/stored-anomaly.ts'
import { type LedgerLine, mismatchesOf } from '../../governance/ledger/ledger-line.ts'
import { mismatchId } from '../../governance/ledger/read-ledger.ts'
import type { StoredDocument } from '../../storage/documents/documents.ts'
import type { StoredAnomaly } from '../../storage/stored-shapes.ts'
import { findDataset } from '../find-dataset.ts'
import { DEFAULT_LIMIT } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { listLines } from '../list-lines.ts'
import { readTime } from '../read-time.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'

const DAY_MS = 86_400_000

const number = (description?: string) => Type.Integer(description === undefined ? {} : { description })
const time = Type.String({ format: 'date-time', description: 'RFC 3339' })

export type LineState = 'balanced' | 'open' | 'mismatch'

const LineShape = Type.Object({
  dataset: Type.String(),
  window: Type.Object({ start: Type.String(), end: Type.String() }, { description: 'A minute of reception' }),
  state: Type.Union([Type.Literal('balanced'), Type.Literal('open'), Type.Literal('mismatch')], {
    description:
      'open: not all of it has been handled or compared yet; mismatch: GET /v1/anomalies says what is missing',
  }),
  received: number('= accepted + suppressed + rejected + unanswered'),
  accepted: number(),
  suppressed: number(),
  rejected: number(),
  unanswered: number('Answered as retryable: log or vault could not be reached'),
  appended: number('= effective + duplicates + conflicts + held + erased + unreadable'),
  effective: number(),
  duplicates: number(),
  conflicts: number(),
  held: number('Of restricted persons, when they came'),
  erased: number('Passed over: of persons who were erased by then'),
  unreadable: number(),
  corrections: number('Of what is appended, copies that correct an event'),
  unacknowledged: number('In the log beyond what was accepted'),
  pending: number('Accepted, and not come to the processors yet'),
  archive: Type.Object(
    {
      events: Type.Union([Type.Integer(), Type.Null()], { description: 'At the last look; null before the first' }),
      erased: number(),
      expired: number(),
      checkedAt: Type.Union([Type.String(), Type.Null()]),
    },
    { description: 'events = effective + held − erased − expired' },
  ),
})

export function ledgerRoute(app: Gateway, deps: GatewayDeps): void {
  app.get(
    '/v1/ledger',
    {
      config: { access: { action: 'ledger', dataset: 'query' } },
      schema: {
        tags: ['ledger'],
        summary: 'The conservation ledger of a dataset, minute by minute, oldest first',
        querystring: Type.Object(
          {
            dataset: Type.String(),
            from: Type.Optional({ ...time, description: 'Minutes from then on; a day before `to` if not given' }),
            to: Type.Optional({ ...time, description: 'Minutes that begin before; now if not given' }),
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        response: answers(200, listOf(LineShape), 400, 401, 403, 404),
      },
    },
    async ({ caller, query }) => {
      const { dataset } = findDataset(deps, caller, query.dataset)
      const toMs = query.to === undefined ? deps.now() : Date.parse(readTime(query.to))
      const fromMs = query.from === undefined ? toMs - DAY_MS : Date.parse(readTime(query.from))
      const { limit = DEFAULT_LIMIT, cursor } = query
      const { lines, next } = await listLines(deps.documents, dataset, { fromMs, toMs, limit, cursor })
      const ids = lines.map(({ window }) => mismatchId(dataset, window.start))
      const anomalies = await deps.documents.getAll('anomalies', ids)
      return { items: lines.map((line, i) => shown(line, isToldOf(anomalies[i]))), next }
    },
  )
}

const isToldOf = (anomaly: StoredDocument | undefined) =>
  anomaly !== undefined && isUnsolved(anomaly.body as Pick<StoredAnomaly, 'state'>)

function shown({ dataset, window, ...numbers }: LedgerLine, isMismatch: boolean) {
  const isSettled = numbers.archive.events !== null && mismatchesOf({ dataset, window, ...numbers }).length === 0
  const state: LineState = isMismatch ? 'mismatch' : isSettled ? 'balanced' : 'open'
  return { dataset, window, state, ...numbers }
}
