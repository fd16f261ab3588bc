// Runs the README: its commands as they are written, against a real server; its answers, links and scripts must hold.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeDir, spawnEcluse } from './spawn-ecluse.ts'

const ROOT = join(import.meta.dirname, '..')
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const examples = [...readme.matchAll(/```sh\n([^`]*curl [^`]*)```\n```json\n([\s\S]*?)```/g)].map(
  ([, sh, json]) => [sh!, json!] as const,
)
const hasCurl = spawnSync('curl', ['--version']).status === 0

test('the README’s requests are answered as the README says', {
  skip: !hasCurl && 'there is no curl here',
}, async t => {
  const ecluse = await spawnEcluse()
  t.after(() => ecluse.end())
  assert.equal(examples.length, 3)
  for (const [script, answer] of examples) {
    await ecluse.settled()
    const shell = spawnSync('sh', ['-ec', script.replaceAll('http://127.0.0.1:8080', ecluse.url)], {
      cwd: ecluse.dir,
      encoding: 'utf8',
    })
    assert.equal(shell.status, 0, shell.stderr)
    assertHolds(JSON.parse(shell.stdout), JSON.parse(answer), '')
  }
})

test('ecluse check says what the README says it says', () => {
  const dir = makeDir()
  const policy = join(dir, 'policies/transactions.yaml')
  const check = () =>
    spawnSync(process.execPath, [join(ROOT, 'cli/main.ts'), 'check'], { cwd: dir, env: {}, encoding: 'utf8' }).stdout
  const [mistake = '', coverage = ''] = [...readme.matchAll(/```text\n([\s\S]*?)```/g)].map(([, text]) => text!)
  assert.ok(check().includes(coverage), check())
  writeFileSync(policy, readFileSync(policy, 'utf8').replace('action: pseudonymise }', 'action: pseudonimise }'))
  assert.ok(check().includes(mistake), check())
})

test('the README’s links and scripts exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const found = (pattern: RegExp) => [...readme.matchAll(pattern)].map(([, name]) => name!)
  for (const link of found(/\]\((?!https?:)([^)#]+)/g)) assert.ok(existsSync(join(ROOT, link)), link)
  for (const script of found(/\bnpm (?:run )?(start|test|(?<=run )\w+)\b/g)) assert.ok(scripts[script], script)
})

/** What the README shows is there; members it leaves out may be, and `…` stands for the rest of a text. */
function assertHolds(actual: unknown, shown: unknown, at: string): void {
  if (typeof shown === 'string' && shown.endsWith('…')) {
    assert.ok(String(actual).startsWith(shown.slice(0, -1)), `${at}: ${actual}`)
  } else if (typeof shown === 'object' && shown !== null) {
    if (Array.isArray(shown)) assert.equal((actual as unknown[]).length, shown.length, at)
    for (const [name, value] of Object.entries(shown))
      assertHolds((actual as Record<string, unknown>)[name], value, `${at}/${name}`)
  } else assert.equal(actual, shown, at)
}
