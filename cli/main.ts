// The `ecluse` command: finds the verb, reads the configuration, runs the verb's file. Every error that reaches this
// page becomes one readable message and status 1.

import { didYouMean } from '../governance/contract/did-you-mean.ts'
import { readConfig } from '../runtime/config.ts'
import type { Verb } from './verb.ts'

const verbs: Record<string, { does: string; load: () => Promise<{ default: Verb }> }> = {
  serve: { does: 'run gateway and processors in one process', load: () => import('./serve.ts') },
  gateway: { does: 'run the gateway alone, on shared servers: [--workers N]', load: () => import('./gateway.ts') },
  processors: { does: 'run the processors alone, on shared servers', load: () => import('./processors.ts') },
  demo: { does: 'serve, with simulated producers', load: () => import('./demo.ts') },
  check: { does: 'check schemas and policies: [dataset] [--lock] [--json]', load: () => import('./check.ts') },
  simulate: {
    does: 'post simulated events: <dataset> [--rate 50] [--bad 0.02] [--count N] [--seed N] [--json]',
    load: () => import('./simulate.ts'),
  },
  keys: {
    does: 'API keys and domain keys: create --role R [--datasets a,b] [--days N] | list | revoke ID | rotate DOMAIN',
    load: () => import('./keys.ts'),
  },
  config: { does: 'print the effective configuration: [--json]', load: () => import('./config.ts') },
  doctor: { does: 'look for what would keep Écluse from running: [--json]', load: () => import('./doctor.ts') },
}

const [name = 'help', ...args] = process.argv.slice(2)
process.exitCode = await run()

async function run(): Promise<number> {
  if (['help', '--help', '-h'].includes(name)) {
    process.stdout.write(help())
    return 0
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!verb) {
    process.stderr.write(`ecluse: there is no verb of this name. ${didYouMean(name, Object.keys(verbs))}\n${help()}`)
    return 2
  }
  try {
    return await (await verb.load()).default(args, readConfig())
  } catch (error) {
    if (!(error instanceof Error)) throw error
    process.stderr.write(`ecluse ${name}: ${error.message}\n`)
    return isUsageError(error) ? 2 : 1
  }
}

/** What node:util.parseArgs throws. */
function isUsageError(error: unknown): boolean {
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
}

function help(): string {
  const lines = Object.entries(verbs).map(([verb, { does }]) => `  ${verb.padEnd(12)}${does}`)
  return `Usage: ecluse <verb> [options]\n\n${lines.join('\n')}\n\nSettings are environment variables: ecluse config lists them.\n`
}
