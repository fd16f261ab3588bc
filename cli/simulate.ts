// ecluse simulate: a producer like any other, over HTTP, with a share of bad events.

import { parseArgs } from 'node:util'
import { didYouMean } from '../governance/contract/did-you-mean.ts'
import { type SimulationTotals, simulate, simulatedSources } from '../sources/simulate/simulate.ts'
import type { SimulatedSource } from '../sources/simulate/spoil-event.ts'
import { clientApiKey } from './dev-credentials.ts'
import { UsageError, type Verb } from './verb.ts'

const simulateVerb: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rate: { type: 'string', default: '50' },
      bad: { type: 'string', default: '0.02' },
      count: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean' },
    },
  })
  const asked = positionals[0] ?? ''
  const source: SimulatedSource | undefined = simulatedSources.find(known => known === asked)
  if (!source)
    throw new UsageError(
      `name a dataset to simulate: ${simulatedSources.join(', ')}. ${didYouMean(asked, simulatedSources)}`,
    )
  const seed = readNumber('--seed', values.seed ?? String(Date.now() % 2 ** 31))
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  process.stderr.write(`simulating ${source} to ${config.url}, seed ${seed}; Ctrl-C ends it\n`)
  const totals = await simulate({
    url: config.url,
    apiKey: clientApiKey(config, 'producer'),
    source,
    ratePerSecond: readNumber('--rate', values.rate),
    badShare: readNumber('--bad', values.bad),
    ...(values.count === undefined ? {} : { count: readNumber('--count', values.count) }),
    seed,
    signal: stop.signal,
    ...(process.stderr.isTTY ? { onProgress: showProgress } : {}),
  })
  if (process.stderr.isTTY) process.stderr.write('\n')
  process.stdout.write(values.json ? `${JSON.stringify(totals)}\n` : `${sentence(totals)}\n`)
  return totals.failed > 0 ? 1 : 0
}

function readNumber(option: string, text: string): number {
  const number = Number(text)
  if (text === '' || !Number.isFinite(number)) throw new UsageError(`${option} is a number`)
  return number
}

function showProgress(totals: SimulationTotals): void {
  process.stderr.write(`\r${sentence(totals)}`)
}

function sentence({ sent, accepted, suppressed, rejected, failed }: SimulationTotals): string {
  return `sent ${sent}: accepted ${accepted}, suppressed ${suppressed}, rejected ${rejected}, unanswered ${failed}`
}

export default simulateVerb
