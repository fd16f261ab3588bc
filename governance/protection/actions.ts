// All actions a policy may name.

import type { ActionDefinition, ActionName } from './action.ts'
import { drop } from './drop.ts'
import { encrypt } from './encrypt.ts'
import { generalise } from './generalise.ts'
import { keep } from './keep.ts'
import { mask } from './mask.ts'
import { pseudonymise } from './pseudonymise.ts'
import { redact } from './redact.ts'

export const actions: Record<ActionName, ActionDefinition> = {
  keep,
  pseudonymise,
  encrypt,
  mask,
  generalise,
  redact,
  drop,
}
