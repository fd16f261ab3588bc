// drop: nothing is stored, not even that there was a value; an item of an array is removed.

import type { ActionDefinition } from './action.ts'

export const drop: ActionDefinition = {
  name: 'drop',
  bare: true,
  hashLike: false,
  needsPerson: () => false,
  make: () => ({ name: 'drop', apply: () => undefined, derive: () => undefined }),
}
