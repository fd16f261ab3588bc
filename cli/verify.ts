// ecluse verify: whether a signed document or a proof is exactly what was signed, offline.

import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { verifyDocument } from '../governance/audit/verify-document.ts'
import { readKeys, refuse } from './audit.ts'
import { UsageError, type Verb } from './verb.ts'

const verify: Verb = async args => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { key: { type: 'string', multiple: true }, json: { type: 'boolean' } },
  })
  const [file, ...more] = positionals
  if (!file || more.length > 0) throw new UsageError('name the file to verify')
  const publicKeys = await readKeys(values.key)
  const bytes = await readFile(file)
  try {
    const found = verifyDocument(bytes, publicKeys)
    process.stdout.write(
      values.json ? `${JSON.stringify({ valid: true, ...found })}\n` : `Valid ${found.type}: ${found.shows}.\n`,
    )
    return 0
  } catch (error) {
    return refuse(file, error as Error, values.json)
  }
}

export default verify
