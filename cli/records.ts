// ecluse records: the record of processing activities (GDPR art. 30), from the policies here.

import { parseArgs } from 'node:util'
import { formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { printHtml, printMarkdown } from '../governance/contract/print-processing-record.ts'
import { processingActivity } from '../governance/contract/processing-record.ts'
import { type Language, languages } from '../runtime/language.ts'
import { loadDeclared } from './check.ts'
import { UsageError, type Verb } from './verb.ts'

const records: Verb = async (args, config) => {
  const { values } = parseArgs({
    args,
    options: { json: { type: 'boolean' }, html: { type: 'boolean' }, language: { type: 'string', default: 'en' } },
  })
  const language = values.language as Language
  if (!languages.includes(language)) throw new UsageError(`the language is ${languages.join(' or ')}`)
  if (values.json && values.html) throw new UsageError('choose one of --json and --html')
  const { contracts, diagnostics } = await loadDeclared(config, false)
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  // A record that leaves a dataset out would be wrong without saying so.
  for (const error of errors) process.stderr.write(`${formatDiagnostic(error)}\n`)
  if (errors.length > 0) return 1
  const activities = [...contracts.values()].map(processingActivity)
  const print = values.html ? printHtml : printMarkdown
  process.stdout.write(values.json ? `${JSON.stringify(activities, null, 2)}\n` : print(activities, language))
  return 0
}

export default records
