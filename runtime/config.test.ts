import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { ConfigError, describeConfig, readConfig, variableName } from './config.ts'
import { settings } from './settings.ts'

const KEK = Buffer.alloc(32, 7).toString('base64')

/** Some authority. */
const CA = rootCertificates[0]!

/** The lines of the message that refuses this environment, each about one variable. */
function problemsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(environment)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message.split('\n').slice(1)
  }
  return []
}

test('nothing has to be set in development', () => {
  const config = readConfig({})
  assert.equal(config.mode, 'development')
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 8_080)
  assert.equal(config.kek, undefined)
})

test('each variable may be given by itself or as the path of a file that holds it', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'config-'))
  t.after(() => rm(dir, { recursive: true }))
  const given: Record<string, string> = {
    mode: 'production',
    kek: KEK,
    logFormat: 'json',
    logLevel: 'debug',
    dataDir: '/d',
    apiKey: 'k',
  }
  for (const [name, definition] of Object.entries(settings)) {
    const { default: byDefault } = definition
    const isSecret = 'secret' in definition
    const value = given[name] ?? byDefault
    const variable = variableName(name)
    const path = join(dir, name)
    await writeFile(path, `${value}\n`)
    const environment = { ECLUSE_KEK: KEK, [variable]: value }
    const direct = readConfig(environment)
    const { [variable]: _, ...others } = environment
    assert.deepEqual(readConfig({ ...others, [`${variable}_FILE`]: path }), direct, variable)
    assert.deepEqual(problemsOf({ ...environment, [`${variable}_FILE`]: path }), [
      `  ${variable}: is given twice: unset it or ${variable}_FILE`,
    ])
    const nothing = join(dir, 'nothing')
    const shown = isSecret ? '' : `: ${nothing}`
    assert.deepEqual(problemsOf({ ...others, [`${variable}_FILE`]: nothing }), [
      `  ${variable}: ${variable}_FILE names a file that cannot be read (ENOENT)${shown}`,
    ])
  }
})

test('one message names everything that is wrong, and repeats no value', () => {
  const secret = 'c2VjcmV0'
  const problems = problemsOf({
    ECLUSE_PORT: '65536',
    ECLUSE_MAX_EVENTS: '1e3',
    ECLUSE_LEASE_MS: '',
    ECLUSE_MODE: 'prod',
    ECLUSE_EVENT_LOG: 'kafka://user:hunter2@host:9092',
    ECLUSE_KEK: secret,
    ECLUSE_MAX_BODY_BITES: '1',
    ECLUSE_TEST_SAMPLES: 'is for tests',
    PATH: 'is not ours',
  })
  assert.deepEqual(
    problems.map(line => line.trim().split(':')[0]).sort(),
    ['EVENT_LOG', 'KEK', 'LEASE_MS', 'MAX_BODY_BITES', 'MAX_EVENTS', 'MODE', 'PORT'].map(name => `ECLUSE_${name}`),
  )
  const text = problems.join('\n')
  for (const value of [secret, 'hunter2', '65536']) assert.ok(!text.includes(value))
  assert.match(text, /ECLUSE_PORT: must be a whole number from 0 to 65535/)
  assert.match(text, /ECLUSE_MAX_BODY_BITES: there is no such setting; `ecluse config` lists them/)
})

test('every default is within its own bounds, and every variable is written in capitals', () => {
  for (const [name, { default: byDefault, parse, meaning }] of Object.entries(settings)) {
    parse(byDefault)
    assert.match(variableName(name), /^ECLUSE_[A-Z][A-Z_]*$/)
    assert.ok(meaning.length > 0)
  }
})

test('a key-encryption key is 32 bytes in base64, with or without padding', () => {
  assert.deepEqual(readConfig({ ECLUSE_KEK: KEK }).kek, Buffer.alloc(32, 7))
  assert.deepEqual(readConfig({ ECLUSE_KEK: KEK.replace('=', '') }).kek, Buffer.alloc(32, 7))
  for (const wrong of [`${KEK}A`, Buffer.alloc(31).toString('base64'), 'x'.repeat(43), ' ', `${KEK.slice(0, -2)}*=`]) {
    assert.equal(problemsOf({ ECLUSE_KEK: wrong }).length, 1)
  }
})

test('secrets are masked where the effective values are shown', () => {
  const shown = describeConfig(readConfig({ ECLUSE_KEK: KEK, ECLUSE_API_KEY: 'eck_secret', ECLUSE_PORT: '1' }))
  assert.ok(!JSON.stringify(shown).includes(KEK) && !JSON.stringify(shown).includes('eck_secret'))
  const values = Object.fromEntries(shown.map(([variable, value]) => [variable, value]))
  assert.deepEqual([values.ECLUSE_KEK, values.ECLUSE_API_KEY, values.ECLUSE_PORT], ['••••••', '••••••', '1'])
  const unset = Object.fromEntries(describeConfig(readConfig({})).map(([variable, value]) => [variable, value]))
  assert.deepEqual([unset.ECLUSE_KEK, unset.ECLUSE_API_KEY], ['(not set)', '(not set)'])
  assert.equal(shown.length, Object.keys(settings).length)
})

test('production refuses a generated key and plain HTTP beyond loopback', () => {
  const production = { ECLUSE_MODE: 'production', ECLUSE_KEK: KEK }
  const namesOf = (environment: Record<string, string>) =>
    problemsOf(environment).map(line => line.trim().split(':')[0])
  assert.deepEqual(namesOf({ ECLUSE_MODE: 'production', ECLUSE_HOST: '0.0.0.0' }), ['ECLUSE_KEK', 'ECLUSE_HOST'])
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
    assert.deepEqual(namesOf({ ...production, ECLUSE_HOST: host }), [])
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'localhost.example.com', ''])
    assert.deepEqual(namesOf({ ...production, ECLUSE_HOST: host }), ['ECLUSE_HOST'])
  assert.deepEqual(problemsOf({ ECLUSE_HOST: '0.0.0.0' }), [])
})

test('what two settings allow only apart is refused', () => {
  const namesOf = (environment: Record<string, string>) =>
    problemsOf(environment).map(line => line.trim().split(':')[0])
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  for (const port of ['EVENT_LOG', 'REGISTRY', 'VAULT', 'DOCUMENTS', 'TABLES']) {
    const variable = `ECLUSE_${port}`
    assert.deepEqual(namesOf({ [`${variable}_USERNAME`]: 'u' }), [`${variable}_PASSWORD`])
    assert.deepEqual(namesOf({ [`${variable}_PASSWORD`]: 'p' }), [`${variable}_USERNAME`])
    assert.deepEqual(namesOf({ [`${variable}_CERT`]: CA }), [`${variable}_KEY`])
    assert.deepEqual(namesOf({ [`${variable}_KEY`]: key }), [`${variable}_CERT`])
    assert.deepEqual(problemsOf({ [`${variable}_CERT`]: CA, [`${variable}_KEY`]: key }), [
      `  ${variable}_KEY: is not the key of ${variable}_CERT`,
    ])
  }
  const vault = { ECLUSE_VAULT: 'mongodb://127.0.0.1/v' }
  assert.deepEqual(namesOf({ ...vault, ECLUSE_ERASURES: 's3://b' }), ['ECLUSE_KEK'])
  assert.deepEqual(namesOf({ ...vault, ECLUSE_KEK: KEK }), ['ECLUSE_ERASURES'])
  assert.deepEqual(namesOf({ ...vault, ECLUSE_KEK: KEK, ECLUSE_ERASURES: 's3://b' }), [])
  assert.deepEqual(namesOf({ ECLUSE_KAFKA_REPLICATION: '1' }), ['ECLUSE_KAFKA_MIN_INSYNC_REPLICAS'])
  assert.deepEqual(namesOf({ ECLUSE_MAX_EVENT_BYTES: '3000000' }), ['ECLUSE_MAX_RECORD_BYTES'])
})

const PRODUCTION = { ECLUSE_MODE: 'production', ECLUSE_KEK: KEK, ECLUSE_ERASURES: 's3://b' }

test('production refuses servers beyond loopback without TLS, however their URL is written', () => {
  const namesOf = (environment: Record<string, string>) =>
    problemsOf({ ...PRODUCTION, ...environment }).map(line => line.trim().split(':')[0])
  for (const [variable, plain, safe] of [
    ['ECLUSE_EVENT_LOG', 'kafka://127.0.0.1:1,kafka.example:9092', 'kafka://kafka.example:9092?tls=true'],
    ['ECLUSE_REGISTRY', 'http://registry.example', 'https://registry.example'],
    ['ECLUSE_VAULT', 'mongodb://m.example/v?tls=false', 'mongodb://m.example/v?authSource=admin&tls=true'],
    ['ECLUSE_TABLES', 'cassandra://c.example/k?dc=d', 'cassandra://127.0.0.1/k?dc=d'],
    ['ECLUSE_LAKE', 's3://b/p?endpoint=http://s3.example', 's3://b/p?endpoint=https://s3.example'],
    ['ECLUSE_ERASURES', 's3://b/p?endpoint=http://s3.example', 's3://b/p?endpoint=https://s3.example'],
  ] as const) {
    assert.deepEqual(namesOf({ [variable]: plain }), [variable])
    assert.deepEqual(namesOf({ [variable]: safe }), [])
    if (variable !== 'ECLUSE_REGISTRY' && variable !== 'ECLUSE_ERASURES')
      assert.deepEqual(namesOf({ [variable]: plain, [`${variable}_CA`]: CA }), [])
  }
})

test('production refuses whatever lets another server pass for ours', () => {
  const namesOf = (environment: Record<string, string>) =>
    problemsOf({ ...PRODUCTION, ...environment }).map(line => line.trim().split(':')[0])
  assert.deepEqual(namesOf({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }), ['NODE_TLS_REJECT_UNAUTHORIZED'])
  assert.deepEqual(problemsOf({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }), [])
  for (const [variable, url] of [
    ['ECLUSE_VAULT', 'mongodb+srv://m.example/v?tls=false'],
    ['ECLUSE_VAULT', 'mongodb://m.example/v?TLS=false&tls=true'],
    ['ECLUSE_EVENT_LOG', 'kafka://k.example?tls=true&tls=false'],
    ['ECLUSE_EVENT_LOG', 'kafka://k.example/&tls=true'],
    ['ECLUSE_TABLES', 'cassandra://c.example/k?dc=d&tls=false&tls=true'],
    ['ECLUSE_REGISTRY', 'http://r.example?tls=true'],
    ['ECLUSE_LAKE', 's3://b?endpoint=https://a.example&endpoint=HTTP://s.example'],
  ] as const)
    assert.deepEqual(namesOf({ [variable]: url }), [variable], url)
  assert.deepEqual(namesOf({ ECLUSE_VAULT: 'mongodb+srv://m.example/v?authSource=admin' }), [])
})

test('a URL with anything secret in it is refused, and nothing of it is repeated', () => {
  for (const [variable, url] of [
    ['ECLUSE_EVENT_LOG', 'kafka://user:p/sEcret@broker'],
    ['ECLUSE_LAKE', 's3://AKIA:abc/sEcret@bucket/p'],
    ['ECLUSE_LAKE', 's3://b?endpoint=https://k:sEcret@h'],
    ['ECLUSE_LAKE', 's3://b?endpoint=https%3A%2F%2Fk%3AsEcret%40h'],
    ['ECLUSE_VAULT', 'mongodb://u:p/sEcret@h/db'],
    ['ECLUSE_VAULT', 'mongodb://h/db?tlsCertificateKeyFilePassword=sEcret'],
    ['ECLUSE_VAULT', 'mongodb://h/db?authMechanismProperties=A:b,AWS_SESSION_TOKEN:sEcret'],
    ['ECLUSE_VAULT', 'mongodb://h/db#sEcret'],
    ['ECLUSE_DOCUMENTS', 'mongodb://h/db\n?sEcret'],
    ['ECLUSE_TABLES', 'cassandra://h?Password=sEcret'],
    ['ECLUSE_REGISTRY', 'https://r.example/x?access_token=sEcret'],
    ['ECLUSE_URL', 'https://u:sEcret@h'],
    ['ECLUSE_URL', 'https://h?apiKey=sEcret'],
  ] as const) {
    const problems = problemsOf({ ECLUSE_KEK: KEK, ECLUSE_ERASURES: 's3://b', [variable]: url })
    assert.equal(problems.length, 1, url)
    assert.match(problems[0]!, new RegExp(`^ {2}${variable}: `))
    assert.doesNotMatch(problems[0]!, /sEcret/)
  }
})

test('what is no PEM text is refused, and a path is told where it belongs', () => {
  const damaged = CA.replace(/\n\w{8}/, '\nAAAAAAAA')
  for (const name of ['EVENT_LOG_CA', 'EVENT_LOG_CERT', 'EVENT_LOG_KEY', 'LAKE_CA'])
    for (const wrong of ['/run/secrets/ca.pem', damaged, '-----BEGIN CERTIFICATE-----', CA.slice(0, 99)])
      assert.match(problemsOf({ [`ECLUSE_${name}`]: wrong }).join(), /PEM text.*add _FILE to the variable/)
  const several = `# ours\n${CA}\n${rootCertificates[1]}`
  assert.equal(readConfig({ ECLUSE_VAULT_CA: several }).vaultCa, several)
})

test('a certificate is shown by its first line, and a password not at all', () => {
  const shown = describeConfig(
    readConfig({
      ECLUSE_TABLES_CA: CA.replaceAll('\n', '\r\n'),
      ECLUSE_TABLES_USERNAME: 'u',
      ECLUSE_TABLES_PASSWORD: 'hunter2',
    }),
  )
  const values = Object.fromEntries(shown.map(([variable, value]) => [variable, value]))
  assert.deepEqual([values.ECLUSE_TABLES_CA, values.ECLUSE_TABLES_PASSWORD], ['-----BEGIN CERTIFICATE-----', '••••••'])
  assert.deepEqual([values.ECLUSE_VAULT_CA, values.ECLUSE_VAULT_PASSWORD], ['(not set)', '(not set)'])
})
