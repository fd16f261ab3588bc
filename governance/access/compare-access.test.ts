import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { levels } from '../classification/taxonomy.ts'
import { accessActions, isFieldAction, isGlobalAction } from './access-action.ts'
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

const rule = fc
  .tuple(
    fc.constantFrom('analyst', 'auditor', 'dpo'),
    fc.constantFrom('*', 'sales'),
    fc.constantFrom('*', ...accessActions.filter(action => !isGlobalAction(action))),
    fc.constantFrom('allow', 'deny'),
  )
  .map(([role, dataset, action, effect]) => {
    const level = action === '*' ? '*' : isFieldAction(action as 'read') ? 'restricted' : '-'
    return `p, ${role}, ${dataset}, ${level}, ${action}, ${effect}`
  })
const rules = fc.array(rule, { minLength: 1, maxLength: 6 }).map(lines => lines.join('\n'))

test('where an edit is not called weaker, no caller of any roles may more than before', async () => {
  await fc.assert(
    fc.asyncProperty(rules, rules, fc.subarray([...roleNames]), async (before, after, roles) => {
      const [old, now] = [await compileAccess(model, before), await compileAccess(model, after)]
      const { verdict } = await compareAccess(old, now, ['sales'])
      const caller = { id: '', kind: 'api-key' as const, roles, datasets: ['*'] }
      const gains = ['sales', 'other', '*'].some(dataset =>
        accessActions.some(action =>
          (isFieldAction(action) ? levels : [undefined]).some(
            level => now.may(caller, action, dataset, level) && !old.may(caller, action, dataset, level),
          ),
        ),
      )
      if (gains) assert.equal(verdict, 'weaker')
    }),
    { numRuns: 40 },
  )
})
