// keep: the value is stored as it came.

import type { ActionDefinition } from './action.ts'

export const keep: ActionDefinition = {
  name: 'keep',
  bare: true,
  hashLike: false,
  needsPerson: () => false,
  make: () => ({ name: 'keep', apply: value => value, derive: raw => raw }),
}
