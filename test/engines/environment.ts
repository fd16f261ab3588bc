// What the engine tests are told by the environment: the servers to use, and where what they are made of is kept. The
// only file of the tests' machinery that reads it.

import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ServerAccess } from '../../storage/server-access.ts'

export const PORTS = ['event-log', 'registry', 'vault', 'documents', 'tables', 'lake'] as const
export type Port = (typeof PORTS)[number]

/** Others than Écluse's own: who may do everything, who may log in and no more, and an authority that signed nothing. */
export const ADMIN = 'ADMIN_'
export const NOBODY = 'NOBODY_'
/** With the rights of one of our parts alone. */
export const GATEWAY = 'GATEWAY_'
export const PROCESSORS = 'PROCESSORS_'
export const OTHER_CA = 'ECLUSE_OTHER_CA'

const SUFFIXES = ['username', 'password', 'ca', 'cert', 'key'] as const
/** Settings that a server asks for, beside the six URLs and what stands beside each of them. */
const BESIDE_PORTS = ['ECLUSE_KAFKA_REPLICATION', 'ECLUSE_KAFKA_MIN_INSYNC_REPLICAS', 'ECLUSE_ERASURES']
/** What the AWS SDK reads by itself. */
const AWS_VARIABLES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION']

/** `event-log` → `ECLUSE_EVENT_LOG`; for `ADMIN`, `ECLUSE_ADMIN_EVENT_LOG`. */
export function variableOf(port: Port, whose = ''): string {
  return `ECLUSE_${whose}${port.replace('-', '_').toUpperCase()}`
}

/** `ECLUSE_EVENT_LOG` → `ECLUSE_TEST_EVENT_LOG`; a name that is not Écluse's stays. */
export function testVariable(name: string): string {
  return name.replace(/^ECLUSE_/, 'ECLUSE_TEST_')
}

/** Whether the environment names a server for the port. */
export function isGiven(port: Port): boolean {
  return Boolean(process.env[testVariable(variableOf(port))])
}

/**
 * The real server of a port, as Écluse may use it.
 * @throws Error when no variable names one
 */
export function engineAccess(port: Port): ServerAccess {
  const name = testVariable(variableOf(port))
  const url = process.env[name]
  if (!url) throw new Error(`${name} names no server: run engine tests with npm run test:engines, which starts one`)
  const values = SUFFIXES.map(suffix => [suffix, process.env[`${name}_${suffix.toUpperCase()}`]] as const)
  return { url, ...Object.fromEntries(values.filter(([, value]) => value)) }
}

/** The same server as one who may do everything: to prepare and to look. @throws Error when none was named */
export function adminAccess(port: Port): ServerAccess {
  return { ...engineAccess(port), ...userOf(port, ADMIN) }
}

/** The same server as one who may log in and nothing else. @throws Error when none was named */
export function nobodyAccess(port: Port): ServerAccess {
  return { ...engineAccess(port), ...userOf(port, NOBODY) }
}

/** The same server with the rights that one part of Écluse is given. @throws Error when none was named */
export function partAccess(port: Port, part: typeof GATEWAY | typeof PROCESSORS): ServerAccess {
  return { ...engineAccess(port), ...userOf(port, part) }
}

function userOf(port: Port, whose: string) {
  const name = testVariable(variableOf(port, whose))
  const [username, password] = [process.env[`${name}_USERNAME`], process.env[`${name}_PASSWORD`]]
  if (!username || !password) throw new Error(`${name}_USERNAME and ${name}_PASSWORD must name another user`)
  return { username, password }
}

/** A certificate authority that signed none of the servers' certificates. @throws Error when there is none */
export function otherCa(): string {
  const ca = process.env[testVariable(OTHER_CA)]
  if (!ca) throw new Error(`${testVariable(OTHER_CA)} must hold a certificate authority, PEM`)
  return ca
}

/** The folder in which a server that was started here keeps its data; undefined for one that was given. */
export function engineDataDir(port: Port): string | undefined {
  return process.env[testVariable(dataDirVariable(port))] || undefined
}

export function dataDirVariable(port: Port): string {
  return `${variableOf(port, ADMIN)}_DATA_DIR`
}

/** All servers as Écluse's own variables, and AWS's, for an Écluse that is spawned against them. */
export function engineSettings(): Record<string, string> {
  const forPorts = PORTS.flatMap(port => {
    const name = variableOf(port)
    return [name, ...SUFFIXES.map(suffix => `${name}_${suffix.toUpperCase()}`)]
  })
  const names = [...forPorts, ...BESIDE_PORTS, ...AWS_VARIABLES]
  const found = names.map(name => [name, process.env[testVariable(name)]] as const)
  return Object.fromEntries(found.filter((each): each is [string, string] => Boolean(each[1])))
}

/** Where jars, packages and binaries are kept between runs. */
export function enginesCache(): string {
  return process.env.ECLUSE_TEST_ENGINES_CACHE || join(homedir(), '.cache', 'ecluse-engines')
}

/** The whole environment with more variables, for a process that is spawned. */
export function environmentWith(more: Record<string, string>): Record<string, string> {
  return { ...(process.env as Record<string, string>), ...more }
}
