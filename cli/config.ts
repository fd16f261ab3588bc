// ecluse config: the effective settings, secrets masked.

import { parseArgs } from 'node:util'
import { describeConfig } from '../runtime/config.ts'
import type { Verb } from './verb.ts'

const config: Verb = async (args, effective) => {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean' } } })
  const rows = describeConfig(effective)
  if (values.json)
    process.stdout.write(`${JSON.stringify(Object.fromEntries(rows.map(([name, value]) => [name, value])), null, 2)}\n`)
  else for (const [name, value, meaning] of rows) process.stdout.write(`${name}=${value}\n    ${meaning}\n`)
  return 0
}

export default config
