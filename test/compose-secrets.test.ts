// The secrets and settings of docker-compose.yml: the script that it asks for is run, and what it makes is what the
// services are given and Écluse's configuration accepts.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type Config, readConfig, variableName } from '../runtime/config.ts'
import { settings } from '../runtime/settings.ts'
import { environmentWith } from './engines/environment.ts'
import { compose, filesOf, ours, type Service, secretsOf, services } from './read-compose.ts'

const ROOT = join(import.meta.dirname, '..')
const SECRETS = '/run/secrets/'

let made: string
before(async () => {
  made = await mkdtemp(join(tmpdir(), 'compose-secrets-'))
  await makeSecrets()
})
after(() => rm(made, { recursive: true }))

test('every secret that a service reads is given to it', () => {
  for (const [name, service] of services) {
    const given = secretsOf(service).map(({ target }) => target)
    const read = filesOf(service).flatMap(text => [
      ...[...text.matchAll(/\/run\/secrets\/([\w.-]*\w)(?![\w$-])/g)].map(([, secret]) => secret!),
      ...[...text.matchAll(/\bsecret\('([\w.-]+)'\)/g)].map(([, secret]) => secret!),
      ...[...text.matchAll(/\bpassword\('([\w-]+)'\)/g)].map(([, secret]) => `${secret}-password`),
    ])
    assert.ok(read.length > 0 || given.length === 0, `${name} reads none of its secrets`)
    assert.deepEqual(
      read.filter(secret => !given.includes(secret)),
      [],
      name,
    )
  }
})

test('every secret is made by deploy/make-secrets.sh, and used', async () => {
  const used = new Set(services.flatMap(([, service]) => secretsOf(service).map(({ source }) => source)))
  assert.deepEqual([...used].sort(), Object.keys(compose.secrets).sort())
  assert.ok(!used.has('ca.key'))
  for (const [name, { file }] of Object.entries(compose.secrets)) {
    assert.equal(file, `./secrets/${name}`)
    assert.ok((await stat(join(made, name))).size > 0, name)
  }
  assert.equal((await stat(made)).mode & 0o777, 0o700)
  assert.equal((await stat(join(made, 'ca.key'))).mode & 0o777, 0o400)
})

test('each server’s certificate is for its own name, and signed by the one authority', () => {
  const ca = new X509Certificate(secret('ca.pem'))
  const certificates = Object.keys(compose.secrets).filter(name => /\.(pem|crt)$/.test(name) && name !== 'ca.pem')
  assert.ok(certificates.length >= 12)
  for (const file of certificates) {
    const text = secret(file)
    const certificate = new X509Certificate(text.slice(text.indexOf('-----BEGIN CERTIFICATE')))
    const name = file.replace(/\.\w+$/, '')
    assert.ok(certificate.verify(ca.publicKey), file)
    assert.ok(certificate.checkHost(name), file)
    if (file.endsWith('.pem')) assert.ok(certificate.checkPrivateKey(createPrivateKey(text)), file)
  }
})

test('made again, passwords and keys stay; certificates too, unless they are to be renewed', async () => {
  const first = await contents()
  await makeSecrets()
  assert.deepEqual(await contents(), first)
  await makeSecrets('--renew')
  const renewed = await contents()
  const changed = Object.keys(first).filter(name => first[name] !== renewed[name])
  assert.ok(changed.includes('kafka-1.crt'))
  assert.deepEqual(
    changed.filter(name => !/\.(crt|key|pem)$/.test(name) || /^ca\./.test(name)),
    [],
  )
})

test('every setting exists, and Écluse starts in production with what its services are given', () => {
  const known = new Set(Object.keys(settings).flatMap(name => [variableName(name), `${variableName(name)}_FILE`]))
  for (const [name, { environment = {} }] of services)
    for (const variable of Object.keys(environment))
      if (variable.startsWith('ECLUSE_')) assert.ok(known.has(variable), `${name}: ${variable}`)
  for (const [name, service] of ours) {
    const config = configOf(service)
    assert.equal(config.mode, 'production', name)
    assert.ok(config.kek && config.vaultPassword && config.documentsPassword && config.tablesPassword, name)
    assert.equal(seconds(service.stop_grace_period!) * 1_000 > config.shutdownMs, true, name)
  }
})

test('gateways and processors have users of their own, with the rights of docs/permissions', () => {
  const users = ours.map(([, service]) => configOf(service).eventLogUsername)
  const granted = compose.services['kafka-init']!.environment!
  assert.deepEqual(users, [granted.GATEWAY, granted.GATEWAY, granted.PROCESSORS, granted.PROCESSORS])
  const { vaultUsername, documentsUsername, tablesUsername } = configOf(ours[0]![1])
  const rights = (file: string) => readFileSync(join(ROOT, 'docs/permissions', file), 'utf8')
  for (const user of [vaultUsername, documentsUsername]) assert.ok(rights('mongodb.js').includes(`'${user}'`))
  assert.ok(rights('cassandra.cql').includes(`TO ${tablesUsername};`))
  for (const job of ['kafka-init', 'mongodb-init', 'cassandra-init', 'lake-init'])
    assert.ok(compose.services[job]!.volumes!.includes('./docs/permissions:/permissions:ro'), job)
})

/** The configuration of a service, with the secrets that were made. */
function configOf({ environment = {} }: Service): Config {
  const entries = Object.entries(environment).map(([name, value]) => [name, String(value).replace(SECRETS, `${made}/`)])
  return readConfig(Object.fromEntries(entries))
}

function seconds(text: string): number {
  return Number(/^(\d+)s$/.exec(text)?.[1])
}

function makeSecrets(...args: string[]) {
  return promisify(execFile)('sh', [join(ROOT, 'deploy/make-secrets.sh'), ...args], {
    env: environmentWith({ SECRETS: made }),
  })
}

const secret = (name: string) => readFileSync(join(made, name), 'utf8')

async function contents(): Promise<Record<string, string>> {
  return Object.fromEntries((await readdir(made)).sort().map(name => [name, secret(name)]))
}
