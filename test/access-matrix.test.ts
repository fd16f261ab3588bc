import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { accessActions, datasetActions, fieldActions, isGlobalAction } from '../governance/access/access-action.ts'
import type { RoleRights } from '../governance/access/print-matrix.ts'
import { roleNames } from '../governance/access/roles.ts'
import { levels } from '../governance/classification/taxonomy.ts'
import type { JsonObject } from '../storage/json.ts'
import { accessProbes, type Probe } from './access-probes.ts'
import { eventually } from './eventually.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

const ROOT = join(import.meta.dirname, '..')
const DATASETS = ['alpha', 'beta']
/** Callers of several roles, by the name under which their keys are kept. */
const SEVERAL = { two: ['analyst', 'data-steward'], three: ['producer', 'data-owner', 'dpo'] }

/** Ids of a quarantined event, and of an anomaly, by dataset. */
const rejected: Record<string, string> = {}
const anomalies: Record<string, string> = {}
const probes = accessProbes(rejected, anomalies)

/** Of each level one field that is kept, and one that is sealed. */
const fields = levels.flatMap(level => [
  { name: `${level}-kept`, level, action: 'keep' },
  { name: `${level}-sealed`, level, action: 'encrypt' },
])
const text = { type: 'string', maxLength: 40 }
const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'at', 'who'],
  properties: { id: text, at: text, who: text, ...Object.fromEntries(fields.map(({ name }) => [name, text])) },
}

let ecluse: EcluseProcess
before(async () => {
  const dir = makeDir()
  rmSync(join(dir, 'schemas'), { recursive: true })
  for (const dataset of DATASETS) {
    mkdirSync(join(dir, 'schemas', dataset), { recursive: true })
    writeFileSync(join(dir, 'schemas', dataset, '1-0-0.json'), JSON.stringify(schema))
    writeFileSync(join(dir, 'policies', `${dataset}.yaml`), policyOf(dataset))
  }
  for (const name of ['transactions', 'user-profiles']) rmSync(join(dir, 'policies', `${name}.yaml`))
  ecluse = await spawnEcluse({ dir, environment: { ECLUSE_WATCH_INTERVAL_MS: '50', ECLUSE_LEASE_MS: '200' } })
  for (const dataset of DATASETS) {
    const event = eventOf(dataset)
    const events = [event, { id: 'wrong', at: 'never' }]
    const { answer } = await ecluse.post(dataset, events)
    assert.deepEqual([answer.accepted, answer.rejected], [1, 1], JSON.stringify(answer))
    // A conflict: an anomaly.
    await ecluse.post(dataset, [{ ...event, 'public-kept': 'another' }])
  }
  await ecluse.settled()
  for (const [name, roles] of Object.entries(SEVERAL)) {
    const body = JSON.stringify({ name, roles, datasets: ['*'] })
    const headers = { 'content-type': 'application/json' }
    const made = await ecluse.call('data-engineer', '/v1/access/keys', { method: 'POST', headers, body })
    ecluse.keys[name] = ((await made.json()) as { apiKey: string }).apiKey
  }
  for (const dataset of DATASETS) {
    const listed = await ecluse.call('data-steward', `/v1/quarantine?dataset=${dataset}`)
    rejected[dataset] = ((await listed.json()) as { items: { id: string }[] }).items[0]!.id
    const found = await ecluse.call('data-steward', `/v1/anomalies?dataset=${dataset}`)
    anomalies[dataset] = ((await found.json()) as { items: { id: string }[] }).items[0]!.id
  }
})
after(() => ecluse.end())

function policyOf(dataset: string): string {
  return [
    `dataset: ${dataset}`,
    'title: A dataset of this test',
    'owner: owner@example.org',
    'steward: steward@example.org',
    'purpose: testing',
    'legalBasis: contract',
    'recipients: [nobody]',
    'retention: { log: 7d, events: 400d, quarantine: 30d, lake: 1095d }',
    'event:',
    '  id: /id',
    '  time: { at: /at, zone: Europe/Paris }',
    '  subjects: [{ name: who, type: customer, id: /who }]',
    'fields:',
    '  /id: { level: public, action: keep }',
    '  /at: { level: public, action: keep }',
    ...fields.map(({ name, level, action }) => `  /${name}: { level: ${level}, action: ${action} }`),
    'unclassified: encrypt',
    '',
  ].join('\n')
}

function eventOf(dataset: string): JsonObject {
  const values = fields.map(({ name }) => [name, `clear ${dataset} ${name}`])
  return { id: randomUUID(), at: '2026-05-01T10:00:00', who: 'somebody', ...Object.fromEntries(values) }
}

/** The matrix as `ecluse access matrix` prints it of the files. */
function matrixOfFiles(): Record<string, RoleRights[]> {
  const { stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'cli/main.ts'), 'access', 'matrix', '--json'], {
    cwd: ecluse.dir,
    env: {},
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

async function isGranted(role: string, { method = 'GET', path, body, refused = [403] }: Probe, dataset: string) {
  const response = await ecluse.call(role, path(dataset), {
    method,
    ...(body && { body: JSON.stringify(body(dataset)), headers: { 'content-type': 'application/json' } }),
  })
  await response.body?.cancel()
  assert.notEqual(response.status, 401)
  assert.ok(response.status < 500, `${response.status} ${path(dataset)}`)
  return !refused.includes(response.status)
}

/** Levels of the fields that a role sees in a dataset's event, as they are stored and in the clear. */
async function levelsSeen(role: string, dataset: string) {
  const read = async (query: string) => {
    const response = await ecluse.call(role, `/v1/datasets/${dataset}/events${query}`, {
      headers: { 'ecluse-purpose': 'a test' },
    })
    if (response.status === 403) return {}
    const { items } = (await response.json()) as { items: { event: JsonObject }[] }
    assert.equal(items.length, 1)
    return items[0]!.event
  }
  const [stored, opened] = [await read(''), await read('?clear=true&limit=10')]
  const isClear = (event: JsonObject, name: string) => event[name] === `clear ${dataset} ${name}`
  for (const level of levels) {
    assert.equal(`${level}-kept` in stored, `${level}-sealed` in stored)
    assert.equal(isClear(stored, `${level}-sealed`), false)
  }
  return {
    read: levels.filter(level => isClear(stored, `${level}-kept`)),
    clear: levels.filter(level => isClear(opened, `${level}-sealed`)),
  }
}

async function whoAmI(role: string) {
  const response = await ecluse.call(role, '/v1/access/me')
  assert.equal(response.status, 200)
  return (await response.json()) as {
    actions: string[]
    access: { dataset: string; actions: string[]; read: string[]; readClear: string[] }[]
  }
}

/** Every role, dataset, level and action, asked over HTTP. */
async function assertMatrix(matrix: Record<string, RoleRights[]>): Promise<number> {
  let asked = 0
  for (const [dataset, rows] of Object.entries(matrix))
    for (const { role, actions, read, readClear } of rows) {
      const mine = probes.filter(({ action }) => isGlobalAction(action) === (dataset === '*'))
      for (const probe of mine) {
        const granted = await isGranted(role, probe, dataset)
        assert.equal(granted, actions.includes(probe.action), `${role} ${probe.action} ${probe.path(dataset)}`)
        asked++
      }
      const me = await whoAmI(role)
      if (dataset === '*') assert.deepEqual(me.actions, actions)
      else {
        const told = me.access.find(each => each.dataset === dataset)
        assert.deepEqual([told?.actions ?? [], told?.read ?? []], [actions, read], `${role} ${dataset}`)
        assert.deepEqual(told?.readClear ?? [], readClear)
        // The list goes by time and id, which are public here.
        const listed = read.includes('public')
        const expected = { read: listed ? read : [], clear: listed ? readClear : [] }
        assert.deepEqual(await levelsSeen(role, dataset), expected, `${role} reads ${dataset}`)
        asked += 2 * levels.length
      }
    }
  return asked
}

type Rule = [role: string, dataset: string, level: string, action: string, effect: string]

/** What a caller of several roles may, by going over all rules: ∪allow − ∪deny. */
function rightsOf(rules: Rule[], roles: string[], dataset: string): Omit<RoleRights, 'role'> {
  const may = (level: string, action: string) => {
    const fitting = rules.filter(
      ([role, on, of, does]) =>
        roles.includes(role) && [dataset, '*'].includes(on) && (of === '*' || of === level) && does === action,
    )
    const effects = fitting.map(([, , , , effect]) => effect)
    return effects.includes('allow') && !effects.includes('deny')
  }
  const names = dataset === '*' ? accessActions.filter(isGlobalAction) : datasetActions
  const read = dataset === '*' ? [] : levels.filter(level => may(level, 'read'))
  return {
    actions: names.filter(action => may('-', action)),
    read,
    readClear: read.filter(level => may(level, 'read-clear')),
  }
}

const orAny = (...texts: string[]) => fc.constantFrom('*', ...texts)
const effect = fc.constantFrom('allow', 'allow', 'allow', 'deny')
const role = fc.constantFrom(...roleNames)
const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc.tuple(role, orAny(...DATASETS), orAny(...levels), fc.constantFrom(...fieldActions), effect),
  fc.tuple(role, orAny(...DATASETS), orAny(...levels), fc.constantFrom(...fieldActions), effect),
  fc.tuple(role, orAny(...DATASETS), fc.constant('-'), fc.constantFrom(...datasetActions), effect),
  fc.tuple(role, fc.constant('*'), fc.constant('-'), fc.constantFrom(...accessActions.filter(isGlobalAction)), effect),
)

describe('the access policy over HTTP', () => {
  test('is what the checked-in matrix says', () => {
    const { stdout } = spawnSync(process.execPath, [join(ROOT, 'cli/main.ts'), 'access', 'matrix'], {
      cwd: ROOT,
      env: {},
      encoding: 'utf8',
    })
    assert.equal(stdout, readFileSync(join(ROOT, 'docs/access-matrix.md'), 'utf8'))
  })

  test('lets each role do exactly what the matrix says, under the project’s own policy and generated ones', async t => {
    const path = join(ecluse.policiesDir, 'access/policy.csv')
    const seed = Date.now() % 2 ** 31
    t.diagnostic(`seed ${seed}`)
    const generated = fc.sample(fc.array(rule, { minLength: 60, maxLength: 100 }), { seed, numRuns: 3 })
    let asked = await assertMatrix(matrixOfFiles())
    for (const rules of generated) {
      writeFileSync(path, rules.map(cells => `p, ${cells.join(', ')}\n`).join(''))
      const matrix = matrixOfFiles()
      await eventually('the policy is in force', async () => {
        const told = await Promise.all(roleNames.map(whoAmI))
        const ofRole = (at: number, dataset: string) => matrix[dataset]![at]!
        return told.every(({ actions, access }, at) => {
          const datasets = DATASETS.every(dataset => {
            const found = access.find(each => each.dataset === dataset)
            const { actions, read, readClear } = ofRole(at, dataset)
            const expected = { dataset, actions, read, readClear }
            return (
              JSON.stringify(found ?? { dataset, actions: [], read: [], readClear: [] }) === JSON.stringify(expected)
            )
          })
          return datasets && actions.join() === ofRole(at, '*').actions.join()
        })
      })
      asked += await assertMatrix(matrix)
      for (const [name, roles] of Object.entries(SEVERAL)) {
        const rights = [...DATASETS, '*'].map(each => [each, [{ role: name, ...rightsOf(rules, roles, each) }]])
        asked += await assertMatrix(Object.fromEntries(rights))
      }
    }
    t.diagnostic(`${asked} rights asked for`)
    assert.ok(asked >= 4 * 2 * 7 * (2 * levels.length + datasetActions.length))
  })
})
