// What docker-compose.yml and the Dockerfile promise, read from the files themselves: no Docker is needed to see that a
// service is hardened. compose-secrets.test.ts looks at secrets and settings.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { compose, dockerfile, ours, type Service, services } from './read-compose.ts'

const ROOT = join(import.meta.dirname, '..')
const SECRETS = '/run/secrets/'

/** Names of the services that break a rule and give no reason for it. */
function breaking(rule: (service: Service, name: string) => boolean | undefined, exception = ''): string[] {
  return services
    .filter(([name, service]) => !rule(service, name) && !isReason(service['x-reasons']?.[exception]))
    .map(([name]) => name)
}

const isReason = (text: string | undefined) => text !== undefined && text.split(' ').length > 2
const isJob = ({ restart }: Service) => restart === 'no'

test('the servers, two gateways and two processors are there, in the profile core', () => {
  const names = services.map(([name]) => name)
  for (const name of [
    'kafka-1',
    'kafka-2',
    'kafka-3',
    'registry',
    'mongo-1',
    'mongo-2',
    'mongo-3',
    'cassandra',
    'lake',
  ])
    assert.ok(names.includes(name), name)
  assert.deepEqual(
    ours.map(([name, { command }]) => [name, ...command!]),
    ['gateway-1 gateway', 'gateway-2 gateway', 'processors-1 processors', 'processors-2 processors'].map(each =>
      each.split(' '),
    ),
  )
  assert.deepEqual(
    breaking(({ profiles }) => profiles?.join() === 'core'),
    [],
  )
})

test('no service may do more than it has to', () => {
  assert.deepEqual(
    breaking(({ read_only }) => read_only, 'writable'),
    [],
  )
  assert.deepEqual(
    breaking(({ user }) => /^[1-9]\d*:\d+$/.test(user ?? ''), 'root'),
    [],
  )
  assert.deepEqual(
    breaking(({ cap_drop, privileged }) => cap_drop?.join() === 'ALL' && !privileged),
    [],
  )
  assert.deepEqual(
    breaking(({ cap_add = [] }) => cap_add.length === 0, 'root'),
    [],
  )
  assert.deepEqual(
    breaking(({ security_opt }) => security_opt?.includes('no-new-privileges:true')),
    [],
  )
})

test('no service may take all of the machine', () => {
  const isBounded = ({ deploy }: Service) =>
    (['cpus', 'memory', 'pids'] as const).every(what => deploy?.resources?.limits?.[what] !== undefined)
  assert.deepEqual(breaking(isBounded), [])
  assert.deepEqual(
    breaking(({ logging }) => Boolean(logging?.options?.['max-size'] && logging.options['max-file'])),
    [],
  )
  assert.deepEqual(
    breaking(({ restart }) => restart === 'no' || restart === 'unless-stopped'),
    [],
  )
})

test('every service says whether it is well, and who needs it waits for that', () => {
  const imageTells = /^HEALTHCHECK [\s\S]*?CMD \["node".*\/livez/m.test(dockerfile)
  const isWatched = ({ healthcheck, build, command }: Service) =>
    healthcheck?.test ? !healthcheck.disable : Boolean(imageTells && build && command && !healthcheck)
  assert.deepEqual(breaking(isWatched, 'healthcheck'), [])
  for (const [name, { depends_on = {} }] of services)
    for (const [needed, { condition }] of Object.entries(depends_on)) {
      const other = compose.services[needed]
      assert.ok(other, `${name} needs ${needed}`)
      const right = isJob(other)
        ? 'service_completed_successfully'
        : other.healthcheck?.disable
          ? 'service_started'
          : 'service_healthy'
      assert.equal(condition, right, `${name} waits for ${needed}`)
    }
  for (const [, { depends_on = {} }] of ours)
    for (const job of ['kafka-init', 'mongodb-init', 'cassandra-init', 'lake-init']) assert.ok(depends_on[job], job)
})

test('images have the tag of one version, the Dockerfile’s too', () => {
  const isPinned = (image: string) => /^[\w./-]+:v?\d+\.\d+\.\d+(-[\w.-]+)?$/.test(image)
  assert.deepEqual(
    breaking(({ image }) => isPinned(image)),
    [],
  )
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!)
  assert.ok(bases.length > 1)
  assert.deepEqual(
    bases.filter(image => !isPinned(image)),
    [],
  )
})

test('ports are published to this machine alone, and only that of the door', () => {
  const published = services.flatMap(([name, { ports = [] }]) => ports.map(port => [name, port]))
  assert.deepEqual(published, [['front', '127.0.0.1:8443:8443']])
  for (const [name, { networks = [], network_mode }] of services) {
    assert.notEqual(network_mode, 'host')
    const open = networks.filter(network => !compose.networks[network]?.internal)
    assert.deepEqual(open, name === 'front' ? ['outside'] : [], name)
  }
})

test('plain HTTP stays on the loopback that gateways and door share', () => {
  const door = readFileSync(join(ROOT, 'deploy/gateway/haproxy.cfg'), 'utf8')
  const servers = [...door.matchAll(/^ {2}server (\S+) 127\.0\.0\.1:(\d+)$/gm)].map(([, name, port]) => [name, port])
  const gateways = ours.filter(([, { command }]) => command!.join() === 'gateway')
  assert.deepEqual(
    gateways.map(([name, { environment }]) => [name, environment!.ECLUSE_PORT]),
    servers,
  )
  for (const [name, { network_mode }] of [...gateways, ['door', compose.services.door!] as const])
    assert.equal(network_mode, 'service:front', name)
  assert.match(door, /httpchk GET \/readyz/)
  assert.match(door, /^ {2}bind :8443 ssl /m)
})

test('secrets are files: none stands in an environment, a command or the Dockerfile', () => {
  const secret = /PASSWORD|SECRET|KEY|TOKEN|KEK|CREDENTIAL/i
  for (const [name, { environment = {}, command = [], entrypoint = [] }] of services) {
    for (const [variable, value] of Object.entries(environment))
      if (secret.test(variable)) assert.ok(String(value).startsWith(SECRETS), `${name}: ${variable}`)
    assert.doesNotMatch([...command, ...entrypoint].join(' '), secret, name)
  }
  assert.doesNotMatch(dockerfile, /^(ARG|ENV|COPY).*(PASSWORD|SECRET|KEK|TOKEN)/im)
})

test('the image holds what runs, and nothing gets into it by being forgotten', async () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths]) => paths!.split(' '))
  const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n')
  const kept = ignored.filter(line => line.startsWith('!')).map(line => line.slice(1))
  assert.ok(ignored.find(line => !line.startsWith('#')) === '*')
  assert.deepEqual([...new Set(copied)].sort(), kept.sort())
  const rooms = new Set<string>()
  const shipped = (await readdir(join(ROOT, 'cli'))).filter(file => !file.endsWith('.test.ts'))
  for (const file of shipped)
    for (const [, room] of readFileSync(join(ROOT, 'cli', file), 'utf8').matchAll(/'\.\.\/(\w+)\//g)) rooms.add(room!)
  // Dependencies come from a stage of their own.
  rooms.delete('node_modules')
  assert.deepEqual(
    [...rooms, 'cli', 'schemas', 'policies'].filter(room => !kept.includes(room)),
    [],
  )
  assert.match(dockerfile, /^USER [1-9]\d*:\d+$/m)
  assert.match(readFileSync(join(ROOT, '.gitignore'), 'utf8'), /^secrets\/$/m)
})
