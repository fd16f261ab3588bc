import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { openConfluentRegistry } from './confluent.ts'
import { RegistryUnavailable } from './registry.ts'

const PASSWORD = 'secret-0815'

interface Stub {
  url: string
  requests: string[]
  stop(): Promise<void>
}

/** A registry that answers as a test needs it: a status and a body for `METHOD /path`; 404 to anything else. */
async function stub(t: TestContext, answers: Record<string, [number, unknown]>): Promise<Stub> {
  const requests: string[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const asked = `${request.method} ${request.url}`
    requests.push(asked)
    const [status, body] = answers[asked] ?? [404, { error_code: 404, message: 'not here' }]
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    request.resume()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const stop = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  t.after(stop)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, stop }
}

async function openFor(t: TestContext, url: string) {
  const registry = await openConfluentRegistry({ url, username: 'ecluse', password: PASSWORD })
  t.after(() => registry.close())
  return registry
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail('it worked'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof RegistryUnavailable && error.cause instanceof Error, inspect(error))
  const everything = inspect(error, { depth: 12, showHidden: true })
  for (const secret of [PASSWORD, btoa(`ecluse:${PASSWORD}`)]) assert.ok(!everything.includes(secret))
  return error.message
}

const FOUND: [number, unknown] = [200, { id: 7, version: 1, subject: 'one' }]

test('a refused user, a missing right, a wrong path and a refused schema are told apart', async t => {
  for (const [status, explanation] of [
    [401, /refuses user ecluse or the password: mend ECLUSE_REGISTRY_USERNAME/],
    [403, /user ecluse lacks a right/],
    [422, /does not take this schema/],
  ] as const) {
    const { url } = await stub(t, { 'POST /subjects/one': [status, { message: 'no' }] })
    const message = await failureOf((await openFor(t, url)).register('one', { type: 'object' }))
    assert.ok(message.startsWith(`registry: ${url}: `) && explanation.test(message), message)
  }
  const { url } = await stub(t, {})
  const lost = await openFor(t, url)
  assert.match(await failureOf(lost.register('one', {})), /no schema registry at this path: mend ECLUSE_REGISTRY/)
  assert.match(await failureOf(lost.ping()), /no schema registry at this path/)
})

test('a server’s own rule that refuses a schema is named, and is not changed', async t => {
  const { url, requests } = await stub(t, {
    'GET /config/one': [200, { compatibilityLevel: 'FULL' }],
    'POST /subjects/one/versions': [409, { message: 'incompatible' }],
  })
  assert.match(await failureOf((await openFor(t, url)).register('one', {})), /its own compatibility rule refuses/)
  assert.ok(!requests.some(asked => asked.startsWith('PUT')))
})

test('a server that fails for another reason than its check keeps its rule', async t => {
  const { url, requests } = await stub(t, {
    'POST /subjects/one/versions': [500, { message: 'no' }],
    'POST /compatibility/subjects/one/versions/latest': [200, { is_compatible: true }],
  })
  assert.match(await failureOf((await openFor(t, url)).register('one', {})), /failed with HTTP status 500/)
  assert.ok(!requests.some(asked => asked.startsWith('PUT')))
})

test('what is known is not asked again, and an outage stops only what is not known', async t => {
  const server = await stub(t, { 'POST /subjects/one': FOUND })
  const registry = await openFor(t, server.url)
  const ids = [
    await registry.register('one', { type: 'object', title: 'a' }),
    await registry.register('one', { title: 'a', type: 'object' }),
  ]
  assert.deepEqual(ids, [7, 7])
  assert.deepEqual(server.requests, ['POST /subjects/one'])
  await server.stop()
  assert.equal(await registry.register('one', { type: 'object', title: 'a' }), 7)
  assert.deepEqual(await registry.schemaById(7), { type: 'object', title: 'a' })
  assert.match(await failureOf(registry.register('one', { title: 'b' })), /nothing listens there.*ECLUSE_REGISTRY/)
  assert.match(await failureOf(registry.versions('one')), /nothing listens there/)
  assert.match(await failureOf(registry.ping()), /nothing listens there/)
})

test('one who may only read can work with what another registered', async t => {
  const { url } = await stub(t, {
    'POST /subjects/one': FOUND,
    'POST /subjects/one/versions': [403, { message: 'no' }],
  })
  assert.equal(await (await openFor(t, url)).register('one', {}), 7)
})

test('a schema that does not compile or is no JSON, and a URL that is none, are the caller’s mistake', async t => {
  const { url } = await stub(t, {})
  const registry = await openFor(t, url)
  await assert.rejects(registry.register('one', { type: 'nothing' }), TypeError)
  await assert.rejects(registry.register('one', { minimum: Number.NaN }), TypeError)
  for (const wrong of ['kafka://hidden-host', 'http://u:p@hidden-host', 'hidden-host', 'http://hidden-host/?a=b'])
    await assert.rejects(
      openConfluentRegistry({ url: wrong }),
      (error: Error) => !error.message.includes('hidden-host'),
    )
  await assert.rejects(openConfluentRegistry({ url: 'http://hidden-host', ca: 'x' }), /certificate/)
})
