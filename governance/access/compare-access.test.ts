import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { levels } from '../classification/taxonomy.ts'
import { accessActions, isFieldAction } from './access-action.ts'
import { compareAccess } from './compare-access.ts'
import { compileAccess } from './compile-access.ts'
import { roleNames } from './roles.ts'

const folder = join(import.meta.dirname, '../../policies/access')
const model = readFileSync(join(folder, 'model.conf'), 'utf8')
const policy = readFileSync(join(folder, 'policy.csv'), 'utf8')

async function compared(before: string, after: string, datasets: string[] = []) {
  const { verdict, changes } = await compareAccess(
    await compileAccess(model, before),
    await compileAccess(model, after),
    datasets,
  )
  return { verdict, said: changes.map(({ what }) => what) }
}

test('who gets a right is told, role by role, and so is who loses one', async () => {
  assert.deepEqual(await compared(policy, `# a comment\n${policy}`), { verdict: 'same', said: [] })
  const more = `${policy}\np, analyst, *, -, anomalies, allow\n`
  const right = 'anomalies on all datasets'
  assert.deepEqual(await compared(policy, more), { verdict: 'weaker', said: [`analyst may ${right}`] })
  assert.deepEqual(await compared(more, policy), { verdict: 'stricter', said: [`analyst may no longer ${right}`] })
})

test('a denial that is lifted is weaker, although its role has the right no more than before', async () => {
  const denied = `${policy}\np, auditor, sales, restricted, read, deny\n`
  const { verdict, said } = await compared(denied, policy, ['sales'])
  assert.equal(verdict, 'weaker')
  assert.deepEqual(said, [
    'data-owner and auditor may read restricted on sales',
    'data-owner and auditor may read-clear restricted on sales',
  ])
})

test('a denial that holds back what two other roles allow together is weaker to lift', async () => {
  const allowed = 'p, data-owner, *, restricted, read-clear, allow\np, analyst, *, restricted, read, allow\n'
  for (const action of ['read', 'read-clear']) {
    const { verdict, said } = await compared(`${allowed}p, auditor, *, restricted, ${action}, deny\n`, allowed)
    assert.equal(verdict, 'weaker')
    assert.equal(said.at(-1), 'data-owner and analyst and auditor may read-clear restricted on all datasets')
  }
  const { verdict, said } = await compared(allowed, `${allowed}p, auditor, *, restricted, read-clear, deny\n`)
  assert.equal(verdict, 'stricter')
  assert.deepEqual(said, ['data-owner and analyst and auditor may no longer read-clear restricted on all datasets'])
})

/** Rules of what takes two rights, where roles work together, and of what takes one. */
const rulesOf = (effect: 'allow' | 'deny', size: { minLength: number; maxLength: number }) =>
  fc.array(
    fc
      .tuple(
        fc.constantFrom(...roleNames),
        fc.constantFrom('*', 'sales'),
        fc.constantFrom('read', 'read', 'read-clear', 'read-clear', 'read-clear', 'describe'),
      )
      .map(([role, dataset, action]) => {
        const level = isFieldAction(action) ? 'restricted' : '-'
        return `p, ${role}, ${dataset}, ${level}, ${action}, ${effect}`
      }),
    size,
  )
/** An edit: one rule goes, often a denial; now and then one comes. */
const edits = fc
  .tuple(
    rulesOf('deny', { minLength: 1, maxLength: 3 }),
    rulesOf('allow', { minLength: 2, maxLength: 5 }),
    fc.nat(3),
    fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, rulesOf('allow', { minLength: 1, maxLength: 1 })),
  )
  .map(([denied, allowed, gone, come]) => {
    const lines = [...denied, ...allowed]
    return [lines, [...lines.filter((_, i) => i !== gone), ...come]] as const
  })

const everySet = Array.from({ length: 2 ** roleNames.length }, (_, set) => roleNames.filter((_, i) => (set >> i) & 1))

test('an edit is weaker where it gives any roles a right they had not, and stricter where it only takes some away', async () => {
  const verdicts = { weaker: 0, stricter: 0, same: 0 }
  await fc.assert(
    fc.asyncProperty(edits, async ([before, after]) => {
      const [old, now] = [await compileAccess(model, before.join('\n')), await compileAccess(model, after.join('\n'))]
      const found = { gains: false, losses: false }
      for (const roles of everySet)
        for (const dataset of ['sales', 'other', '*'])
          for (const action of accessActions)
            for (const level of isFieldAction(action) ? levels : [undefined]) {
              const caller = { id: '', kind: 'api-key' as const, roles, datasets: ['*'] }
              const [had, has] = [old.may(caller, action, dataset, level), now.may(caller, action, dataset, level)]
              found.gains ||= has && !had
              found.losses ||= had && !has
            }
      const { verdict } = await compareAccess(old, now, ['sales'])
      verdicts[verdict]++
      assert.equal(verdict, found.gains ? 'weaker' : found.losses ? 'stricter' : 'same')
    }),
    { numRuns: 40 },
  )
  assert.ok(verdicts.weaker > 0 && verdicts.stricter > 0)
})
