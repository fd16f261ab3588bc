// ecluse demo: serve, with a simulated producer for each dataset.

import { parseArgs } from 'node:util'
import { untilAskedToStop } from '../runtime/shutdown.ts'
import { simulate, simulatedSources } from '../sources/simulate/simulate.ts'
import { clientApiKey } from './dev-credentials.ts'
import { start } from './start.ts'
import type { Verb } from './verb.ts'

const RATE_PER_SECOND = 20
const BAD_SHARE = 0.01

const demo: Verb = async (args, config) => {
  parseArgs({ args, options: {} })
  const asked = untilAskedToStop(config.shutdownMs)
  const running = await start(config, ['gateway', 'processors'])
  const apiKey = clientApiKey(config, 'producer')
  const stop = new AbortController()
  const simulations = simulatedSources.map(source =>
    simulate({
      url: running.address,
      apiKey,
      source,
      ratePerSecond: RATE_PER_SECOND,
      badShare: BAD_SHARE,
      seed: Date.now() % 2 ** 31,
      signal: stop.signal,
    }).catch(error => running.logger.error({ err: error, source }, 'the simulation ended')),
  )
  running.logger.info({ datasets: simulatedSources, ratePerSecond: RATE_PER_SECOND, badShare: BAD_SHARE }, 'simulating')
  await asked
  stop.abort()
  await Promise.all(simulations)
  await running.stop()
  return 0
}

export default demo
