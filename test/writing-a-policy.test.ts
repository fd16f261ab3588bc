// Runs the guide for stewards: its example must be a good policy, and `ecluse check` must say of each mistake what the
// guide says it says.

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { loadContracts } from '../governance/contract/load.ts'

const guide = await readFile(new URL('../docs/writing-a-policy.md', import.meta.url), 'utf8')
const policy = fenced(guide, 'yaml')
const schema = fenced(guide, 'json')

function fenced(text: string, language: string): string {
  const block = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1]
  assert.ok(block, `the guide has no block of ${language}`)
  return block
}

/** What `ecluse check` says of a policy for the example's schema: errors, or warnings where there is no error. */
async function check(policyText: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ecluse-guide-'))
  try {
    await mkdir(join(dir, 'schemas/deliveries'), { recursive: true })
    await mkdir(join(dir, 'policies'))
    await writeFile(join(dir, 'schemas/deliveries/1-0-0.json'), schema)
    await writeFile(join(dir, 'policies/deliveries.yaml'), policyText)
    const { diagnostics } = await loadContracts({
      schemasDir: join(dir, 'schemas'),
      policiesDir: join(dir, 'policies'),
      maxViolations: 20,
      nowMs: Date.UTC(2026, 10, 21),
    })
    const found = diagnostics.filter(({ file }) => file.endsWith('.yaml'))
    const errors = found.filter(({ severity }) => severity === 'error')
    const said = (errors.length > 0 ? errors : found).map(formatDiagnostic).join('\n')
    return said.replaceAll(`${dir}/`, '')
  } finally {
    await rm(dir, { recursive: true })
  }
}

test('the example of the guide is a good policy', async () => {
  assert.equal(await check(policy), '')
})

test('the aggregate of the guide is a good one for the example', async () => {
  const aggregates = fenced(guide.slice(guide.indexOf('## Aggregates')), 'yaml')
  assert.match(aggregates, /^aggregates:/)
  assert.equal(await check(policy + aggregates), '')
})

test('the computed fields of the guide are good ones for the example', async () => {
  const computed = fenced(guide.slice(guide.indexOf('## Computed fields')), 'yaml')
  assert.match(computed, /^computed:/)
  assert.equal(await check(policy.replace('fields:\n', () => computed)), '')
})

test('the promises of the guide are good ones for the example', async () => {
  const quality = fenced(guide.slice(guide.indexOf('## Quality')), 'yaml')
  assert.match(quality, /^quality:/)
  assert.equal(await check(policy + quality), '')
})

for (const mistake of guide.split(/^### (?=\d)/m).slice(1)) {
  test(`ecluse check says what the guide says of mistake ${mistake.slice(0, mistake.indexOf('\n'))}`, async () => {
    const change = fenced(mistake, 'diff').match(/^[-+].*\n/gm)!
    const before = change.filter(line => line.startsWith('-')).map(line => line.slice(1))
    const after = change.filter(line => line.startsWith('+')).map(line => line.slice(1))
    assert.ok(policy.includes(before.join('')), 'the line that is changed stands in the example')
    const said = await check(policy.replace(before.join(''), () => after.join('')))
    assert.equal(said, fenced(mistake, 'text').trimEnd())
  })
}
