// redact: the member stays, its value becomes null, whatever it was.

import type { ActionDefinition } from './action.ts'

export const redact: ActionDefinition = {
  name: 'redact',
  bare: true,
  hashLike: false,
  needsPerson: () => false,
  make: () => ({ name: 'redact', apply: () => null, derive: () => ({ type: 'null' }) }),
}
