// How the users of the tests' Kafka reach it.

import type { ServerAccess } from '../../storage/server-access.ts'
import type { Certificates } from './certificates.ts'
import { ADMIN, GATEWAY, NOBODY, OTHER_CA, PROCESSORS, variableOf } from './environment.ts'

/** `ecluse` has the rights of both parts, for tests that run both as one user. */
export const USERS = ['admin', 'ecluse', 'ecluse-gateway', 'ecluse-processors', 'nobody'] as const
export type Passwords = Record<(typeof USERS)[number], string>

export interface KafkaAccess {
  certificates: Certificates
  passwords: Passwords
  /** One for each broker. */
  ports: { client: number }[]
}

/** The cluster as this user. */
export function accessOf({ ports, certificates, passwords }: KafkaAccess, username: keyof Passwords): ServerAccess {
  return {
    url: `kafka://${ports.map(({ client }) => `127.0.0.1:${client}`).join(',')}?tls=true`,
    username,
    password: passwords[username],
    ca: certificates.ca,
    cert: certificates.client.cert,
    key: certificates.client.key,
  }
}

/** Écluse's variables, and those of the tests' other users. */
export function settingsOf(place: KafkaAccess): Record<string, string> {
  const { url, username, password, ca, cert, key } = accessOf(place, 'ecluse')
  const variable = variableOf('event-log')
  const replicas = place.ports.length
  return {
    [variable]: url,
    [`${variable}_USERNAME`]: username!,
    [`${variable}_PASSWORD`]: password!,
    [`${variable}_CA`]: ca!,
    [`${variable}_CERT`]: cert!,
    [`${variable}_KEY`]: key!,
    ECLUSE_KAFKA_REPLICATION: String(replicas),
    ECLUSE_KAFKA_MIN_INSYNC_REPLICAS: String(Math.min(2, replicas)),
    ...otherUser(place, ADMIN, 'admin'),
    ...otherUser(place, NOBODY, 'nobody'),
    ...otherUser(place, GATEWAY, 'ecluse-gateway'),
    ...otherUser(place, PROCESSORS, 'ecluse-processors'),
    [OTHER_CA]: place.certificates.otherCa,
  }
}

function otherUser({ passwords }: KafkaAccess, whose: string, name: keyof Passwords): Record<string, string> {
  const variable = variableOf('event-log', whose)
  return { [`${variable}_USERNAME`]: name, [`${variable}_PASSWORD`]: passwords[name] }
}
