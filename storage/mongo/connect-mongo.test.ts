import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectMongo } from './connect-mongo.ts'

class Down extends Error {}
const port = { name: 'vault', variable: 'ECLUSE_VAULT', Unavailable: Down } as const

test('a wrong URL is told at the start, without the password that is in it', async () => {
  const wrong = [
    'http://h/d',
    'mongodb://u:hunter2@h:1:2/d',
    'mongodb://u:hunter2@h',
    'mongodb://u:hunter2@h/d?nonsense=1',
  ]
  for (const url of wrong)
    assert.throws(
      () => connectMongo({ url }, port),
      ({ message, cause }: Error) => /^(cannot|must) /.test(message) && !/hunter2/.test(message) && cause === undefined,
    )
  assert.throws(() => connectMongo({ url: 'mongodb://h:1' }, port), /must name a database/)
  assert.throws(() => connectMongo({ url: 'mongodb://h:1/d?nonsense=1' }, port), /nonsense/)
  assert.throws(() => connectMongo({ url: 'mongodb://h:1/d?tls=false', ca: 'x' }, port), /tls=false/)
})

test('a server is never left unverified, and TLS is said once', () => {
  for (const option of [
    'tlsInsecure=true',
    'TLSAllowInvalidCertificates=true',
    'tlsAllowInvalidHostnames=1',
    'sslValidate=false',
  ])
    for (const url of [`mongodb://h:1/d?tls=true&${option}`, `mongodb+srv://h/d?${option}`])
      assert.throws(() => connectMongo({ url }, port), /would accept any server/, url)
  for (const twice of ['tls=true&tls=false', 'tls=true&ssl=true', 'tls=true&TLS=false'])
    assert.throws(() => connectMongo({ url: `mongodb://h:1/d?${twice}` }, port), /tls twice/)
})

test('nothing is asked of the server before the first use, and a closed connection says so', async () => {
  const connection = connectMongo({ url: 'mongodb://127.0.0.1:1/d' }, port)
  await connection.close()
  await assert.rejects(
    connection.run(async () => 1),
    (error: Error) => error instanceof Down && /was closed/.test(error.message),
  )
})
