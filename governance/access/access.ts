// What callers may do: decided once per role and dataset from the access policy, asked as plain sets afterwards.

import type { Level } from '../classification/taxonomy.ts'
import type { AccessAction } from './access-action.ts'
import type { Caller } from './caller.ts'

/** Of which levels a caller may read fields: as they are stored, and in the clear. `clear` is a part of `read`. */
export interface FieldMask {
  read: ReadonlySet<Level>
  clear: ReadonlySet<Level>
}

export interface Access {
  /**
   * Whether the caller may: allowed to one of its roles, denied to none, and covered by its credential. Nobody may
   * read in the clear what they may not read.
   * @param dataset `*` for actions about all datasets at once, and for them alone: the credential must cover all
   * @param level for actions on fields, and for them alone; without it, whether the caller may at any level
   */
  may(caller: Caller, action: AccessAction, dataset: string, level?: Level): boolean
  /** Whether there may be a dataset on which the caller may: to be asked before a store says which dataset it is. */
  mayAnywhere(caller: Caller, action: AccessAction): boolean
  mask(caller: Caller, dataset: string): FieldMask
}
