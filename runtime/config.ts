// The one place that reads the environment. A missing or malformed value stops the start with one message that names
// all of them.

import { readFileSync } from 'node:fs'
import { alertContradictions, plainWebhooks } from './alert-settings.ts'
import type { Setting } from './parse-setting.ts'
import { belongTogether } from './pem.ts'
import { settings } from './settings.ts'
import { isLoopback, isPlain } from './store-url.ts'

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
      config[name] = definition.parse(readVariable(environment, variable, definition) ?? definition.default)
    } catch (error) {
      problems.push(`${variable}: ${(error as Error).message}`)
    }
  }
  problems.push(...unknownVariables(environment))
  const result = config as Config
  if (problems.length === 0) problems.push(...contradictions(result), ...productionProblems(result, environment))
  if (problems.length > 0) throw new ConfigError(`the configuration is wrong:\n  ${problems.join('\n  ')}`)
  return result
}

/** Every setting as `[variable, effective value, meaning]`, secrets masked. */
export function describeConfig(config: Config): [variable: string, value: string, meaning: string][] {
  return Object.entries(settings).map(([name, definition]) => {
    const value = config[name as keyof Config]
    const isSet = value !== undefined && value !== ''
    const shown = 'secret' in definition || value === undefined ? (isSet ? '••••••' : '(not set)') : firstLine(value)
    return [variableName(name), shown, definition.meaning]
  })
}

function readVariable(
  environment: Record<string, string | undefined>,
  variable: string,
  definition: Setting<unknown>,
): string | undefined {
  const file = environment[`${variable}_FILE`]
  if (file === undefined) return environment[variable]
  if (environment[variable] !== undefined) throw new Error(`is given twice: unset it or ${variable}_FILE`)
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const problem = `${variable}_FILE names a file that cannot be read (${(error as NodeJS.ErrnoException).code})`
    // Who gives a secret where its path belongs must not find it in a log.
    throw new Error('secret' in definition ? problem : `${problem}: ${firstLine(file)}`)
  }
}

/** A misspelt bound would silently be its default. */
function unknownVariables(environment: Record<string, string | undefined>): string[] {
  const known = new Set(Object.keys(settings).flatMap(name => [variableName(name), `${variableName(name)}_FILE`]))
  return Object.keys(environment)
    .filter(variable => variable.startsWith('ECLUSE_') && !variable.startsWith('ECLUSE_TEST_') && !known.has(variable))
    .map(variable => `${variable}: there is no such setting; \`ecluse config\` lists them`)
}

/** A certificate is recognised by its first line. */
function firstLine(value: unknown): string {
  return String(value).split(/\r?\n/, 1)[0]!
}

/** What each setting allows and two of them together do not. */
function contradictions(config: Config): string[] {
  const problems: string[] = []
  if (config.vault !== 'sqlite:' && !config.kek)
    problems.push(
      'ECLUSE_KEK: must be set where the vault is a server, so that every process has the same; make one with `openssl rand -base64 32`',
    )
  if (config.vault !== 'sqlite:' && config.erasures === 'file:')
    problems.push(
      'ECLUSE_ERASURES: must be s3://… where the vault is a server, so that every process finds the same ledger of erasures',
    )
  if (config.kafkaMinInsyncReplicas > config.kafkaReplication)
    problems.push('ECLUSE_KAFKA_MIN_INSYNC_REPLICAS: must not be more than ECLUSE_KAFKA_REPLICATION')
  if (config.drainMs >= config.shutdownMs)
    problems.push('ECLUSE_DRAIN_MS: must be less than ECLUSE_SHUTDOWN_MS, which bounds the whole stop')
  if (config.maxRecordBytes < 2 * config.maxEventBytes)
    problems.push(
      'ECLUSE_MAX_RECORD_BYTES: must be at least twice ECLUSE_MAX_EVENT_BYTES, since protection adds to events',
    )
  problems.push(...jwtParts(config), ...alertContradictions(config))
  for (const port of ['eventLog', 'registry', 'vault', 'documents', 'tables'] as const)
    problems.push(...halves(port, config))
  return problems
}

/** Tokens are taken, or they are not. */
function jwtParts(config: Config): string[] {
  const parts = ['jwtIssuer', 'jwtAudience', 'jwtJwks'] as const
  const missing = parts.filter(name => config[name] === undefined)
  if (missing.length === parts.length) return []
  return missing.map(name => `${variableName(name)}: must be set too, for tokens to be taken`)
}

/** What is of use only together. */
function halves(port: 'eventLog' | 'registry' | 'vault' | 'documents' | 'tables', config: Config): string[] {
  const problems: string[] = []
  for (const [one, other] of [
    [`${port}Username`, `${port}Password`],
    [`${port}Cert`, `${port}Key`],
  ] as const) {
    if ((config[one] === undefined) === (config[other] === undefined)) continue
    const [missing, given] = config[one] === undefined ? [one, other] : [other, one]
    problems.push(`${variableName(missing)}: must be set too where ${variableName(given)} is`)
  }
  const [cert, key] = [config[`${port}Cert`], config[`${port}Key`]]
  if (cert && key && !belongTogether(cert, key))
    problems.push(`${variableName(`${port}Key`)}: is not the key of ${variableName(`${port}Cert`)}`)
  return problems
}

function productionProblems(config: Config, environment: Record<string, string | undefined>): string[] {
  if (config.mode === 'development') return []
  const problems: string[] = []
  if (!config.kek) problems.push('ECLUSE_KEK: must be set in production; make one with `openssl rand -base64 32`')
  if (!isLoopback(config.host))
    problems.push(
      'ECLUSE_HOST: plain HTTP beyond loopback is refused in production; put a TLS proxy in front of 127.0.0.1',
    )
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0')
    problems.push('NODE_TLS_REJECT_UNAUTHORIZED: must not be 0 in production, since it lets any server pass for ours')
  const cas = { ...config, erasuresCa: config.lakeCa }
  for (const port of ['eventLog', 'registry', 'vault', 'documents', 'tables', 'lake', 'erasures'] as const)
    if (isPlain(config[port], cas[`${port}Ca`]))
      problems.push(`${variableName(port)}: a server beyond loopback without TLS is refused in production`)
  return [...problems, ...plainWebhooks(config)]
}
