// A dataset of very many fields, declared while Écluse runs.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import type { StartedEcluse } from './start-ecluse.ts'

/** @returns pointers of its fields, once it is live */
export async function declareWide({ dir, call }: StartedEcluse, dataset: string, fields: number): Promise<string[]> {
  const names = Array.from({ length: fields }, (_, i) => `wide_${i}`)
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    additionalProperties: false,
    required: ['who'],
    properties: Object.fromEntries(['who', ...names].map(name => [name, { type: 'string', maxLength: 40 }])),
  }
  const policy = readFileSync(join(dir, 'policies/transactions.yaml'), 'utf8')
  const head = policy.slice(0, policy.indexOf('\nevent:')).replace('dataset: transactions', `dataset: ${dataset}`)
  const rules = names.map(name => `  /${name}: { level: internal, action: keep }`)
  const event = ['event:', '  subjects: [{ name: who, type: customer, id: /who }]', 'unclassified: encrypt', 'fields:']
  mkdirSync(join(dir, 'schemas', dataset))
  writeFileSync(join(dir, 'schemas', dataset, '1-0-0.json'), JSON.stringify(schema))
  writeFileSync(join(dir, 'policies', `${dataset}.yaml`), [head, ...event, ...rules, ''].join('\n'))
  const describe = () => call('data-steward', `/v1/datasets/${dataset}`)
  await eventually(`${dataset} is live`, async () => (await describe()).status === 200)
  return names.map(name => `/${name}`)
}
