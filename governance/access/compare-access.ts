// What an edit of the access policy gives to somebody who did not have it: asked of every role and of two or three roles
// together, since a denial of one role holds back what others allow.

import { setImmediate } from 'node:timers/promises'
import { levels } from '../classification/taxonomy.ts'
import { type PolicyChange, type PolicyComparison, verdictOf } from '../contract/compare-policies.ts'
import type { Access } from './access.ts'
import { accessActions, isFieldAction, isGlobalAction } from './access-action.ts'
import type { Caller } from './caller.ts'
import { roleNames } from './roles.ts'

/** Stands for every dataset that no rule names: no dataset has such a name. */
const UNNAMED = '?'

/**
 * Each role, then each two, then each three: whatever an edit gives to more roles together, it gives to three of them. Who
 * has a right now is allowed it by one role, and reading in the clear takes a second one that allows to read. Who had it
 * not lacked one of these, which the same two show, or was denied one of them by a role that denies it no more: the third.
 * What an edit takes away is the same, with before and after in each other's place.
 */
const roleSets = [1, 2, 3].flatMap(size => setsOf(size, roleNames))

function setsOf(size: number, roles: readonly string[]): string[][] {
  if (size === 0) return [[]]
  return roles.flatMap((one, i) => setsOf(size - 1, roles.slice(i + 1)).map(others => [one, ...others]))
}

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
      const told: { roles: string[]; has: boolean }[] = []
      for (const roles of roleSets) {
        const caller: Caller = { id: '', kind: 'api-key', roles, datasets: ['*'] }
        const [had, has] = [before, after].map(access => access.may(caller, action, dataset, level)) as [
          boolean,
          boolean,
        ]
        // What changes for some roles is not told again of them and others.
        const isTold = told.some(each => each.has === has && each.roles.every(role => roles.includes(role)))
        if (had === has || isTold) continue
        told.push({ roles, has })
        const what = `${roles.join(' and ')} ${has ? 'may' : 'may no longer'} ${action}${level ? ` ${level}` : ''} on ${where}`
        yield { effect: has ? 'weaker' : 'stricter', what }
      }
    }
  }
}
