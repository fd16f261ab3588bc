// Whether a request that a browser adds the session to comes from our own page: no other page can send this header
// without being asked first, which nobody here answers, and what the browser says of itself must fit.

import type { FastifyRequest } from 'fastify'
import { RequestRefused } from './body/request-refused.ts'

/** On every request of the pages that changes something. */
const PAGE_HEADER = 'ecluse-page'

/** @throws RequestRefused 403 */
export function expectFromOurPage({ method, headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site']
  const isOurs = site === undefined || site === 'same-origin' || site === 'none'
  const isRead = method === 'GET' || method === 'HEAD'
  if (isOurs && (isRead || headers[PAGE_HEADER] !== undefined)) return
  throw new RequestRefused({
    status: 403,
    slug: 'forbidden',
    detail: 'A session is for Écluse’s own pages: this request does not come from them.',
    fix: 'Send an API key or a token in `Authorization`; or, with a session, the header `Ecluse-Page: 1` from the same origin.',
  })
}
