import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { mostSevere } from '../anomalies/anomaly-kinds.ts'
import { alertEditorSchema } from './alert-policy.ts'
import { openLiveAlerts } from './live-alerts.ts'
import { loadAlerts } from './read-alerts.ts'

const NOW_MS = Date.parse('2026-11-21T12:00:00Z')
const POLICIES = new URL('../../policies/', import.meta.url)

async function dirWith(t: TestContext, text?: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'alerts-'))
  t.after(() => rm(dir, { recursive: true }))
  if (text !== undefined) await writeFile(join(dir, 'alerts.yaml'), text)
  return dir
}

/** `3:5 error: …` of each problem. */
async function problemsOf(t: TestContext, text: string, datasets?: string[]): Promise<string[]> {
  const { diagnostics } = await loadAlerts(await dirWith(t, text), { nowMs: NOW_MS, ...(datasets && { datasets }) })
  return diagnostics.map(d => `${d.line}:${d.column} ${d.severity}: ${d.message} ${d.fix}`)
}

test('the schema that editors complete the file with is the one that validates it', async () => {
  const fix = 'write JSON.stringify(alertEditorSchema()) to policies/alerts.schema.json and format it'
  const file = await readFile(new URL('alerts.schema.json', POLICIES), 'utf8')
  assert.deepEqual(JSON.parse(file), alertEditorSchema(), fix)
})

test('severities have an order, and what is none counts as the highest', () => {
  assert.equal(mostSevere(['medium', 'high', 'low']), 'high')
  assert.equal(mostSevere(['something new']), 'critical')
  assert.equal(mostSevere([]), 'low')
})

test('the file that comes with the project is sound', async () => {
  const { policy, diagnostics } = await loadAlerts(POLICIES.pathname, { nowMs: NOW_MS, datasets: ['transactions'] })
  assert.deepEqual(diagnostics, [])
  assert.deepEqual(policy!.routes[0]!.to, [{ kind: 'email', name: 'steward' }])
})

test('what a route leaves out has a default', async t => {
  const dir = await dirWith(t, 'routes:\n  - name: ops\n    to: [{ webhook: pager }]\n')
  assert.deepEqual((await loadAlerts(dir, { nowMs: NOW_MS })).policy, {
    routes: [
      {
        ...{ name: 'ops', datasets: undefined, kinds: undefined, leastRank: 0 },
        to: [{ kind: 'webhook', name: 'pager' }],
        by: ['dataset', 'kind'],
        ...{ waitMs: 30_000, intervalMs: 300_000, repeatMs: undefined, tellsResolved: true, language: 'en' },
      },
    ],
    silences: [],
  })
})

test('without the file nobody is told, and nothing is wrong', async t => {
  const { policy, diagnostics } = await loadAlerts(await dirWith(t), { nowMs: NOW_MS })
  assert.deepEqual([policy!.routes, diagnostics], [[], []])
})

test('a mistake is told with its place, and what was probably meant', async t => {
  const problems = await problemsOf(
    t,
    `routes:
  - name: ops
    when: { severity: hihg, kinds: [silense] }
    to: [{ email: steward, slack: team }, {}, { email: nobody }, { mail: a@b.example }]
    grup: { wait: 30s }
    language: de
`,
  )
  const said = (part: RegExp) =>
    assert.ok(
      problems.some(each => part.test(each)),
      `${part} in ${problems.join('\n')}`,
    )
  said(/^3:23 error: `hihg` is no severity\. Did you mean `high`\?/)
  said(/^3:37 error: `silense` is no .* Did you mean `silence`\?/)
  said(/^4:10 error: `0`: .*at most 1.* One of \{ email: steward \}/)
  said(/^4:43 error: `1`: .*at least 1/)
  said(/^4:56 error: `email` is not written as it should be\. An e-mail address; or steward/)
  said(/^4:68 error: the key `mail` is not known here\. Did you mean `email`\?/)
  said(/^5:5 error: the key `grup` is not known here\. Did you mean `group`\?/)
  said(/^6:15 error: `de` is no language\. .*`en`, `fr`/)
})

test('what contradicts itself is refused', async t => {
  assert.deepEqual(
    await problemsOf(
      t,
      `routes:
  - { name: a, to: [{ slack: x }, { email: owner }], group: { by: [kind] } }
  - { name: a, to: [{ slack: x }], group: { interval: 1h, repeat: 5m } }
silences:
  - { until: 2027-01-01, reason: "all quiet" }
  - { kind: conflict, until: soon, reason: "later" }
`,
    ),
    [
      '2:67 error: each dataset has its own owner, and anomalies of several would be told together. Add `dataset` here, or name an address.',
      '3:13 error: two routes are called `a`. Give each its own name.',
      '3:67 error: what is old would be repeated sooner than what is new is told. Write `repeat: 1h` or longer, or a shorter `interval`.',
      '5:5 error: this silence would hide everything. Add `dataset:` or `kind:`; to be told nothing at all, take the routes away.',
      '6:30 error: `soon` is no time. Write a time such as 2026-12-01T08:00:00Z, or a day.',
    ],
  )
})

test('an ended silence and an unknown dataset are warnings', async t => {
  assert.deepEqual(
    await problemsOf(
      t,
      `routes:
  - { name: a, when: { datasets: [transaction] }, to: [{ slack: x }] }
silences:
  - { dataset: transactions, until: 2026-11-21T11:59:59Z, reason: "was" }
`,
      ['transactions'],
    ),
    [
      '2:35 warning: no dataset `transaction` is declared. Did you mean `transactions`? Nothing of it would ever be told.',
      '4:37 warning: this silence has ended. Take it away.',
    ],
  )
})

test('a good edit is in force once it stays still; a broken one changes nothing, until it is mended', async t => {
  const dir = await dirWith(t)
  const told: number[] = []
  const alerts = await openLiveAlerts({
    policiesDir: dir,
    now: () => NOW_MS,
    onProblem: found => told.push(found.length),
  })
  const write = async (text: string) => {
    await writeFile(join(dir, 'alerts.yaml'), text)
    for (let looks = 0; looks < 3; looks++) await alerts.look()
  }
  const names = () => alerts.current().routes.map(({ name }) => name)
  assert.deepEqual(names(), [])
  await write('routes: [{ name: one, to: [{ slack: x }] }]\n')
  assert.deepEqual(names(), ['one'])
  await write('routes: [{ name: two, to: nobody }]\n')
  assert.deepEqual([names(), told, alerts.diagnostics().length], [['one'], [1], 1])
  await write('routes: [{ name: three, to: [{ slack: x }] }]\n')
  assert.deepEqual([names(), told, alerts.diagnostics().length], [['three'], [1, 0], 0])
  await rm(join(dir, 'alerts.yaml'))
  for (let looks = 0; looks < 3; looks++) await alerts.look()
  assert.deepEqual(names(), [])
})
