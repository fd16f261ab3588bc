// ecluse serve: gateway and processors in one process, on the stores that the configuration names.

import { parseArgs } from 'node:util'
import { untilAskedToStop } from '../runtime/shutdown.ts'
import { start } from './start.ts'
import type { Verb } from './verb.ts'

const serve: Verb = async (args, config) => {
  parseArgs({ args, options: {} })
  const asked = untilAskedToStop(config.shutdownMs)
  const running = await start(config, ['gateway', 'processors'])
  await asked
  running.logger.info('stopping: finishing what was accepted')
  await running.stop()
  return 0
}

export default serve
