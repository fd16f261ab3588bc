// The dashboard's document and files: open to all, since they hold no data; what they show they ask for like any caller.

import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { RequestRefused } from '../body/request-refused.ts'
import type { Gateway } from '../gateway-deps.ts'
import type { Asset, Pages } from '../read-pages.ts'

/** Nothing from elsewhere, nothing inline, no text that becomes markup, and nobody puts our pages into theirs. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  vary: 'accept-encoding',
}

export function pagesRoutes(app: Gateway, { document, base, assets }: Pages): void {
  app.get('/', { schema: { hide: true } }, (request, reply) => {
    reply.headers({
      'content-security-policy': CSP,
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
      'cache-control': 'no-cache',
    })
    return sendAsset(request, reply, document)
  })

  app.get(
    '/assets/:hash/*',
    { schema: { hide: true, params: Type.Object({ hash: Type.String(), '*': Type.String() }) } },
    (request, reply) => {
      const { hash, '*': path } = request.params
      const found = assets.get(path)
      if (!found) throw noSuchFile()
      // While gateways are renewed one by one, a page of another version is answered what this one has.
      const isExact = base === `/assets/${hash}`
      reply.header('cache-control', isExact ? 'public, max-age=31536000, immutable' : 'no-store')
      return sendAsset(request, reply, found)
    },
  )
}

function sendAsset(request: FastifyRequest, reply: FastifyReply, { contentType, bytes, gzipped }: Asset): FastifyReply {
  const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  if (takesGzip) reply.header('content-encoding', 'gzip')
  return reply
    .headers(ALWAYS)
    .type(contentType)
    .send(takesGzip ? gzipped : bytes)
}

function noSuchFile(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'The pages have no such file.',
    fix: 'Load the page again: it names the files it has.',
  })
}
