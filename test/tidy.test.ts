// The code base's own manners, read from its source files: floors, owners of dependencies, names, sizes.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { problemTitles } from '../gateway/problem.ts'

const ROOT = join(import.meta.dirname, '..')
const MAX_LINES = 300

/** What each floor may import from, beside itself. */
const FLOORS: Record<string, string[]> = {
  dashboard: [],
  cli: ['gateway', 'processors', 'sources', 'governance', 'storage', 'runtime'],
  gateway: ['governance', 'storage', 'runtime'],
  processors: ['governance', 'storage', 'runtime'],
  sources: ['governance', 'storage', 'runtime'],
  governance: ['storage', 'runtime'],
  storage: ['runtime'],
  runtime: [],
}
const ROOMS = [...Object.keys(FLOORS), 'test', 'bench']

/** Where each dependency may be imported: paths begin with one of these. Everything installed is listed. */
const OWNERS: Record<string, string[]> = {
  '@aws-sdk/client-s3': ['storage/lake/'],
  '@datadog/sketches-js': ['governance/measures/quantile.ts'],
  '@fastify/rate-limit': ['gateway/'],
  '@fastify/swagger': ['gateway/'],
  '@fastify/swagger-ui': ['gateway/'],
  '@fastify/type-provider-typebox': ['gateway/'],
  '@kafkajs/confluent-schema-registry': ['storage/registry/'],
  '@opentelemetry/api': ['runtime/telemetry.ts'],
  '@opentelemetry/exporter-prometheus': ['runtime/telemetry.ts'],
  '@opentelemetry/sdk-metrics': ['runtime/telemetry.ts'],
  '@preact/signals': ['dashboard/'],
  // The registry's library compiles what it registers, and must be given a compiler that knows draft 2020-12.
  ajv: ['gateway/compile-shapes.ts', 'governance/contract/', 'storage/registry/'],
  'ajv-formats': ['governance/contract/'],
  canonicalize: ['governance/audit/', 'governance/contract/', 'governance/protection/', 'storage/registry/'],
  casbin: ['governance/access/'],
  'cassandra-driver': ['storage/tables/'],
  'fast-json-stringify': ['gateway/compile-shapes.ts'],
  'fastest-levenshtein': ['governance/contract/'],
  fastify: ['gateway/'],
  fflate: ['governance/audit/exact-zip.ts'],
  htm: ['dashboard/'],
  hyparquet: ['processors/lake/'],
  'hyparquet-writer': ['processors/lake/'],
  'ipaddr.js': ['governance/protection/generalise.ts'],
  jose: ['gateway/authenticate-jwt.ts'],
  kafkajs: ['storage/event-log/'],
  'lossless-json': ['governance/ingestion/'],
  'lru-cache': [
    'governance/subjects/window-keys.ts',
    'gateway/authenticate.ts',
    'gateway/event-rate.ts',
    'gateway/sessions.ts',
    'gateway/slow-guessing.ts',
    'governance/contract/find-contract.ts',
    'governance/subjects/people.ts',
  ],
  mongodb: ['storage/documents/', 'storage/vault/', 'storage/mongo/'],
  nodemailer: ['processors/alerts/send-mail.ts'],
  pino: ['runtime/logger.ts'],
  'pino-pretty': ['runtime/logger.ts'],
  preact: ['dashboard/'],
  re2js: ['governance/contract/'],
  typebox: ['gateway/', 'governance/'],
  uplot: ['dashboard/'],
  uuid: ['gateway/', 'governance/audit/', 'processors/windows/note-days.ts'],
  yaml: ['governance/contract/'],
}
/** Node's own modules that belong to one room. */
const NODE_OWNERS: Record<string, string[]> = {
  'node:sqlite': ['storage/'],
  'node:http': ['gateway/'],
  'node:https': ['storage/'],
  'node:http2': [],
}

interface Import {
  from: string
  /** A path from the root if it is relative, else the name of a package. */
  to: string
  relative: boolean
  typeOnly: boolean
}

interface Source {
  path: string
  text: string
  imports: Import[]
}

const sources = await readSources()
const byPath = new Map(sources.map(source => [source.path, source]))
/** What package.json's scripts start, beside what a running process can reach. */
const startedByHand = ['test/engines/run.ts', 'test/faults/run.ts']
/** What a running process can reach. The rest serves tests. */
const shipped = new Set([...reachable('cli/main.ts'), ...reachable('dashboard/app.js')])
/** Beside unit tests: those that need real servers, those that break them, and those that need a browser. */
const isTest = (path: string) => /\.(engine-|fault-|browser-)?test\.ts$/.test(path)
const isShipped = ({ path }: Source) => shipped.has(path)

async function readSources(): Promise<Source[]> {
  const found: Source[] = []
  for (const room of ROOMS) {
    const entries = existsSync(join(ROOT, room)) ? await readdir(join(ROOT, room), { recursive: true }) : []
    for (const name of entries.filter(entry => entry.endsWith(room === 'dashboard' ? '.js' : '.ts'))) {
      const path = join(room, name)
      const text = readFileSync(join(ROOT, path), 'utf8')
      found.push({ path, text, imports: importsOf(path, text) })
    }
  }
  return found
}

function importsOf(path: string, text: string): Import[] {
  const statements = [
    ...text.matchAll(/^(?:import|export) (type )?(?:[^'";]*? from )?'([^']+)'/gm),
    ...text.matchAll(/\bimport(\()'([^']+)'\)/g),
  ]
  return statements.map(([, kind, specifier]) => ({
    from: path,
    to: specifier!.startsWith('.') ? join(dirname(path), specifier!) : packageOf(specifier!),
    relative: specifier!.startsWith('.'),
    typeOnly: kind === 'type ',
  }))
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier.split('/')[0]!
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function reachable(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen
  seen.add(entry)
  for (const { to } of byPath.get(entry)?.imports ?? []) if (byPath.has(to)) reachable(to, seen)
  return seen
}

const roomOf = (path: string) => path.split('/')[0]!
const isRelative = ({ relative }: Import) => relative
const sentence = ({ from, to }: Import) => `${from} imports ${to}`

/** Shipped imports of packages, whose path begins with no owner's. */
function trespassers(owners: Record<string, string[]>): string[] {
  const imports = sources.filter(isShipped).flatMap(source => source.imports)
  return imports
    .filter(({ from, to }) => to in owners && !owners[to]!.some(owner => from.startsWith(owner)))
    .filter(({ to, typeOnly }) => !(to === '@opentelemetry/api' && typeOnly))
    .map(sentence)
}

test('the files are read and their imports understood', () => {
  assert.ok(shipped.size > 60 && shipped.has('gateway/ingest.ts') && shipped.has('processors/pipeline.ts'))
  const dangling = sources.flatMap(({ imports }) =>
    imports.filter(each => isRelative(each) && !existsSync(join(ROOT, each.to))),
  )
  assert.deepEqual(dangling.map(sentence), [])
})

test('imports only go down the floors, and rooms of one floor never import each other', () => {
  const upwards = sources
    .filter(isShipped)
    .flatMap(({ imports }) => imports.filter(({ to }) => byPath.has(to)))
    .filter(({ from, to }) => roomOf(from) !== roomOf(to) && !FLOORS[roomOf(from)]?.includes(roomOf(to)))
  assert.deepEqual(upwards.map(sentence), [])
})

test('every file is used by a running process, or by a test', () => {
  const tested = new Set(
    sources
      .filter(({ path }) => isTest(path) || startedByHand.includes(path) || roomOf(path) === 'bench')
      .flatMap(({ path }) => [...reachable(path)]),
  )
  const idle = sources.map(({ path }) => path).filter(path => !shipped.has(path) && !tested.has(path))
  assert.deepEqual(idle, [])
})

test('each dependency has one owner', () => {
  assert.deepEqual(trespassers(OWNERS), [])
  assert.deepEqual(trespassers(NODE_OWNERS), [])
})

test('every dependency is declared, owned and used', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const used = new Set(sources.filter(isShipped).flatMap(({ imports }) => imports.map(({ to }) => to)))
  assert.deepEqual(Object.keys(dependencies).sort(), Object.keys(OWNERS).sort())
  const unused = Object.keys(dependencies).filter(name => !used.has(name))
  assert.deepEqual(unused, [])
  const declared = new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)])
  const imported = sources.flatMap(({ imports }) =>
    imports.filter(each => !isRelative(each) && !each.to.startsWith('node:')),
  )
  assert.deepEqual(imported.filter(({ to }) => !declared.has(to)).map(sentence), [])
})

test('process.env is read in one place', () => {
  const allowed = [
    'runtime/config.ts',
    'test/sample-data.ts',
    'test/tidy.test.ts',
    'test/engines/environment.ts',
    'test/open-browser.ts',
    'dashboard/kit/snippets.js', // in the text of a program
  ]
  const readers = sources.filter(({ text }) => text.includes('process.env')).map(({ path }) => path)
  assert.deepEqual(
    readers.filter(path => !allowed.includes(path)),
    [],
  )
})

test('files have kebab-case names that say what is in them', () => {
  const vague = /^(utils?|helpers?|common|misc|shared|managers?|index)$/
  const wrong = sources
    .map(({ path }) => path)
    .filter(path => {
      const parts = path.replace(/(\.(engine-|fault-|browser-)?test)?\.[jt]s$/, '').split('/')
      return parts.some(part => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part) || vague.test(part) || part.endsWith('-manager'))
    })
  assert.deepEqual(wrong, [])
})

test('every file but a test says first what it is for', () => {
  assert.deepEqual(
    sources.filter(({ path, text }) => !isTest(path) && !text.startsWith('// ')).map(({ path }) => path),
    [],
  )
})

test('no file is too long to be read at once', () => {
  const long = sources.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
  assert.deepEqual(
    long.filter(({ lines }) => lines > MAX_LINES),
    [],
  )
})

test('nothing is left for later, and no test shuts others out', () => {
  const leftovers = [/\b(TO|FIX)(DO|ME)\b/, /\.(on)ly\(/, /\bonl(y): true/]
  const wrong = sources.filter(({ text }) => leftovers.some(pattern => pattern.test(text))).map(({ path }) => path)
  assert.deepEqual(wrong, [])
})

test('a test waits for a condition, never for a time', () => {
  // They wait in a loop until something holds, or break things at moments drawn by chance.
  const pollers = [
    'test/eventually.ts',
    'test/engines/spawn-server.ts',
    'test/faults/pause.ts',
    'storage/documents/contract-suite.ts',
    'storage/tables/contract-suite.ts',
    'test/crash.test.ts',
    'test/rights-under-load.test.ts',
    'processors/windows/simulation-fixture.ts',
  ]
  const sleepers = sources
    .filter(source => !isShipped(source) && !pollers.includes(source.path) && roomOf(source.path) !== 'bench')
    .filter(({ text }) => /node:timers\/promi(ses)|\bsetTime(out)\(/.test(text))
  assert.deepEqual(
    sleepers.map(({ path }) => path),
    [],
  )
})

test('a test file stands beside what it tests', () => {
  const lonely = sources
    .filter(({ path }) => isTest(path) && roomOf(path) !== 'test')
    .filter(({ path, imports }) => {
      const besides = imports.some(({ to }) => dirname(to) === dirname(path))
      return !besides && !byPath.has(path.replace(/\.(engine-|fault-|browser-)?test\.ts$/, '.ts'))
    })
  assert.deepEqual(
    lonely.map(({ path }) => path),
    [],
  )
})

test('the errors reference has a section for every problem', {
  skip: !existsSync(join(ROOT, 'docs/errors.md')),
}, () => {
  const reference = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  const missing = Object.keys(problemTitles).filter(slug => !new RegExp(`^#+ .*\\b${slug}\\b`, 'm').test(reference))
  assert.deepEqual(missing, [])
})
