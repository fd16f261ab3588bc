// The `ecluse` command: finds the verb, reads the configuration, runs the verb's file. Every error that reaches this
// page becomes one readable message and status 1, or 2 where the command itself was written wrongly.

import { didYouMean } from '../governance/contract/did-you-mean.ts'
import { readConfig } from '../runtime/config.ts'
import { UsageError, type Verb } from './verb.ts'

interface Entry {
  does: string
  /** What may stand after the verb. */
  takes?: string
  load: () => Promise<{ default: Verb }>
}

const verbs: Record<string, Entry> = {
  serve: { does: 'run gateway and processors in one process', load: () => import('./serve.ts') },
  gateway: {
    does: 'run the gateway alone, on shared servers',
    takes: '[--workers N]',
    load: () => import('./gateway.ts'),
  },
  processors: { does: 'run the processors alone, on shared servers', load: () => import('./processors.ts') },
  demo: { does: 'serve, with simulated producers', load: () => import('./demo.ts') },
  check: {
    does: 'check schemas and policies',
    takes: '[dataset] [--lock] [--json]',
    load: () => import('./check.ts'),
  },
  simulate: {
    does: 'post simulated events',
    takes: '<dataset> [--rate 50] [--bad 0.02] [--count N] [--seed N] [--json]',
    load: () => import('./simulate.ts'),
  },
  keys: {
    does: 'API keys and domain keys',
    takes: 'create --role R [--datasets a,b] [--days N] | list | revoke ID | rotate DOMAIN',
    load: () => import('./keys.ts'),
  },
  config: { does: 'print the effective configuration', takes: '[--json]', load: () => import('./config.ts') },
  doctor: {
    does: 'look for what would keep Écluse from running',
    takes: '[--json]',
    load: () => import('./doctor.ts'),
  },
}

const HELP = ['--help', '-h']

const [name = 'help', ...args] = process.argv.slice(2)
process.exitCode = await run()

async function run(): Promise<number> {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (name === 'help' || HELP.includes(name)) {
    process.stdout.write(help())
    return 0
  }
  if (!verb) {
    process.stderr.write(`ecluse: there is no verb of this name. ${didYouMean(name, Object.keys(verbs))}\n${help()}`)
    return 2
  }
  if (args.some(arg => HELP.includes(arg))) {
    process.stdout.write(`Usage: ecluse ${name}${verb.takes ? ` ${verb.takes}` : ''}\n\n${verb.does}\n`)
    return 0
  }
  try {
    return await (await verb.load()).default(args, readConfig())
  } catch (error) {
    if (!(error instanceof Error)) throw error
    process.stderr.write(`ecluse ${name}: ${error.message}\n`)
    return isUsageError(error) ? 2 : 1
  }
}

/** Ours, and what node:util.parseArgs throws. */
function isUsageError(error: unknown): boolean {
  if (error instanceof UsageError) return true
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
}

function help(): string {
  const lines = Object.entries(verbs).map(
    ([verb, { does, takes }]) => `  ${verb.padEnd(12)}${does}${takes ? `: ${takes}` : ''}`,
  )
  return `Usage: ecluse <verb> [options]\n\n${lines.join('\n')}\n\nSettings are environment variables: ecluse config lists them.\n`
}
