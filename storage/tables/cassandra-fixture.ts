// What the tests of Cassandra's side stand on: a keyspace of their own, made as an administrator would, in which Écluse
// has the rights that docs/install.md names and no more. For tests only.

import { randomUUID } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import { type Client, errors } from 'cassandra-driver'
import { adminAccess, engineAccess } from '../../test/engines/environment.ts'
import { eventually } from '../../test/eventually.ts'
import type { ServerAccess } from '../server-access.ts'
import { cassandraClient, cassandraPlace } from './cassandra-client.ts'

/** All that Écluse needs. */
export const RIGHTS = ['SELECT', 'MODIFY', 'CREATE', 'ALTER']

export interface TemporaryKeyspace {
  keyspace: string
  /** The server as Écluse may use it, with this keyspace. */
  access: ServerAccess
  /** One who may do everything. */
  admin: Client
  /** Drops the keyspace. */
  drop(): Promise<void>
}

/** @param replication copies of each row */
export async function temporaryKeyspace(replication = 1): Promise<TemporaryKeyspace> {
  const keyspace = freshKeyspaceName()
  const access = withKeyspace(engineAccess('tables'), keyspace)
  const admin = adminClient()
  const { dataCentre } = cassandraPlace(access).place
  await done(
    admin,
    `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${dataCentre}': ${replication}}`,
  )
  for (const right of RIGHTS) await done(admin, `GRANT ${right} ON KEYSPACE ${keyspace} TO "${access.username}"`)
  return {
    keyspace,
    access,
    admin,
    drop: async () => {
      // An open client would keep the tests' process.
      await done(admin, `DROP KEYSPACE IF EXISTS ${keyspace}`).finally(() => admin.shutdown())
    },
  }
}

/** Says it until it is done: on a busy machine, what changes a schema may outlast the client's patience. */
const done = (admin: Client, cql: string) =>
  eventually(`Cassandra has done ${cql}`, () =>
    admin.execute(cql).then(
      () => true,
      error => {
        if (error instanceof errors.ResponseError) throw error
        return false
      },
    ),
  )

/** A client of one who may do everything. */
export function adminClient(): Client {
  const access = adminAccess('tables')
  return cassandraClient(access, cassandraPlace(access)).client
}

export const freshKeyspaceName = () => `suite_${randomUUID().replaceAll('-', '')}`

/** The same servers with another keyspace in the URL, and other options beside those that stand there. */
export function withKeyspace(
  access: ServerAccess,
  keyspace: string,
  options: Record<string, string> = {},
): ServerAccess {
  const [, servers, query] = /^cassandra:\/\/([^/?]+)[^?]*(?:\?(.*))?$/.exec(access.url)!
  const all = new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(query)), ...options })
  return { ...access, url: `cassandra://${servers}/${keyspace}?${all}` }
}

/** The same with the first server behind another address. */
export function withServer(access: ServerAccess, server: string): ServerAccess {
  return { ...access, url: access.url.replace(/\/\/[^/?]+/, `//${server}`) }
}

/** A way to the first server that can be cut and opened again, on one port. */
export interface Way {
  server: string
  open(): Promise<void>
  cut(): Promise<void>
}

export async function wayTo(access: ServerAccess): Promise<Way> {
  const target = cassandraPlace(access).server.hosts[0]!
  const sockets = new Set<Socket>()
  const listener = createServer(near => {
    const far = connect(target.port, target.host)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {}).on('close', () => other.destroy())
      one.pipe(other)
    }
  })
  const listen = (port: number) => new Promise<void>(resolve => listener.listen(port, '127.0.0.1', resolve))
  const cut = () =>
    new Promise<void>(resolve => {
      listener.close(() => resolve())
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    })
  await listen(0)
  const { port } = listener.address() as { port: number }
  await cut()
  return { server: `127.0.0.1:${port}`, open: () => listen(port), cut }
}
