// What a failure of S3 means and what to do about it, from the SDK's errors. Never a secret, never a stored value.

import { explainNetwork } from '../explain-network.ts'

const VARIABLE = 'ECLUSE_LAKE'
const KEY_VARIABLES = 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'

export interface S3Context {
  bucket: string
  keyPrefix: string
  where: string
  commandOptions: string
}

/** By the code that the server or the SDK gives. */
const EXPLANATIONS: Record<string, string> = {
  InvalidAccessKeyId: `does not know the access key: mend ${KEY_VARIABLES}`,
  SignatureDoesNotMatch: `refuses the secret of the access key: mend ${KEY_VARIABLES}`,
  ExpiredToken: 'refuses a session token that has expired: renew it',
  InvalidToken: 'refuses the session token: renew it, or unset AWS_SESSION_TOKEN',
  CredentialsProviderError: `needs credentials: set ${KEY_VARIABLES}, or give this machine a profile or a role`,
  RequestTimeTooSkewed: 'finds our clock wrong: set both clocks',
  PermanentRedirect: `is in another region: mend region= in ${VARIABLE}`,
  AuthorizationHeaderMalformed: `is in another region: mend region= in ${VARIABLE}`,
  IllegalLocationConstraintException: `is in another region: mend region= in ${VARIABLE}`,
  NotImplemented: 'does not know this operation: the lake needs conditional writes (If-None-Match, If-Match)',
  SlowDown: 'asks us to slow down: look at its load and its quotas',
  TooManyRequests: 'answers too slowly: so many requests wait that no more are taken',
  TimeoutError: 'does not answer in time: look at its log and its load',
  AbortError: 'does not answer in time: look at its log and its load',
  ConditionalRequestConflict: 'had several writers of one file at once, again and again: try later',
}

/** One sentence, beginning with the port and the bucket. @param action the right that the request needs */
export function explainS3(context: S3Context, action: string) {
  return (error: unknown): string => {
    const { where } = context
    const code = codeOf(error)
    if (code === 'AccessDenied' || isStatus(error, 403, code)) return `${where} ${missingRight(context, action)}`
    if (code === 'NoSuchBucket')
      return `${where} does not exist: make it with aws s3api create-bucket --bucket ${context.bucket}${context.commandOptions}, or mend ${VARIABLE}`
    // What Node says of a connection is nearer to the cause than the SDK's time-out.
    const network = explainNetwork(error, VARIABLE)
    if (network) return `${where}: ${network}`
    if (code !== undefined && Object.hasOwn(EXPLANATIONS, code)) return `${where} ${EXPLANATIONS[code]}`
    if (error instanceof Error && error.message === 'Region is missing')
      return `${where} needs a region: add region= to ${VARIABLE}, or set AWS_REGION`
    const status = statusOf(error)
    return `${where} cannot be read or written${status === undefined ? '' : ` (HTTP ${status})`}: look at its log`
  }
}

function missingRight({ bucket, keyPrefix }: S3Context, action: string): string {
  const ofObjects = /Object$|^s3:AbortMultipartUpload$/.test(action)
  const resource = `arn:aws:s3:::${bucket}${ofObjects ? `/${keyPrefix}*` : ''}`
  return `refuses the right ${action}: allow it on ${resource} in the user’s policy, as docs/permissions/s3-policy.json does, with aws iam put-user-policy --user-name USER --policy-name ecluse --policy-document file://s3-policy.json`
}

/** `PreconditionFailed`, `NoSuchKey` …, of an error that a request was rejected with. */
export function refusalOf(error: unknown): string | undefined {
  return error instanceof Error ? codeOf(error.cause) : undefined
}

/** The answer to a HEAD has no body, so no code: the SDK tells 404 as `NotFound` and gives the rest a name of its own. */
function codeOf(error: unknown): string | undefined {
  const name = error instanceof Error ? error.name : undefined
  if (isStatus(error, 412, name)) return 'PreconditionFailed'
  return name === 'NotFound' ? 'NoSuchKey' : name
}

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode

const isStatus = (error: unknown, status: number, name: string | undefined) =>
  statusOf(error) === status && (name === undefined || !Object.hasOwn(EXPLANATIONS, name))
