// What a verb is: its arguments and the configuration in, an exit status out.

import type { Config } from '../runtime/config.ts'

export type Verb = (args: string[], config: Config) => Promise<number>

/** The command was written wrongly: status 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}
