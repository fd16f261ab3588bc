// The S3 client and the place in a bucket that `ECLUSE_LAKE` names: bounds, TLS, checksums. Every request goes through
// here, and one that fails says what to do.

import { S3Client } from '@aws-sdk/client-s3'
import { reach } from '../reach.ts'
import { parseServerUrl, type ServerAccess, tlsOptions } from '../server-access.ts'
import { LakeUnavailable } from './lake.ts'
import { explainS3 } from './s3-explain.ts'
import { limitRequests } from './s3-limit.ts'

const FORM = 's3://bucket/prefix?endpoint=https://host:port&region=name&pathStyle=true'
const URL_FORM = { scheme: 's3', defaultPort: 443, options: ['endpoint', 'region', 'pathStyle'] }
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const PREFIX = /^([A-Za-z0-9=._-]+\/)*$/
/** With the longest path of the lake a key stays below the 1,024 bytes that S3 allows. */
const MAX_PREFIX_LENGTH = 100

/** One request with all its attempts. */
const DEFAULT_TIMEOUT_MS = 60_000
const ATTEMPTS = 3
const CONNECT_MS = 5_000
const MAX_REQUESTS = 16
const MAX_WAITING = 1_000
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** `username` and `password` are an access key and its secret; without them the usual AWS variables and files count. */
export type S3Access = ServerAccess & { timeoutMs?: number | undefined }

export interface Bucket {
  name: string
  /** Empty, or ends in a slash: what every key begins with. */
  keyPrefix: string
  /** For messages: `lake: S3 bucket a at https://host`. */
  where: string
  /** Options for the AWS command line. */
  commandOptions: string
  /**
   * Runs one request, bounded in time and number.
   * @param action the right it needs, `s3:GetObject`
   * @throws LakeUnavailable whose `cause` is the SDK's error; `refusalOf` names it
   */
  request<T>(action: string, work: (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T>
  close(): void
}

/**
 * Reads the URL; the network is left alone.
 * @throws Error that says what is wrong with the URL or the settings beside it
 */
export function openBucket(access: S3Access): Bucket {
  const { name, keyPrefix, endpoint, region, pathStyle } = readS3Url(access)
  const { username, password, timeoutMs = DEFAULT_TIMEOUT_MS } = access
  const attemptMs = Math.ceil(timeoutMs / ATTEMPTS)
  const client = new S3Client({
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(username && password && { credentials: { accessKeyId: username, secretAccessKey: password } }),
    forcePathStyle: pathStyle,
    maxAttempts: ATTEMPTS,
    // A request that waits for `100 Continue` is sent past our own agent by the SDK, and so past our own authority.
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    logger: SILENT,
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_MS, attemptMs),
      requestTimeout: attemptMs,
      throwOnRequestTimeout: true,
      socketTimeout: attemptMs,
      httpsAgent: { ...tlsOptions(access, undefined), maxSockets: MAX_REQUESTS },
      httpAgent: { maxSockets: MAX_REQUESTS },
      logger: SILENT,
    },
  })
  const limited = limitRequests(MAX_REQUESTS, MAX_WAITING)
  const where = `lake: S3 bucket ${name} at ${endpoint ?? (region === undefined ? 'AWS' : `AWS ${region}`)}`
  const commandOptions = endpoint === undefined ? '' : ` --endpoint-url ${endpoint}`
  return {
    name,
    keyPrefix,
    where,
    commandOptions,
    request: (action, work) =>
      reach(
        LakeUnavailable,
        () => limited(() => work(client, { abortSignal: AbortSignal.timeout(timeoutMs) })),
        explainS3({ bucket: name, keyPrefix, where, commandOptions }, action),
      ),
    close: () => client.destroy(),
  }
}

function readS3Url(access: S3Access) {
  const { hosts, path, options } = parseServerUrl(access.url, URL_FORM)
  const name = hosts[0]!.host
  if (hosts.length > 1 || hosts[0]!.port !== URL_FORM.defaultPort || !BUCKET.test(name))
    throw new Error(`must be ${FORM}: a bucket’s name has small letters, digits, dots and hyphens`)
  const keyPrefix = path.replace(/\/?$/, '/').replace(/^\/$/, '')
  if (!PREFIX.test(keyPrefix) || keyPrefix.length > MAX_PREFIX_LENGTH || /(^|\/)\.\.?\//.test(keyPrefix))
    throw new Error(`must be ${FORM}: a prefix has A-Z a-z 0-9 = . _ - and /, ${MAX_PREFIX_LENGTH} characters at most`)
  const { endpoint, pathStyle } = options
  if (pathStyle !== undefined && pathStyle !== 'true' && pathStyle !== 'false')
    throw new Error('pathStyle must be true or false')
  if (endpoint !== undefined && !isOrigin(endpoint)) throw new Error('endpoint must be https://host:port')
  if (endpoint?.startsWith('http:') && (access.ca || access.cert))
    throw new Error('has an endpoint without TLS, and yet a certificate is given')
  if (Boolean(access.username) !== Boolean(access.password)) throw new Error('needs both an access key and its secret')
  return {
    name,
    keyPrefix,
    endpoint,
    // Servers other than AWS mostly have no regions, and yet their requests are signed for one.
    region: options.region ?? (endpoint === undefined ? undefined : 'us-east-1'),
    pathStyle: pathStyle === undefined ? endpoint !== undefined : pathStyle === 'true',
  }
}

function isOrigin(text: string): boolean {
  return /^https?:\/\/[^/?#@]+\/?$/.test(text) && URL.canParse(text)
}
