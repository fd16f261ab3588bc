// ecluse processors: carries events from the log to where they rest, on servers that several processes share.

import { parseArgs } from 'node:util'
import { untilAskedToStop } from '../runtime/shutdown.ts'
import { refuseEmbedded } from './refuse-embedded.ts'
import { start } from './start.ts'
import type { Verb } from './verb.ts'

const processors: Verb = async (args, config) => {
  parseArgs({ args, options: {} })
  refuseEmbedded(config)
  const asked = untilAskedToStop(config.shutdownMs)
  const running = await start(config, ['processors'])
  await asked
  running.logger.info('stopping: finishing the batches at work')
  await running.stop()
  return 0
}

export default processors
