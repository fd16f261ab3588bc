// What an edit of the access policy gives to somebody who did not have it: asked of every role and of every two roles
// together, since a denial of one role holds back what another allows.

import { setImmediate } from 'node:timers/promises'
import { levels } from '../classification/taxonomy.ts'
import { type PolicyChange, type PolicyComparison, verdictOf } from '../contract/compare-policies.ts'
import type { Access } from './access.ts'
import { accessActions, isFieldAction, isGlobalAction } from './access-action.ts'
import type { Caller } from './caller.ts'
import { roleNames } from './roles.ts'

/** Stands for every dataset that no rule names: no dataset has such a name. */
const UNNAMED = '?'

/** Each role, then each two: callers with more roles have nothing that no two of these give. */
const roleSets = [
  ...roleNames.map(role => [role]),
  ...roleNames.flatMap((one, i) => roleNames.slice(i + 1).map(other => [one, other])),
]

/** @param datasets that rules of either policy name */
export async function compareAccess(
  before: Access,
  after: Access,
  datasets: Iterable<string>,
): Promise<PolicyComparison> {
  const changes: PolicyChange[] = []
  for (const dataset of new Set(['*', UNNAMED, ...datasets])) {
    changes.push(...compareOn(before, after, dataset))
    // The first questions about a dataset take a while: requests get their turn.
    await setImmediate()
  }
  return { verdict: verdictOf(changes), changes }
}

function* compareOn(before: Access, after: Access, dataset: string): Generator<PolicyChange> {
  const where = dataset === UNNAMED || dataset === '*' ? 'all datasets' : dataset
  for (const action of accessActions.filter(action => isGlobalAction(action) === (dataset === '*'))) {
    for (const level of isFieldAction(action) ? levels : [undefined]) {
      const changed = new Map<string, boolean>()
      for (const roles of roleSets) {
        const caller: Caller = { id: '', kind: 'api-key', roles, datasets: ['*'] }
        const [had, has] = [before, after].map(access => access.may(caller, action, dataset, level)) as [
          boolean,
          boolean,
        ]
        // What changes for one role alone is not told of its pairs again.
        if (had === has || roles.some(role => changed.get(role) === has)) continue
        changed.set(roles.join(), has)
        const what = `${roles.join(' and ')} ${has ? 'may' : 'may no longer'} ${action}${level ? ` ${level}` : ''} on ${where}`
        yield { effect: has ? 'weaker' : 'stricter', what }
      }
    }
  }
}
