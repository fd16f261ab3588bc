// POST /v1/datasets/{dataset}/events: where producers hand over events and learn what became of each.

import { randomUUID } from 'node:crypto'
import Type from 'typebox'
import { v5 as uuidV5, v7 as uuidV7 } from 'uuid'
import type { LiveContract } from '../../governance/contract/catalogue.ts'
import { nearestSchemaVersion, schemaVersionOf } from '../../governance/contract/name-schema-version.ts'
import { openReceipts } from '../../governance/ingestion/receipts.ts'
import type { Config } from '../../runtime/config.ts'
import { makeAdmission } from '../admission.ts'
import type { BodyLimits } from '../body/limits.ts'
import { readEvents } from '../body/read-events.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { makeEventRate } from '../event-rate.ts'
import { findDataset } from '../find-dataset.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { type IngestDeps, ingest } from '../ingest.ts'
import { answers, ProblemShape } from '../shapes.ts'

/** Namespace of ids made from an Idempotency-Key (RFC 9562, section 5.5). */
const IDEMPOTENCY_NAMESPACE = '0a63e5f0-6f0c-4d0e-9d35-5a2f1c7b8e11'
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

const ResultShape = Type.Object({
  index: Type.Integer(),
  id: Type.Optional(Type.String({ description: 'The id as the producer knows it, or a UUIDv7 made for it.' })),
  outcome: Type.Optional(
    Type.Union([Type.Literal('accepted'), Type.Literal('suppressed'), Type.Literal('rejected')], {
      description: 'Missing when something failed on our side: then `retryable` is true.',
    }),
  ),
  retryable: Type.Optional(Type.Boolean()),
  problem: Type.Optional(ProblemShape),
})

const AnswerShape = Type.Object({
  received: Type.Integer(),
  accepted: Type.Integer(),
  suppressed: Type.Integer(),
  rejected: Type.Integer(),
  results: Type.Array(ResultShape),
})

const event = { type: 'object', description: 'An event in the dataset’s schema' }
const body = {
  content: {
    'application/json': { schema: { oneOf: [event, { type: 'array', items: event }] } },
    'application/x-ndjson': { schema: { type: 'string', description: 'One event a line' } },
    'application/cloudevents+json': { schema: { type: 'object', description: 'A CloudEvent, structured mode' } },
    'application/cloudevents-batch+json': { schema: { type: 'array', items: { type: 'object' } } },
  },
}

const schema = {
  tags: ['events'],
  summary: 'Hand over events',
  description:
    'One JSON object, an array, NDJSON, or CloudEvents (binary, structured, batch); gzip, deflate or zstd welcome. ' +
    'Each event has its own result; `accepted` means it is on disk.',
  params: Type.Object({ dataset: Type.String() }),
  headers: Type.Object({
    'ecluse-schema': Type.Optional(Type.String({ maxLength: 255, description: 'Schema version, e.g. 1-0-0' })),
    'idempotency-key': Type.Optional(
      Type.String({ maxLength: 255, description: 'Makes ids for events that have none' }),
    ),
  }),
  body,
  response: {
    ...answers(202, AnswerShape, 400, 401, 403, 404, 408, 413, 415),
    422: {
      description: 'All events rejected, or the schema version is unknown',
      content: { 'application/json': { schema: AnswerShape }, 'application/problem+json': { schema: ProblemShape } },
    },
  } as Record<number, unknown>,
}

export function postEventsRoute(app: Gateway, deps: GatewayDeps, stopping: AbortSignal): void {
  const limits = bodyLimits(deps.config)
  const admit = makeAdmission(deps.config)
  const rate = makeEventRate(deps.config.maxEventsPerSecond)
  const { maxRecordBytes, tellSuppressed } = deps.config
  const receipts = openReceipts(deps.log)
  const ingestDeps: IngestDeps = { ...deps, receipts, maxRecordBytes, tellSuppressed, count: makeCount(deps) }

  app.register(async route => {
    // The stream goes through unread: `readEvents` bounds and decompresses it.
    route.removeAllContentTypeParsers()
    route.addContentTypeParser('*', (_request, _stream, done) => done(null))
    route.setValidatorCompiler(() => () => true)
    route.setSerializerCompiler(() => JSON.stringify)
    route.post(
      '/v1/datasets/:dataset/events',
      { schema, config: { access: { action: 'ingest', dataset: 'params' } } },
      async (request, reply) => {
        const { dataset } = request.params as { dataset: string }
        const contract = findDataset(deps, request.caller, dataset)
        rate.admit(request.caller.id)
        const { reserve, leave } = admit(request.headers['content-length'])
        try {
          const answer = await ingest(ingestDeps, {
            contract,
            events: readEvents({ stream: request.raw, headers: request.headers, limits, reserve, stopping }),
            schemaVersion: readSchemaVersion(contract, request.headers['ecluse-schema']),
            makeId: readIdempotencyKey(request.headers['idempotency-key'], `${request.caller.id}/${dataset}`),
            traceparent: newTraceparent(),
            contentType: request.headers['content-type'] ?? '',
            onArrival: events => rate.take(request.caller.id, events),
          })
          const allRejected = answer.received > 0 && answer.rejected === answer.received
          return reply
            .code(allRejected ? 422 : 202)
            .type('application/json')
            .send(JSON.stringify(answer))
        } finally {
          leave()
        }
      },
    )
  })
}

function bodyLimits(config: Config): BodyLimits {
  return {
    bodyBytes: config.maxBodyBytes,
    events: config.maxEvents,
    lineBytes: config.maxEventBytes,
    depth: config.maxDepth,
    stringLength: config.maxStringLength,
    stallMs: config.stallMs,
    requestMs: config.requestMs,
    chunkEvents: config.chunkEvents,
  }
}

function makeCount({ telemetry }: GatewayDeps): IngestDeps['count'] {
  const events = telemetry.meter.createCounter('ecluse_gateway_events', { description: 'Events by outcome' })
  return (dataset, outcome, count) => events.add(count, { dataset, outcome })
}

/** @throws RequestRefused 422 for a version that is not registered */
function readSchemaVersion(contract: LiveContract, header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const version = schemaVersionOf(String(header), contract.dataset)
  if (contract.versions.has(version)) return version
  throw new RequestRefused({
    status: 422,
    slug: 'schema-version-unknown',
    detail: `The Ecluse-Schema header names no registered version of ${contract.dataset}.`,
    fix: nearestSchemaVersion(contract, version),
  })
}

/** @throws RequestRefused 400 for a key that is none */
function readIdempotencyKey(header: string | string[] | undefined, scope: string): (index: number) => string {
  if (header === undefined) return () => uuidV7()
  if (typeof header === 'string' && IDEMPOTENCY_KEY.test(header))
    return index => uuidV5(`${scope}/${header}/${index}`, IDEMPOTENCY_NAMESPACE)
  throw new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'The Idempotency-Key header is malformed.',
    fix: 'Send one key of 1 to 255 visible ASCII characters, such as a UUID.',
  })
}

/** W3C Trace Context, level 1: a fresh trace, sampled. Made of UUIDs, whose randomness Node draws in blocks. */
function newTraceparent(): string {
  const hex = `${randomUUID()}${randomUUID()}`.replaceAll('-', '')
  return `00-${hex.slice(0, 32)}-${hex.slice(32, 48)}-01`
}
