// The one place that reads the environment. A missing or malformed value stops the start with one message that names
// all of them.

import { readFileSync } from 'node:fs'
import { type Setting, settings } from './settings.ts'

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
  if (problems.length === 0) problems.push(...contradictions(result), ...productionProblems(result))
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

/** A certificate is recognised by its first line. */
function firstLine(value: unknown): string {
  return String(value).split('\n', 1)[0]!
}

/** What each setting allows and two of them together do not. */
function contradictions(config: Config): string[] {
  const problems: string[] = []
  if (config.vault !== 'sqlite:' && !config.kek)
    problems.push(
      'ECLUSE_KEK: must be set where the vault is a server, so that every process has the same; make one with `openssl rand -base64 32`',
    )
  if (config.kafkaMinInsyncReplicas > config.kafkaReplication)
    problems.push('ECLUSE_KAFKA_MIN_INSYNC_REPLICAS: must not be more than ECLUSE_KAFKA_REPLICATION')
  if (config.drainMs >= config.shutdownMs)
    problems.push('ECLUSE_DRAIN_MS: must be less than ECLUSE_SHUTDOWN_MS, which bounds the whole stop')
  if (config.maxRecordBytes < 2 * config.maxEventBytes)
    problems.push(
      'ECLUSE_MAX_RECORD_BYTES: must be at least twice ECLUSE_MAX_EVENT_BYTES, since protection adds to events',
    )
  return problems
}

function productionProblems(config: Config): string[] {
  if (config.mode === 'development') return []
  const problems: string[] = []
  if (!config.kek) problems.push('ECLUSE_KEK: must be set in production; make one with `openssl rand -base64 32`')
  if (!isLoopback(config.host))
    problems.push(
      'ECLUSE_HOST: plain HTTP beyond loopback is refused in production; put a TLS proxy in front of 127.0.0.1',
    )
  for (const port of ['eventLog', 'registry', 'vault', 'documents', 'tables', 'lake'] as const)
    if (isPlain(config[port], config[`${port}Ca`]))
      problems.push(`${variableName(port)}: a server beyond loopback without TLS is refused in production`)
  return problems
}

/** A server's URL that leads beyond loopback and says nothing of TLS. */
function isPlain(url: string, ca: string | undefined): boolean {
  const { scheme, authority, rest } =
    /^(?<scheme>[a-z0-9+]+):\/\/(?<authority>[^/?]*)(?<rest>.*)$/.exec(url)?.groups ?? {}
  if (!scheme || ca) return false
  if (scheme === 's3') {
    const endpoint = new URLSearchParams(rest!.split('?')[1]).get('endpoint')
    return endpoint !== null && isPlain(endpoint, ca)
  }
  if (scheme === 'https' || scheme === 'mongodb+srv' || /[?&](tls|ssl)=true(&|$)/.test(rest!)) return false
  return !authority!.split(',').every(host => isLoopback(host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')))
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
