// ecluse gateway: takes events, on servers that several processes share. With --workers n, n processes on one port.

import { parseArgs } from 'node:util'
import { untilAskedToStop } from '../runtime/shutdown.ts'
import { refuseEmbedded } from './refuse-embedded.ts'
import { runWorkers, tellAddress } from './run-workers.ts'
import { start } from './start.ts'
import { UsageError, type Verb } from './verb.ts'

const MAX_WORKERS = 64

const gateway: Verb = async (args, config) => {
  const { values } = parseArgs({
    args,
    options: { workers: { type: 'string', default: '1' }, 'share-port': { type: 'string' } },
  })
  const workers = Number(values.workers)
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS)
    throw new UsageError(`--workers is a whole number from 1 to ${MAX_WORKERS}`)
  refuseEmbedded(config)
  const asked = untilAskedToStop(config.shutdownMs)
  if (workers > 1) return runWorkers(workers, config, asked)
  // Only given by `runWorkers`.
  const shared = values['share-port']
  const running =
    shared === undefined
      ? await start(config, ['gateway'])
      : await start({ ...config, port: Number(shared) }, ['gateway'], { sharePort: true })
  if (shared !== undefined) tellAddress(running.address)
  await asked
  running.logger.info('stopping: finishing what was accepted')
  await running.stop()
  return 0
}

export default gateway
