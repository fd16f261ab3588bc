import assert from 'node:assert/strict'
import { connect, createServer, type Server } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { engineAccess, otherCa } from '../../test/engines/environment.ts'
import { eventually } from '../../test/eventually.ts'
import type { ServerAccess } from '../server-access.ts'
import { connectMongo, type MongoConnection } from './connect-mongo.ts'

class Down extends Error {}
const access = engineAccess('vault')
const HOSTS = /(?<=^mongodb:\/\/)[^/]+/
const [host, port] = HOSTS.exec(access.url)![0].split(',')[0]!.split(':')

/** A server of its own for nothing but this connection: the driver must not look for the others. */
const at = (hosts: string): ServerAccess => ({
  ...access,
  url: `${access.url.replace(HOSTS, hosts).replace(/[?&]replicaSet=[^&]*/, '')}&directConnection=true`,
})

function connectionOf(t: TestContext, given: ServerAccess): MongoConnection {
  const connection = connectMongo(given, { name: 'vault', variable: 'ECLUSE_VAULT', Unavailable: Down })
  t.after(() => connection.close())
  return connection
}
const hello = (connection: MongoConnection) =>
  connection.run(db => db.command({ listIndexes: 'none' }).catch(ignoreMissing))
function ignoreMissing(error: { code?: number }): void {
  // NamespaceNotFound: the server knew us and looked.
  if (error.code !== 26) throw error
}

/** Passes every connection on to the real server while it is open. */
function forwarder(): Server {
  const server = createServer(near => {
    const far = connect(Number(port), host)
    near.pipe(far).pipe(near)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
  })
  return server
}
const listen = (server: Server, on: number) =>
  new Promise<number>(resolve =>
    server.listen(on, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )
const close = (server: Server) => new Promise(resolve => server.close(resolve))

async function freePort(): Promise<number> {
  const server = createServer()
  const found = await listen(server, 0)
  await close(server)
  return found
}

async function refusal(t: TestContext, given: ServerAccess): Promise<string> {
  const error: unknown = await hello(connectionOf(t, given)).then(
    () => assert.fail('the server answered'),
    error => error,
  )
  assert.ok(error instanceof Down && error.cause instanceof Error, String(error))
  for (const secret of [access.password, given.password])
    if (secret) assert.ok(!error.message.includes(secret), 'the message holds a secret')
  return error.message
}

// At once: most of them wait until the driver gives up looking for a server.
describe('a connection to MongoDB', { concurrency: true }, () => {
  test('a wrong password is told, with the variables to mend', async t => {
    const message = await refusal(t, { ...access, password: 'wrong-hunter2' })
    assert.match(message, /^the vault \(MongoDB at .*refuses user .*ECLUSE_VAULT_PASSWORD/)
  })

  test('no user at all is told', async t => {
    const { username: _, password: __, ...nobody } = access
    assert.match(await refusal(t, nobody), /ECLUSE_VAULT_USERNAME/)
  })

  test('a certificate of another authority is told', async t => {
    assert.match(await refusal(t, { ...access, ca: otherCa() }), /certificate.*ECLUSE_VAULT_CA/)
  })

  test('a certificate authority that is no PEM text is told', async t => {
    assert.match(await refusal(t, { ...access, ca: 'nonsense' }), /ECLUSE_VAULT_CA/)
  })

  test('a host where nothing listens is told by its address', async t => {
    const nowhere = `127.0.0.1:${await freePort()}`
    const message = await refusal(t, at(nowhere))
    assert.ok(message.includes(nowhere))
    assert.match(message, /nothing listens there: start the server, or mend ECLUSE_VAULT$/)
  })

  test('a connection opened while the server is down works once it is up, and again after it was cut', async t => {
    const free = await freePort()
    const connection = connectionOf(t, at(`127.0.0.1:${free}`))
    await assert.rejects(hello(connection), Down)
    for (let round = 0; round < 2; round++) {
      const server = forwarder()
      const open = new Set<{ destroy(): void }>()
      server.on('connection', socket => open.add(socket))
      await listen(server, free)
      await eventually('the server answers', () =>
        hello(connection).then(
          () => true,
          () => false,
        ),
      )
      const closed = close(server)
      for (const socket of open) socket.destroy()
      await closed
      await assert.rejects(hello(connection), Down)
    }
  })
})
