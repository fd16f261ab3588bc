// Whether a caller may use a route: decided before its body is read or any store is asked, so that a denial is the same
// whatever is stored.

import type { Access } from '../governance/access/access.ts'
import { type AccessAction, isGlobalAction } from '../governance/access/access-action.ts'
import type { Caller } from '../governance/access/caller.ts'
import { roleNames } from '../governance/access/roles.ts'
import { RequestRefused } from './body/request-refused.ts'

/** What a route asks of its caller. */
export interface RouteAccess {
  /** Missing: any valid credential will do. */
  action?: AccessAction
  /**
   * Where the dataset's name stands; `*` for actions about all datasets. Missing: the caller may on some dataset, and
   * the route asks for the one it comes to.
   */
  dataset?: 'params' | 'query' | '*'
}

export interface AskedOf {
  params: unknown
  query: unknown
}

/** @throws RequestRefused 403 unless the caller may; 400 where the query names no dataset */
export function authoriseRoute(access: Access, caller: Caller, { action, dataset }: RouteAccess, asked: AskedOf): void {
  if (!action) return
  if (dataset === undefined) {
    if (!access.mayAnywhere(caller, action)) throw missingRight(access, action)
    return
  }
  const name = dataset === '*' ? '*' : (asked[dataset] as { dataset?: unknown }).dataset
  if (typeof name === 'string') authorise(access, caller, action, name)
  else if (access.mayAnywhere(caller, action)) throw datasetMissing()
  else throw missingRight(access, action)
}

/** @throws RequestRefused 403 unless the caller may; the same for every dataset that its credential does not cover */
export function authorise(access: Access, caller: Caller, action: AccessAction, dataset: string): void {
  if (access.may(caller, action, dataset)) return
  if (!caller.datasets.includes('*') && !caller.datasets.includes(dataset)) throw notCovered(action)
  throw missingRight(access, action, dataset)
}

function notCovered(action: AccessAction): RequestRefused {
  const all = isGlobalAction(action)
  return new RequestRefused({
    status: 403,
    slug: 'forbidden',
    detail: `This API key or token is for ${all ? 'some datasets only' : 'other datasets'}.`,
    fix: `Use one that covers ${all ? 'all datasets (`*`)' : 'this dataset'}.`,
  })
}

function missingRight(access: Access, action: AccessAction, dataset?: string): RequestRefused {
  const holders = roleNames.filter(role => {
    const caller: Caller = { id: role, kind: 'api-key', roles: [role], datasets: ['*'] }
    return dataset === undefined ? access.mayAnywhere(caller, action) : access.may(caller, action, dataset)
  })
  return new RequestRefused({
    status: 403,
    slug: 'forbidden',
    detail: `This takes the right \`${action}\`, which none of the caller’s roles has.`,
    fix:
      holders.length > 0
        ? `Use an API key or a token with the role ${holders.join(' or ')}.`
        : 'No role has it: the access policy (policies/access/policy.csv) says who may what.',
  })
}

function datasetMissing(): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'The query names no dataset, or several.',
    fix: 'Add ?dataset= and the name of one; GET /v1/datasets lists them.',
  })
}
