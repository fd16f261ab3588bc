// Problem details for HTTP APIs (RFC 9457): every error this gateway answers with. `detail` and `fix` are for the
// caller; what the operator needs goes to the log.

import type { Violation } from '../governance/contract/contract.ts'

export interface Problem {
  /** `urn:ecluse:problem:<slug>`; docs/errors.md has a section for each slug. */
  type: string
  title: string
  status: number
  detail: string
  fix: string
  /** `transactions/1-0-0`: the schema version an event was checked against. */
  schema?: string
  errors?: Violation[]
}

/** All kinds of problems: slug to title. */
export const problemTitles = {
  'event-rejected': 'The event breaks its contract',
  'body-empty': 'The body is empty',
  'body-not-json': 'The body is not JSON',
  'body-corrupt': 'The body cannot be decompressed',
  'body-too-large': 'The body is too large',
  'body-stalled': 'The body stopped arriving',
  'body-too-slow': 'The body arrives too slowly',
  'event-too-large': 'An event is too large',
  'too-many-events': 'Too many events in one request',
  'unsupported-content-type': 'This content type is not understood',
  'unsupported-encoding': 'This content encoding is not understood',
  'dataset-unknown': 'No such dataset',
  'schema-version-unknown': 'No such schema version',
  'request-invalid': 'The request is malformed',
  unauthenticated: 'No valid credential',
  forbidden: 'Not allowed',
  'not-found': 'Not found',
  conflict: 'Not in this state',
  'package-gone': 'The package is gone',
  'original-gone': 'The original can be read no more',
  'method-not-allowed': 'Method not allowed',
  'too-many-requests': 'Too many requests',
  overloaded: 'Too much at once',
  stopping: 'The gateway is stopping',
  unavailable: 'A store cannot be reached',
  internal: 'An error of ours',
} as const

export type ProblemSlug = keyof typeof problemTitles

/** Builds a problem. */
export function problem(
  slug: ProblemSlug,
  status: number,
  detail: string,
  fix: string,
  members: Pick<Problem, 'schema' | 'errors'> = {},
): Problem {
  return { type: `urn:ecluse:problem:${slug}`, title: problemTitles[slug], status, detail, fix, ...members }
}

/** The problem of one rejected event. */
export function rejectionProblem(schema: string, errors: Violation[]): Problem {
  const first = errors[0]!
  const detail = errors.length === 1 ? first.detail : `${errors.length} errors; the first: ${first.detail}`
  return problem('event-rejected', 422, detail, first.fix, { schema, errors })
}
