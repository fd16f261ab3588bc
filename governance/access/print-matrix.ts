// Every decision of the access policy, role by role, for people to read and to compare: a changed right is a changed
// line.

import type { Level } from '../classification/taxonomy.ts'
import type { Access } from './access.ts'
import { type AccessAction, datasetActions, globalActions } from './access-action.ts'
import type { Caller } from './caller.ts'
import { type Role, roleNames } from './roles.ts'

export interface RoleRights {
  role: Role
  /** On the dataset; for `*`, on all at once. */
  actions: AccessAction[]
  read: Level[]
  readClear: Level[]
}

/** What each role may on these datasets, and under `*` on all at once. */
export function matrixOf(access: Access, datasets: string[]): Record<string, RoleRights[]> {
  return Object.fromEntries(
    [...datasets, '*'].map(dataset => [dataset, roleNames.map(role => rightsOf(access, role, dataset))]),
  )
}

function rightsOf(access: Access, role: Role, dataset: string): RoleRights {
  const caller: Caller = { id: role, kind: 'api-key', roles: [role], datasets: ['*'] }
  const { read, clear } = access.mask(caller, dataset)
  const actions = [...datasetActions, ...globalActions].filter(action => access.may(caller, action, dataset))
  return { role, actions, read: [...read], readClear: [...clear] }
}

/** The matrix as Markdown. */
export function printMatrix(access: Access, datasets: string[]): string {
  const matrix = matrixOf(access, datasets)
  const sections = datasets.flatMap(dataset => [
    `## ${dataset}`,
    table(['role', ...datasetActions, 'read', 'read-clear'], matrix[dataset]!, ({ role, actions, read, readClear }) => [
      role,
      ...ticks(datasetActions, actions),
      read.join(', '),
      readClear.join(', '),
    ]),
  ])
  const all = table(['role', ...globalActions], matrix['*']!, ({ role, actions }) => [
    role,
    ...ticks(globalActions, actions),
  ])
  const intro =
    'Printed by `ecluse access matrix` from `policies/access/`. What [each action](access.md#actions) means stands in access.md.'
  return `${['# Who may what', intro, ...sections, '## All datasets at once', all].join('\n\n')}\n`
}

function ticks(columns: readonly AccessAction[], actions: AccessAction[]): string[] {
  return columns.map(action => (actions.includes(action) ? 'yes' : ''))
}

function table(head: string[], rows: RoleRights[], cellsOf: (rights: RoleRights) => string[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map(cellsOf)]
  return lines.map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
