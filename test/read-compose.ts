// Reads docker-compose.yml and the Dockerfile, for the tests of what they promise.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const ROOT = join(import.meta.dirname, '..')

export interface Service {
  image: string
  build?: string
  profiles?: string[]
  user?: string
  entrypoint?: string[]
  command?: string[]
  read_only?: boolean
  privileged?: boolean
  cap_drop?: string[]
  cap_add?: string[]
  security_opt?: string[]
  init?: boolean
  restart?: string
  stop_grace_period?: string
  network_mode?: string
  networks?: string[]
  ports?: string[]
  environment?: Record<string, unknown>
  secrets?: (string | { source: string; target: string })[]
  volumes?: string[]
  healthcheck?: { disable?: boolean; test?: string[] }
  depends_on?: Record<string, { condition: string }>
  logging?: { options?: Record<string, string> }
  deploy?: { resources?: { limits?: Record<'cpus' | 'memory' | 'pids', unknown> } }
  /** Why the service is an exception to a rule. */
  'x-reasons'?: Record<string, string>
}

export const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), {
  merge: true,
  maxAliasCount: -1,
}) as {
  services: Record<string, Service>
  secrets: Record<string, { file: string }>
  networks: Record<string, { internal?: boolean }>
  volumes: Record<string, unknown>
}
export const services = Object.entries(compose.services)
export const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
/** Gateways and processors. */
export const ours = services.filter(([, { build, command }]) => build && command)

/** With the names of the files under which a service finds them. */
export const secretsOf = ({ secrets = [] }: Service) =>
  secrets.map(each => (typeof each === 'string' ? { source: each, target: each } : each))

/** The environment, the commands, and the files of deploy/ that they name, and that those name. */
export function filesOf(service: Service): string[] {
  const texts = [JSON.stringify([service.environment, service.entrypoint, service.command])]
  const mounted = (service.volumes ?? []).map(volume => volume.split(':')[0]!).filter(path => /\.\w+$/.test(path))
  const seen = new Set(mounted.map(path => path.replace('./', '')))
  for (const file of seen) texts.push(readFileSync(join(ROOT, file), 'utf8'))
  for (const text of texts)
    for (const [, file] of text.matchAll(/\/(deploy\/[\w./-]+\w)/g)) {
      if (seen.has(file!)) continue
      seen.add(file!)
      texts.push(readFileSync(join(ROOT, file!), 'utf8'))
    }
  return texts
}
