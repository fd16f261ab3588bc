// Pictures of the pages for the documentation, in both languages: taken at each run, kept where
// `ECLUSE_TEST_PICTURES=docs/images npm run test:browser` says.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { Language } from '../runtime/language.ts'
import { simulate } from '../sources/simulate/simulate.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import type { JsonObject } from '../storage/json.ts'
import { QUALITY_HOURS } from '../storage/stored-quality.ts'
import { collections } from '../storage/stored-shapes.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { openBrowser, openReader, picturesDir, signIn, visit } from './open-browser.ts'
import { textsIn } from './page-texts.ts'
import { mendSchema, sale } from './quarantine.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { seedAnomaly, seedQuality } from './seed-quality.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const dir = picturesDir()
const PERSON = 'C-1042'
const scene = { width: 1_360, height: 900 }

let ecluse: EcluseProcess
let browser: Browser
const stop = new AbortController()
const flows: Promise<unknown>[] = []
let erasure: string
let anomaly: string

before(async () => {
  ecluse = await spawnEcluse({
    environment: {
      ECLUSE_AUDIT_HEAD_MS: '200',
      ECLUSE_LEASE_MS: '500',
      ECLUSE_POLICY_APPROVAL: 'required',
      // Nobody compares the past that is made up here with an archive.
      ECLUSE_MAINTENANCE_INTERVAL_MS: '3600000',
    },
  })
  for (const [source, ratePerSecond] of [
    ['transactions', 60],
    ['user-profiles', 15],
  ] as const)
    flows.push(
      simulate({
        url: ecluse.url,
        apiKey: ecluse.keys.producer!,
        source,
        ratePerSecond,
        badShare: 0.04,
        seed: 7,
        signal: stop.signal,
      }),
    )
  const event = transactionOf(PERSON)
  await ecluse.post('transactions', [event, transactionOf('C-1043')])
  for (const [role, purpose] of [
    ['data-owner', 'a complaint about a payment'],
    ['data-owner', 'a check by the accounts'],
  ] as const)
    await eventually('it is read', async () => {
      const path = `/v1/datasets/transactions/events/${(event as JsonObject).id_transaction}?clear=true&purpose=${purpose}`
      return (await ecluse.call(role, path)).status === 200
    })
  const filed = await fileRight(ecluse, 'erasure', customer('C-1043'))
  await rightDone(ecluse, filed)
  await rightDone(ecluse, await fileRight(ecluse, 'export', customer(PERSON)))
  erasure = filed.id
  await ecluse.post(
    'transactions',
    Array.from({ length: 12 }, () => sale({ moyen_paiement: 'cheque' })),
  )
  await mendSchema(ecluse, '1-0-1', ({ properties }) => (properties.moyen_paiement!.enum as string[]).push('cheque'))
  const policy = join(ecluse.policiesDir, 'transactions.yaml')
  const weaker = ['level: confidential, action: pseudonymise }', 'level: confidential, action: keep }'] as const
  writeFileSync(policy, readFileSync(policy, 'utf8').replace(...weaker))
  anomaly = await seedPast()
  browser = await openBrowser()
})
after(async () => {
  stop.abort()
  await Promise.allSettled(flows)
  await browser?.close()
  await ecluse?.end()
})

/** A day of quality, and an anomaly. @returns its id */
async function seedPast(): Promise<string> {
  const documents = await openSqliteDocuments(join(ecluse.dataDir, 'documents.sqlite'))
  for (const name of [QUALITY_HOURS, 'ledger', 'anomalies'] as const)
    await documents.ensureCollection(name, collections[name])
  const contract = (await (await ecluse.call('data-owner', '/v1/datasets/transactions')).json()) as {
    fields: { pointer: string }[]
  }
  await seedQuality(documents, {
    dataset: 'transactions',
    hours: 30,
    pointers: contract.fields.map(({ pointer }) => pointer),
    numbersAt: '/montant',
    worsening: ['/utilisateur/email', '/lieu'],
    causes: ['/montant minimum', '/moyen_paiement enum', '(event) additionalProperties', '/date time'],
    rules: ['transfers-go-through-a-bank', 'purchases-cost-something'],
  })
  const id = await seedAnomaly(documents, 'transactions')
  await documents.close()
  return id
}

for (const language of ['en', 'fr'] as const)
  test(`the pages are pictured in ${language}`, async () => {
    const steward = await openReader(browser, ecluse.url, { language, ...scene })
    await signIn(steward, ecluse.keys['data-steward']!)
    const { page } = steward
    const take = (name: string, of = page) => of.screenshot({ path: join(dir, `${name}.${language}.png`) })
    const say = textsIn(language)
    await page.locator('.chart canvas').waitFor()
    await page.getByText(say('chart.asTable')).click()
    await page
      .getByRole('group', { name: say('overview.rateTable') })
      .locator('tbody tr')
      .nth(9)
      .waitFor()
    await page.getByText(say('chart.asTable')).click()
    await page.locator('h1').focus()
    await take('overview')
    await visit(steward, '#/datasets/transactions')
    await page.getByRole('group', { name: say('dataset.fields') }).waitFor()
    await take('dataset')
    await visit(steward, '#/explore?dataset=user-profiles&aggregate=by-country')
    await page.locator('.bars').waitFor()
    await take('explore')
    await visit(steward, '#/quality?dataset=transactions')
    await page.locator('.chart canvas').waitFor()
    await take('quality')
    await page.evaluate("document.getElementById('fields').scrollIntoView()")
    await take('quality-fields')
    await visit(steward, `#/anomalies/${encodeURIComponent(anomaly)}`)
    await page.getByRole('button', { name: say('anomalies.judgeDo') }).waitFor()
    await take('anomaly')
    await visit(steward, '#/quarantine?dataset=transactions')
    await reveal(page, language)
    await take('quarantine')
    await visit(steward, '#/quarantine?dataset=transactions&cause=%2Fmoyen_paiement%20enum')
    await page.getByRole('button', { name: say('quarantine.dryRun') }).click()
    const counts = page.getByRole('group', { name: say('quarantine.dryRun') })
    await counts.waitFor()
    await page
      .getByRole('group', { name: say('quarantine.entries') })
      .locator('tbody tr')
      .nth(5)
      .waitFor()
    await page.setViewportSize({ width: scene.width, height: 1_200 })
    await page.evaluate("document.getElementById('cause').scrollIntoView()")
    await take('replay')
    await page.setViewportSize(scene)
    assert.deepEqual(steward.faults(), [])
    await steward.close()

    const officer = await openReader(browser, ecluse.url, { language, colours: 'dark', ...scene })
    await signIn(officer, ecluse.keys.dpo!)
    await visit(officer, '#/requests')
    await officer.page.getByRole('group', { name: say('requests.filed') }).waitFor()
    await take('requests', officer.page)
    await visit(officer, `#/requests/erasure/${erasure}`)
    await officer.page.getByRole('group', { name: say('request.holders') }).waitFor()
    await take('erasure', officer.page)
    await visit(officer, '#/approvals')
    await officer.page.getByRole('button', { name: say('approvals.approve') }).waitFor()
    await take('approvals', officer.page)
    await visit(officer, '#/audit')
    await officer.page.getByLabel(say('audit.by.subject'), { exact: true }).last().fill(PERSON)
    await officer.page.getByRole('button', { name: say('audit.ask') }).click()
    await officer.page.getByRole('group', { name: say('audit.person') }).waitFor()
    await take('audit', officer.page)
    await visit(officer, '#/access')
    await officer.page.getByRole('table').first().waitFor()
    await take('access', officer.page)
    assert.deepEqual(officer.faults(), [])
    await officer.close()
  })

async function reveal(page: Page, language: Language): Promise<void> {
  const say = textsIn(language)
  const causes = page.getByRole('group', { name: say('quarantine.causes') })
  await causes.getByRole('row', { name: '/montant minimum' }).getByRole('button').click()
  await page.getByRole('region', { name: '/montant minimum', exact: true }).waitFor()
  await page
    .getByRole('button', { name: say('quarantine.open') })
    .first()
    .click()
  await page.getByLabel(say('quarantine.purpose')).fill(`mending the feed ${randomUUID().slice(0, 4)}`)
  await page.evaluate("document.getElementById('entries').scrollIntoView()")
}
