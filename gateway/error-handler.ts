// The only place that speaks HTTP about errors: every error becomes a problem (RFC 9457). What the caller may know is
// in the answer; what the operator needs is in the log.

import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { loggable } from '../runtime/loggable.ts'
import type { Logger } from '../runtime/logger.ts'
import { DocumentsUnavailable } from '../storage/documents/documents.ts'
import { EventLogUnavailable } from '../storage/event-log/event-log.ts'
import type { JsonValue } from '../storage/json.ts'
import { LakeUnavailable } from '../storage/lake/lake.ts'
import { VaultUnavailable } from '../storage/vault/vault.ts'
import { RequestAborted, RequestRefused } from './body/request-refused.ts'
import { IngestInterrupted } from './outcome.ts'
import { type Problem, problem } from './problem.ts'
import { tellShapeError } from './tell-shape-error.ts'
import { answerThenLinger, hasUnreadBody } from './unread-body.ts'

const RETRY_AFTER_SECONDS = 1

/** Installs the handlers of errors, unknown paths and undeclared methods. */
export function handleErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error: Error, request, reply) => {
    const interrupted = error instanceof IngestInterrupted
    const cause = interrupted ? (error.cause as Error) : error
    if (cause instanceof RequestAborted) return reply.hijack()
    const answer = problemOf(cause, request)
    if (answer.status >= 500) logger.error({ err: loggable(cause), route: request.routeOptions.url }, answer.title)
    sendProblem(reply, answer, interrupted ? error.answer : {}, retryAfterOf(cause))
  })
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
    const allowed = allowedMethods(app, request)
    if (allowed.length > 0) {
      reply.header('allow', allowed.join(', '))
      return sendProblem(
        reply,
        problem('method-not-allowed', 405, 'This path does not take this method.', `Use ${allowed.join(' or ')}.`),
      )
    }
    sendProblem(
      reply,
      problem('not-found', 404, 'There is nothing at this path.', 'The paths are listed at /openapi.json and /docs.'),
    )
  })
}

/** For a URL that cannot be decoded: Fastify's own answer would repeat it. */
export function answerMalformedUrl(_error: Error, _request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(
    reply,
    problem(
      'request-invalid',
      400,
      'The address of the request is malformed.',
      'Percent-encode what is not plain in it.',
    ),
  )
}

/** For what is no HTTP, or did not arrive in time: no request was made of it, so the socket is answered. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, reason, detail] = clientErrors[error.code ?? ''] ?? [400, 'Bad Request', 'This is no HTTP request.']
  const body = JSON.stringify(problem('request-invalid', status, detail, 'See /docs for what may be sent.'))
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

const clientErrors: Record<string, [status: number, reason: string, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request did not arrive whole in time.'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'The headers are too large.'],
}

/** Answers with a problem; `members` are added to it. */
function sendProblem(reply: FastifyReply, answer: Problem, members: object = {}, retryAfterSeconds?: number): void {
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
  if (answer.status === 401) reply.header('www-authenticate', 'Bearer')
  const text = JSON.stringify({ ...answer, ...members })
  const { raw } = reply.request
  reply
    .code(answer.status)
    .header('content-type', 'application/problem+json')
    .header('content-length', Buffer.byteLength(text))
    .send(hasUnreadBody(raw) ? answerThenLinger(text, raw) : text)
}

function problemOf(error: Error, request: FastifyRequest): Problem {
  if (error instanceof RequestRefused) return problem(error.slug, error.status, error.detail, error.fix)
  const port = unavailablePort(error)
  if (port)
    return problem(
      'unavailable',
      503,
      `The ${port} cannot be reached: nothing more was accepted.`,
      'Send it again after the pause in Retry-After; the ids make that safe.',
    )
  const { statusCode, validation, validationContext, code } = error as FastifyError
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return problem(
      'unsupported-content-type',
      415,
      'The content-type is none that can be read.',
      'Use content-type: application/json.',
    )
  const shapes = request.routeOptions.schema as Record<string, JsonValue> | undefined
  const part = validationContext === 'querystring' ? 'query' : (validationContext ?? 'request')
  const told = validation && tellShapeError(validation, part, shapes?.[validationContext ?? ''])
  if (told) return problem('request-invalid', 400, told.detail, told.fix)
  if (validation) return problem('request-invalid', 400, `${error.message}.`, 'See /docs for what this call takes.')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return problem(
      'request-invalid',
      statusCode,
      'The request could not be read.',
      'See /docs for what this call takes.',
    )
  return problem(
    'internal',
    500,
    'The request failed through an error of ours; it is in our log.',
    'Send it again; if it fails again, tell the operator.',
  )
}

function unavailablePort(error: Error): string | undefined {
  if (error instanceof EventLogUnavailable) return 'event log'
  if (error instanceof VaultUnavailable) return 'vault'
  if (error instanceof DocumentsUnavailable) return 'document store'
  if (error instanceof LakeUnavailable) return 'lake'
  return undefined
}

function retryAfterOf(error: Error): number | undefined {
  if (error instanceof RequestRefused) return error.retryAfterSeconds
  return unavailablePort(error) ? RETRY_AFTER_SECONDS : undefined
}

function allowedMethods(app: FastifyInstance, request: FastifyRequest): string[] {
  const url = request.url.split('?')[0]!
  return ['GET', 'POST', 'DELETE'].filter(
    method => app.findRoute({ url, method }) !== null || app.hasRoute({ url, method }),
  )
}
