// The one place that reads the environment: every setting with its default, its bounds and its meaning, in one table.
// A missing or malformed value stops the start with one message that names all of them.

import { readFileSync } from 'node:fs'

type Parse<T> = (text: string) => T

interface Setting<T> {
  default: string
  parse: Parse<T>
  meaning: string
  secret?: true
}

const text: Parse<string> = value => value

const integer =
  (minimum: number, maximum: number): Parse<number> =>
  value => {
    const number = Number(value)
    if (!/^-?\d+$/.test(value) || number < minimum || number > maximum)
      throw new Error(`must be a whole number from ${minimum} to ${maximum}`)
    return number
  }

const oneOf =
  <const T extends string>(...choices: T[]): Parse<T> =>
  value => {
    if (!choices.includes(value as T)) throw new Error(`must be ${choices.join(' or ')}`)
    return value as T
  }

/** Only the embedded sides exist so far; a URL of a real server is refused by name, never half understood. */
const embedded =
  (scheme: 'sqlite:' | 'file:'): Parse<string> =>
  value => {
    if (value !== scheme) throw new Error(`only ${scheme} is built so far`)
    return value
  }

const kek: Parse<Buffer | undefined> = value => {
  if (value === '') return undefined
  const key = Buffer.from(value, 'base64')
  if (key.length !== 32 || key.toString('base64').replace(/=+$/, '') !== value.replace(/=+$/, ''))
    throw new Error('must be 32 bytes in base64, as `openssl rand -base64 32` prints them')
  return key
}

function setting<T>(defaultText: string, parse: Parse<T>, meaning: string): Setting<T> {
  return { default: defaultText, parse, meaning }
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
  eventLog: setting('sqlite:', embedded('sqlite:'), 'event log'),
  registry: setting('file:', embedded('file:'), 'schema registry'),
  vault: setting('sqlite:', embedded('sqlite:'), 'vault'),
  documents: setting('sqlite:', embedded('sqlite:'), 'documents'),
  tables: setting('sqlite:', embedded('sqlite:'), 'tables'),
  lake: setting('file:', embedded('file:'), 'lake'),
  kek: { ...setting('', kek, 'key-encryption key: 32 bytes in base64; made in development'), secret: true as const },
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
  maxOpenConnections: setting('4096', integer(1, 1_000_000), 'open HTTP connections'),
  shutdownMs: setting('15000', integer(100, 600_000), 'time given to requests at work when asked to stop, ms'),
  processorBatch: setting('500', integer(1, 10_000), 'records a processor handles at a time'),
  maintenanceIntervalMs: setting('60000', integer(100, 86_400_000), 'how often retention is enforced, ms'),
  domainOverlapMs: setting(
    String(30 * 86_400_000),
    integer(0, 400 * 86_400_000),
    'how long both keys of a rotated domain live, ms',
  ),
  url: setting('http://127.0.0.1:8080', text, 'gateway that client verbs talk to'),
  apiKey: {
    ...setting('', text, 'API key of client verbs; in development read from the data directory'),
    secret: true as const,
  },
} satisfies Record<string, Setting<unknown>>

export type Config = {
  [name in keyof typeof settings]: (typeof settings)[name] extends Setting<infer T> ? T : never
}

/** `maxBodyBytes` → `ECLUSE_MAX_BODY_BYTES`. */
export function variableName(name: string): string {
  return `ECLUSE_${name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`
}

/** The configuration is wrong; the message names every variable that is, and never a secret's value. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * Reads the configuration. Each variable `X` may be given as `X_FILE`, a path to a file that holds it.
 * @throws ConfigError naming all missing or malformed variables
 */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const problems: string[] = []
  const config: Record<string, unknown> = {}
  for (const [name, definition] of Object.entries(settings)) {
    const variable = variableName(name)
    try {
      config[name] = definition.parse(readVariable(environment, variable) ?? definition.default)
    } catch (error) {
      problems.push(`${variable}: ${(error as Error).message}`)
    }
  }
  problems.push(...unknownVariables(environment))
  const result = config as Config
  if (problems.length === 0) problems.push(...productionProblems(result))
  if (problems.length > 0) throw new ConfigError(`the configuration is wrong:\n  ${problems.join('\n  ')}`)
  return result
}

/** Every setting as `[variable, effective value, meaning]`, secrets masked. */
export function describeConfig(config: Config): [variable: string, value: string, meaning: string][] {
  return Object.entries(settings).map(([name, definition]) => {
    const value = config[name as keyof Config]
    const shown =
      'secret' in definition ? (value === undefined || value === '' ? '(not set)' : '••••••') : String(value)
    return [variableName(name), shown, definition.meaning]
  })
}

function readVariable(environment: Record<string, string | undefined>, variable: string): string | undefined {
  const file = environment[`${variable}_FILE`]
  if (file === undefined) return environment[variable]
  if (environment[variable] !== undefined) throw new Error(`is given twice: unset it or ${variable}_FILE`)
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new Error(`its file cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** A misspelt bound would silently be its default. */
function unknownVariables(environment: Record<string, string | undefined>): string[] {
  const known = new Set(Object.keys(settings).flatMap(name => [variableName(name), `${variableName(name)}_FILE`]))
  return Object.keys(environment)
    .filter(variable => variable.startsWith('ECLUSE_') && !variable.startsWith('ECLUSE_TEST_') && !known.has(variable))
    .map(variable => `${variable}: there is no such setting; \`ecluse config\` lists them`)
}

function productionProblems(config: Config): string[] {
  if (config.mode === 'development') return []
  const problems: string[] = []
  if (!config.kek) problems.push('ECLUSE_KEK: must be set in production; make one with `openssl rand -base64 32`')
  if (!isLoopback(config.host))
    problems.push(
      'ECLUSE_HOST: plain HTTP beyond loopback is refused in production; put a TLS proxy in front of 127.0.0.1',
    )
  return problems
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
