// The `ecluse` command: finds the verb, reads the configuration, runs the verb's file. Every error that reaches this
// page becomes one readable message and status 1, or 2 where the command itself was written wrongly.

import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { didYouMean } from '../governance/contract/did-you-mean.ts'
import type { RightKind } from '../governance/subjects/rights-request.ts'
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
    does: 'check schemas, policies, the access policy and the rules of alerts',
    takes: '[dataset] [--lock] [--json]',
    load: () => import('./check.ts'),
  },
  plan: {
    does: 'what the files here would change of what is live; status 3 if something is protected less',
    takes: '[dataset] [--json]',
    load: () => import('./plan.ts'),
  },
  reprotect: {
    does: 'protect anew what is stored of a dataset, as its policy asks today',
    takes: '<dataset> --reason TEXT [--plan] [--json]',
    load: () => import('./reprotect.ts'),
  },
  quarantine: {
    does: 'why events were rejected; their replay once that was mended, or their end',
    takes:
      '[dataset] | replay <dataset> --cause TEXT | --ids A,B [--schema VERSION] [--dry-run] | discard <dataset> --cause TEXT | --ids A,B --reason TEXT; [--json]',
    load: () => import('./quarantine.ts'),
  },
  records: {
    does: 'the record of processing activities (GDPR art. 30) from the policies here',
    takes: '[--language en|fr] [--json | --html]',
    load: () => import('./records.ts'),
  },
  retention: {
    does: 'what will go when, by dataset and store',
    takes: '[dataset] [--json]',
    load: () => import('./retention.ts'),
  },
  ledger: {
    does: 'what came in and what became of it, by minute; status 3 if it does not balance',
    takes: '[dataset] [--from TIME] [--to TIME] [--json]',
    load: () => import('./ledger.ts'),
  },
  alerts: {
    does: 'send a test message through each channel of a route, with the settings here',
    takes: 'test <route> [--dataset NAME] [--json]',
    load: () => import('./alerts.ts'),
  },
  anomalies: {
    does: 'what should not be of a dataset, newest first; what is to be said of one',
    takes:
      '<dataset> [--state STATE] [--kind KIND] [--severity S] | <dataset> --id ID [--state STATE] [--comment TEXT]; [--language en|fr] [--json]',
    load: () => import('./anomalies.ts'),
  },
  simulate: {
    does: 'post simulated events',
    takes: '<dataset> [--rate 50] [--bad 0.02] [--count N] [--seed N] [--json]',
    load: () => import('./simulate.ts'),
  },
  keys: {
    does: 'API keys, domain keys, and the keys that hold the others',
    takes:
      'create --role R [--role S] [--name N] [--datasets a,b] [--days N] | list | revoke ID | rotate DOMAIN | rotate-kek | rotate-lookup | signing; [--json]',
    load: () => import('./keys.ts'),
  },
  vault: {
    does: 'copy the embedded vault while it is used, and bring a copy back',
    takes: 'backup FILE [--epoch-keys FILE] | restore FILE [--epoch-keys FILE]; [--json]',
    load: () => import('./vault.ts'),
  },
  access: {
    does: 'who may what, by the access policy',
    takes: 'matrix [--json]',
    load: () => import('./access.ts'),
  },
  erase: rights('erasure', 'erase persons, with a certificate'),
  export: rights('export', 'give persons what is stored of them', '[--language en|fr]'),
  rectify: rights('rectification', 'correct what is stored of persons'),
  restrict: rights('restriction', 'keep what is stored of persons from being read, or lift that', '[--lift]'),
  object: rights('objection', 'keep persons out of one purpose', '--purpose TEXT [--withdraw]'),
  audit: {
    does: 'the audit as a file, and that file verified',
    takes: 'export FILE | verify FILE --key PEM [--since HEAD] [--days N] [--json]',
    load: () => import('./audit.ts'),
  },
  verify: {
    does: 'verify a signed document or a proof, offline',
    takes: '<file> --key PEM [--json]',
    load: () => import('./verify.ts'),
  },
  config: { does: 'print the effective configuration', takes: '[--json]', load: () => import('./config.ts') },
  doctor: {
    does: 'look for what would keep Écluse from running',
    takes: '[--json]',
    load: () => import('./doctor.ts'),
  },
}

function rights(kind: RightKind, does: string, own = ''): Entry {
  return {
    does,
    takes: `[file of \`<type> <id>\` or JSON lines, else standard input] --reason TEXT [--requester TEXT] ${own && `${own} `}[--out DIR] [--no-wait] [--json]`,
    load: async () => ({ default: (await import('./rights.ts')).rightsVerb(kind) }),
  }
}

// What was compiled once need not be again: a start takes half as long. Where it may not write there, it does without.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compiled'))

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
