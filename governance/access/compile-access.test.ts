import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Enforcer, newEnforcer, newModelFromString, StringAdapter } from 'casbin'
import fc from 'fast-check'
import { type Level, levels } from '../classification/taxonomy.ts'
import type { Diagnostic } from '../contract/diagnostic.ts'
import type { Access } from './access.ts'
import { type AccessAction, accessActions, datasetActions, fieldActions, isGlobalAction } from './access-action.ts'
import type { Caller } from './caller.ts'
import { AccessPolicyError, compileAccess } from './compile-access.ts'
import { MAX_RULES } from './read-access-policy.ts'
import { roleNames } from './roles.ts'

const DIR = join(import.meta.dirname, '../../policies/access')
const model = readFileSync(join(DIR, 'model.conf'), 'utf8')
const policy = readFileSync(join(DIR, 'policy.csv'), 'utf8')

function caller(roles: string[], datasets = ['*']): Caller {
  return { id: 'test', kind: 'api-key', roles, datasets }
}

async function problemsOf(modelText: string, policyText: string): Promise<Diagnostic[]> {
  const error = await compileAccess(modelText, policyText).then(
    () => assert.fail('it was taken'),
    error => error,
  )
  assert.ok(error instanceof AccessPolicyError)
  return error.diagnostics
}

const places = (diagnostics: Diagnostic[]) =>
  diagnostics.map(({ file, line, column, message, fix }) => `${file}:${line}:${column} ${message} ${fix}`)

describe('a caller with several roles', () => {
  test('may what one of them allows and none denies', async () => {
    const access = await compileAccess(
      model,
      [
        'p, analyst, *, *, read, allow',
        'p, auditor, *, restricted, read, deny',
        'p, auditor, hr, *, *, deny',
        'p, data-owner, *, *, read-clear, allow',
      ].join('\n'),
    )
    const levelsOf = (roles: string[], dataset: string) => [...access.mask(caller(roles), dataset).read]
    assert.deepEqual(levelsOf(['analyst'], 'hr'), [...levels])
    assert.deepEqual(levelsOf(['analyst', 'auditor'], 'sales'), ['public', 'internal', 'confidential'])
    assert.deepEqual(levelsOf(['analyst', 'auditor'], 'hr'), [])
    assert.deepEqual(levelsOf(['auditor'], 'sales'), [])
    assert.equal(access.mayAnywhere(caller(['analyst', 'auditor'], ['hr']), 'read'), false)
    assert.equal(access.mayAnywhere(caller(['analyst', 'auditor']), 'read'), true)
  })

  test('reads nothing in the clear that it may not read', async () => {
    const access = await compileAccess(
      model,
      'p, data-owner, *, *, read-clear, allow\np, data-owner, *, internal, read, allow',
    )
    assert.deepEqual([...access.mask(caller(['data-owner']), 'sales').clear], ['internal'])
    assert.equal(access.may(caller(['data-owner']), 'read-clear', 'sales', 'public'), false)
  })
})

describe('a credential', () => {
  test('gives nothing on datasets it does not cover, and what is about all only where it covers all', async () => {
    const access = await compileAccess(model, policy)
    const some = caller(['dpo', 'analyst'], ['sales'])
    assert.equal(access.may(some, 'read', 'sales', 'public'), true)
    assert.equal(access.may(some, 'read', 'hr', 'public'), false)
    assert.equal(access.may(some, 'erase', '*'), false)
    assert.equal(access.may(some, 'erase', 'sales'), false)
    assert.equal(access.may(caller(['dpo']), 'erase', '*'), true)
    assert.equal(access.may(caller(['analyst']), 'read', '*'), false)
  })

  test('with a role nobody knows has nothing, whatever it is called', async () => {
    const access = await compileAccess(model, policy)
    for (const role of ['nobody', '*', '', 'constructor', '__proto__', 'dpo ', 'DPO'])
      for (const action of accessActions)
        assert.equal(access.may(caller([role]), action, isGlobalAction(action) ? '*' : 'sales'), false, role)
  })
})

describe('a broken access policy', () => {
  test('is told with its place, and what was meant', async () => {
    const lines = [
      'p, producer, *, -, ingest, allow',
      'p, analist, *, confidental, raed, alow',
      'p,analyst,  Sales, -, read, allow',
      'p, dpo, sales, -, erase, allow',
      'p, dpo, *, public, erase, allow',
      'g, alice, dpo',
      'p, dpo, *, -, erase, allow # a comment',
      'p, dpo, *, -, "erase", allow',
      'p, dpo, *, -, erase',
    ]
    const known = '`producer`, `data-owner`, `data-steward`, `data-engineer`, `analyst`, `dpo`, `auditor`'
    const found = places(await problemsOf(model, lines.join('\r\n')))
    assert.equal(found[0], `policy.csv:2:4 there is no role \`analist\`. Did you mean \`analyst\`? Known are ${known}.`)
    assert.match(found[1]!, /^policy\.csv:2:29 there is no action `raed`\. Did you mean `read`\?/)
    assert.match(found[2]!, /^policy\.csv:2:35 there is no effect `alow`\. Did you mean `allow`\?/)
    const rest = found.slice(3).map(text => text.split(' ', 1)[0])
    assert.deepEqual(
      rest,
      ['2:16', '3:13', '3:20', '4:9', '5:12', '6:1', '7:1', '8:1', '9:1'].map(place => `policy.csv:${place}`),
    )
    assert.match(
      places(await problemsOf(model, 'p, dpo, *, confidental, read, allow'))[0]!,
      /Did you mean `confidential`/,
    )
  })

  test('without a rule, or with more than can be asked in time, is refused', async () => {
    assert.match(places(await problemsOf(model, '# nothing\n'))[0]!, /^policy\.csv:1:1 no rule/)
    const many = 'p, producer, *, -, ingest, allow\n'.repeat(MAX_RULES + 1)
    assert.match(places(await problemsOf(model, many))[0]!, new RegExp(`^policy\\.csv:${MAX_RULES + 1}:1 `))
  })

  test('has a model that decides otherwise: every line of it is held to', async () => {
    const lines = model.split('\n')
    const meant = lines.flatMap((line, i) => (/^\s*(#|$)/.test(line) ? [] : [i]))
    for (const i of meant) {
      const without = lines.filter((_, at) => at !== i).join('\n')
      assert.equal((await problemsOf(without, policy)).length, 1)
      const [problem] = await problemsOf(lines.map((line, at) => (at === i ? ` ${line}x` : line)).join('\n'), policy)
      assert.deepEqual([problem!.file, problem!.line, problem!.column], ['model.conf', i + 1, 2])
    }
    assert.equal((await problemsOf(`${model}\n[role_definition]\ng = _, _\n`, policy)).length, 1)
    assert.match(places(await problemsOf('', policy))[0]!, /^model\.conf:1:1 the model ends too early/)
    await compileAccess(model.replaceAll(' = ', '=').replaceAll('\n', '\r\n'), policy)
  })
})

/** Casbin as its manual has it: roles given to a caller by `g`, both effects at once, asked for every decision. */
async function naiveEnforcer(policyText: string, roles: string[]): Promise<Enforcer> {
  const withRoles = model
    .replace('[policy_effect]', '[role_definition]\ng = _, _\n\n[policy_effect]')
    .replace('r.role == p.role', 'g(r.role, p.role)')
  const given = roles.map(role => `g, me, ${role}`)
  return newEnforcer(newModelFromString(withRoles), new StringAdapter([policyText, ...given].join('\n')))
}

describe('the compiled access', () => {
  const DECISIONS = 100_000
  const named = ['sales', 'hr']
  const asked = [...named, 'elsewhere']
  const orAny = (...texts: string[]) => fc.constantFrom('*', ...texts)
  const subset = (texts: readonly string[]) => fc.subarray([...texts], { minLength: 1 })
  const effect = fc.constantFrom('allow', 'allow', 'deny')
  const role = fc.constantFrom(...roleNames)
  const rule = fc.oneof(
    fc.tuple(role, orAny(...named), orAny(...levels), fc.constantFrom(...fieldActions, '*'), effect),
    fc.tuple(role, orAny(...named), orAny('-'), fc.constantFrom(...datasetActions, '*'), effect),
    fc.tuple(role, fc.constant('*'), orAny('-'), fc.constantFrom(...accessActions.filter(isGlobalAction)), effect),
  )
  const rules = fc.array(rule, { minLength: 1, maxLength: 40 })
  const callers = fc.array(fc.record({ roles: subset([...roleNames, 'nobody']), datasets: subset(['*', ...named]) }), {
    minLength: 3,
    maxLength: 3,
  })
  let decided = 0

  async function compare(access: Access, policyText: string, { roles, datasets }: Pick<Caller, 'roles' | 'datasets'>) {
    const naive = await naiveEnforcer(policyText, roles)
    const me = caller(roles, datasets)
    const covers = (dataset: string) => datasets.includes('*') || datasets.includes(dataset)
    const expect = (action: AccessAction, dataset: string, level: Level | '-') =>
      covers(dataset) && naive.enforceSync('me', dataset, level, action)
    for (const dataset of asked) {
      const mask = access.mask(me, dataset)
      for (const level of levels) {
        const read = expect('read', dataset, level)
        const clear = read && expect('read-clear', dataset, level)
        const decisions = [mask.read.has(level), access.may(me, 'read', dataset, level)]
        assert.deepEqual(decisions, [read, read], `read ${dataset} ${level}`)
        assert.equal(mask.clear.has(level), clear, `read-clear ${dataset} ${level}`)
        assert.equal(access.may(me, 'read-clear', dataset, level), clear)
        decided += 2
      }
      for (const action of datasetActions) {
        assert.equal(access.may(me, action, dataset), expect(action, dataset, '-'), `${action} ${dataset}`)
        decided++
      }
    }
    for (const action of accessActions.filter(isGlobalAction)) {
      assert.equal(access.may(me, action, '*'), expect(action, '*', '-'), action)
      decided++
    }
  }

  test('decides as Casbin does, asked naively for each field, for callers with several roles', async t => {
    const seed = Date.now() % 2 ** 31
    t.diagnostic(`seed ${seed}`)
    const property = fc.asyncProperty(rules, callers, async (lines, several) => {
      const policyText = lines.map(cells => ['p', ...cells].join(', ')).join('\n')
      const access = await compileAccess(model, policyText)
      for (const each of several) await compare(access, policyText, each)
    })
    // 52 decisions a caller, three callers a policy.
    await fc.assert(property, { seed, numRuns: Math.ceil(DECISIONS / (3 * 52)) + 1 })
    t.diagnostic(`${decided} decisions`)
    assert.ok(decided >= DECISIONS)
  })
})
