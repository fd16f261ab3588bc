// Every setting with its default, its bounds and its meaning, in one table.

import { alertSettings } from './alert-settings.ts'
import { integer, nonEmpty, oneOf, optional, type Parse, type Setting, setting, store, text } from './parse-setting.ts'
import { readCertificates, readPrivateKey } from './pem.ts'
import { isLoopback, refuseSecrets } from './store-url.ts'

const kek: Parse<Buffer | undefined> = value => {
  if (value === '') return undefined
  const key = Buffer.from(value, 'base64')
  if (key.length !== 32 || key.toString('base64').replace(/=+$/, '') !== value.replace(/=+$/, ''))
    throw new Error('must be 32 bytes in base64, as `openssl rand -base64 32` prints them')
  return key
}

/** Asymmetric ones alone (RFC 8725, section 3.1): with HS* whoever can check a token can make one. */
const JWT_ALGORITHMS = [...['RS', 'PS', 'ES'].flatMap(kind => [256, 384, 512].map(bits => kind + bits)), 'EdDSA']

const jwtAlgorithms: Parse<string[]> = value => {
  const algorithms = value.split(',').map(name => name.trim())
  if (algorithms.every(name => JWT_ALGORITHMS.includes(name))) return algorithms
  throw new Error(`must be names from ${JWT_ALGORITHMS.join(', ')}, with commas between`)
}

/** Keys that came over plain HTTP could be anybody's. */
const jwks: Parse<string | undefined> = value => {
  if (value === '' || !/^\w+:\/\//.test(value)) return optional(value)
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return refuseSecrets(value)
  throw new Error('must be an https URL (http on loopback alone), or the path of a file')
}

/** What a server wants to know of us, beside its URL. */
type Access<P extends string> = Record<
  `${P}${'Username' | 'Password' | 'Ca' | 'Cert' | 'Key'}`,
  Setting<string | undefined>
>

function access<const P extends string>(port: P, server: string): Access<P> {
  const secret = true as const
  return {
    [`${port}Username`]: setting('', optional, `user of ${server}`),
    [`${port}Password`]: { ...setting('', optional, `password of ${server}`), secret },
    [`${port}Ca`]: setting('', readCertificates, `certificate authority of ${server}, PEM; given, TLS is on`),
    [`${port}Cert`]: setting('', readCertificates, `our certificate for ${server}, PEM`),
    [`${port}Key`]: { ...setting('', readPrivateKey, `key of our certificate for ${server}, PEM`), secret },
  } as Access<P>
}

const MiB = 1_048_576

/** Setting name (camelCase of the variable without ECLUSE_) to its definition. */
export const settings = {
  mode: setting(
    'development',
    oneOf('development', 'production'),
    'production refuses generated secrets and plain HTTP beyond loopback',
  ),
  host: setting('127.0.0.1', text, 'address to listen on'),
  port: setting('8080', integer(0, 65_535), 'port to listen on; 0 picks a free one'),
  dataDir: setting('./data', text, 'everything embedded rests here, mode 0700'),
  schemasDir: setting('./schemas', text, 'schemas, watched'),
  policiesDir: setting('./policies', text, 'policies, watched'),
  eventLog: setting('sqlite:', store('sqlite:', 'kafka'), 'event log: embedded, or Kafka'),
  ...access('eventLog', 'Kafka'),
  kafkaPartitions: setting('6', integer(1, 1_000), 'partitions of a topic that is made'),
  kafkaReplication: setting('3', integer(1, 9), 'replicas of a topic that is made'),
  kafkaMinInsyncReplicas: setting('2', integer(1, 9), 'replicas that must have a record before it counts as appended'),
  kafkaSessionMs: setting(
    '30000',
    integer(1_000, 1_800_000),
    'a consumer that is silent so long is taken for dead, ms',
  ),
  appendQueueBytes: setting(
    String(64 * MiB),
    integer(MiB, 16_384 * MiB),
    'records that may wait for Kafka or be on their way, bytes; more are answered 503',
  ),
  appendMs: setting('20000', integer(100, 600_000), 'an append Kafka does not answer for so long is answered 503, ms'),
  maxRecordBytes: setting(
    String(4 * MiB),
    integer(1_024, 512 * MiB),
    'one event after protection, bytes; a larger one is rejected',
  ),
  registry: setting('file:', store('file:', 'http', 'https'), 'schema registry: embedded, or Confluent-compatible'),
  ...access('registry', 'the registry'),
  vault: setting('sqlite:', store('sqlite:', 'mongodb', 'mongodb+srv'), 'vault: embedded, or MongoDB'),
  ...access('vault', 'the vault’s MongoDB'),
  documents: setting('sqlite:', store('sqlite:', 'mongodb', 'mongodb+srv'), 'documents: embedded, or MongoDB'),
  ...access('documents', 'the documents’ MongoDB'),
  tables: setting('sqlite:', store('sqlite:', 'cassandra'), 'tables: embedded, or Cassandra'),
  ...access('tables', 'Cassandra'),
  lake: setting('file:', store('file:', 's3'), 'lake: embedded, or S3 with the usual AWS variables'),
  lakeCa: setting('', readCertificates, 'certificate authority of S3, PEM'),
  erasures: setting(
    'file:',
    store('file:', 's3'),
    'ledger of erasures: embedded, or S3; never restored from a backup together with the rest',
  ),
  kek: { ...setting('', kek, 'key-encryption key: 32 bytes in base64; made in development'), secret: true as const },
  kekNext: {
    ...setting('', kek, 'key-encryption key that takes its place: set in every process while it is changed'),
    secret: true as const,
  },
  epochDays: setting(
    '30',
    integer(1, 366),
    'days after which persons’ keys are sealed anew; copies of those destroyed since die then',
  ),
  logFormat: setting('text', oneOf('text', 'json'), 'form of the process’s own log'),
  logLevel: setting('info', oneOf('debug', 'info', 'warn', 'error'), 'least severe level that is logged'),
  watchIntervalMs: setting('500', integer(50, 60_000), 'how often schemas and policies are looked at for edits, ms'),
  leaseMs: setting(
    '5000',
    integer(100, 60_000),
    'how long a vault look-up may be used, ms; kept in the vault once it is made',
  ),
  cachedPersons: setting(
    '50000',
    integer(100, 5_000_000),
    'persons remembered at once, at most; each is forgotten a minute after its last event',
  ),
  maxBodyBytes: setting(
    String(64 * MiB),
    integer(1_024, 1_024 * MiB),
    'request body, compressed and decompressed, bytes',
  ),
  maxEvents: setting('100000', integer(1, 1_000_000), 'events in one request'),
  maxEventBytes: setting(String(MiB), integer(256, 64 * MiB), 'one event, bytes; an NDJSON line too'),
  maxDepth: setting('32', integer(2, 512), 'levels of nesting in one event'),
  maxStringLength: setting('262144', integer(1, 16 * MiB), 'one string, UTF-16 units'),
  maxViolations: setting('20', integer(1, 1_000), 'errors reported for one rejected event'),
  chunkEvents: setting('500', integer(1, 10_000), 'events governed and appended at a time'),
  stallMs: setting('10000', integer(50, 600_000), 'a body that sends no byte for this long is refused, ms'),
  requestMs: setting(
    '300000',
    integer(50, 86_400_000),
    'a body that we have waited for this long in all is refused, ms',
  ),
  maxConcurrentRequests: setting('256', integer(1, 65_536), 'ingest requests at work at once; more are answered 503'),
  maxInflightBytes: setting(
    String(256 * MiB),
    integer(MiB, 16_384 * MiB),
    'request bodies in memory at once, bytes; more are answered 503',
  ),
  maxRequestsPerSecond: setting(
    '5000',
    integer(1, 1_000_000),
    'requests of one API key a second; more are answered 429',
  ),
  maxEventsPerSecond: setting('50000', integer(1, 10_000_000), 'events of one API key a second; more are answered 429'),
  maxAuthFailuresPerSecond: setting(
    '20',
    integer(1, 1_000_000),
    'failed authentications from one address a second; more are answered 429',
  ),
  jwtIssuer: setting('', optional, 'issuer (`iss`) of the tokens that are taken; none are where it is not set'),
  jwtAudience: setting('', optional, 'audience (`aud`) a token must be meant for'),
  jwtJwks: setting(
    '',
    jwks,
    'key set (JWKS) of the issuer: an https URL (http on loopback alone), or the path of a file',
  ),
  jwtAlgorithms: setting('RS256,PS256,ES256,EdDSA', jwtAlgorithms, 'algorithms a token may be signed by'),
  jwtClockSkewMs: setting('30000', integer(0, 300_000), 'how far the issuer’s clock may be from ours, ms'),
  jwtRolesClaim: setting('roles', nonEmpty, 'claim that holds the caller’s roles'),
  jwtDatasetsClaim: setting('datasets', nonEmpty, 'claim that holds the datasets a token covers; without it, none'),
  sessionMs: setting(
    '28800000',
    integer(1_000, 604_800_000),
    'how long a session of the pages lasts, ms; no longer than the API key or token it began with',
  ),
  maxOpenConnections: setting('4096', integer(1, 1_000_000), 'open HTTP connections'),
  drainMs: setting(
    '0',
    integer(0, 600_000),
    'how long to go on serving after being asked to stop, while /readyz says 503, ms: for a load balancer to notice',
  ),
  trustProxy: setting(
    'none',
    oneOf('none', 'loopback'),
    'whose X-Forwarded-For is believed: nobody’s, or that of a proxy on loopback',
  ),
  shutdownMs: setting('15000', integer(100, 600_000), 'time given to requests at work when asked to stop, ms'),
  processorBatch: setting('500', integer(1, 10_000), 'records a processor handles at a time'),
  aggregateGroups: setting(
    '500',
    integer(1, 5_000),
    'groups of one window, in one partition of the log, that are counted apart; the others are counted together',
  ),
  aggregateRows: setting('50000', integer(100, 1_000_000), 'rows of aggregates kept in memory between batches'),
  lakeFlushRows: setting('50000', integer(1, 200_000), 'events that may wait before a file is written to the lake'),
  lakeFlushBytes: setting(
    String(32 * MiB),
    integer(1_024, 256 * MiB),
    'bytes of such events, as they stand in the log',
  ),
  lakeFlushMs: setting('60000', integer(50, 3_600_000), 'how long an event may wait for the lake, ms'),
  maintenanceIntervalMs: setting(
    '60000',
    integer(100, 86_400_000),
    'how often retention is enforced, ms; the same in all processors',
  ),
  requestClaimMs: setting(
    '30000',
    integer(1_000, 600_000),
    'how long a process that says nothing of a request it works on is waited for, ms',
  ),
  requestIntervalMs: setting('500', integer(50, 60_000), 'how often processors look for persons’ requests, ms'),
  concurrentRequests: setting('32', integer(1, 1_000), 'persons’ requests that one process works on at once'),
  reidentificationMs: setting(
    '3600000',
    integer(100, 86_400_000),
    'how long an approved re-identification request may be used, ms',
  ),
  requestDays: setting(
    '1825',
    integer(1, 36_500),
    'how long a finished request is kept, with its certificate and without personal data, days',
  ),
  maxExportEvents: setting(
    '100000',
    integer(1, 10_000_000),
    'records of one person in one export; a request for more fails, and says so',
  ),
  packageDays: setting('14', integer(1, 365), 'how long the package of an export can be fetched, days'),
  auditHeadMs: setting('60000', integer(100, 86_400_000), 'how often the audit’s tree is signed, where it grew, ms'),
  auditDays: setting('3650', integer(1, 36_500), 'how long an entry of the audit can be read, days; its hash stays'),
  policyApproval: setting(
    '',
    value => (value === '' ? undefined : oneOf('required', 'none')(value)),
    'whether an edit that weakens protection waits for a second person: none in development, required in production, unless set',
  ),
  tellSuppressed: setting(
    'suppressed',
    oneOf('suppressed', 'accepted'),
    'what a producer is answered for an event that is suppressed',
  ),
  domainOverlapMs: setting(
    String(30 * 86_400_000),
    integer(0, 400 * 86_400_000),
    'how long both keys of a rotated domain live, ms',
  ),
  ...alertSettings,
  url: setting('http://127.0.0.1:8080', refuseSecrets, 'gateway that client verbs talk to'),
  apiKey: {
    ...setting('', text, 'API key of client verbs; in development read from the data directory'),
    secret: true as const,
  },
} satisfies Record<string, Setting<unknown>>
