// ecluse access matrix: who may what, as the access policy says, for every declared dataset.

import { parseArgs } from 'node:util'
import { loadAccess } from '../governance/access/live-access.ts'
import { matrixOf, printMatrix } from '../governance/access/print-matrix.ts'
import { loadContracts } from '../governance/contract/load.ts'
import { UsageError, type Verb } from './verb.ts'

const access: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { json: { type: 'boolean' } } })
  if (positionals.join(' ') !== 'matrix') throw new UsageError('say what to do: matrix')
  const { access } = await loadAccess(config.policiesDir)
  const { contracts } = await loadContracts(config)
  const datasets = [...contracts.keys()].sort()
  process.stdout.write(
    values.json ? `${JSON.stringify(matrixOf(access, datasets), null, 2)}\n` : printMatrix(access, datasets),
  )
  return 0
}

export default access
