// What stewards do, and what takes a second person, by clicking, in both languages: rejected events are replayed once the
// schema is mended, or destroyed; anomalies are judged and quality is read; weaker policies are agreed to; a person behind
// a pseudonym is asked for.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { Language } from '../runtime/language.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { openBrowser, openReader, type Reader, signIn } from './open-browser.ts'
import { textsIn } from './page-texts.ts'
import { idOf, mendSchema, sale } from './quarantine.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

let ecluse: EcluseProcess
let browser: Browser
before(async () => {
  ecluse = await spawnEcluse({
    environment: {
      ECLUSE_LEASE_MS: '500',
      ECLUSE_WATCH_INTERVAL_MS: '100',
      ECLUSE_REQUEST_INTERVAL_MS: '50',
      ECLUSE_POLICY_APPROVAL: 'required',
    },
  })
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await ecluse?.end()
})

/** Somebody's window, on whose console nothing may be said. */
async function enter(role: string, language: Language): Promise<Reader> {
  const reader = await openReader(browser, ecluse.url, { language })
  await signIn(reader, ecluse.keys[role]!)
  return reader
}

async function leave(reader: Reader): Promise<void> {
  assert.deepEqual(reader.faults(), [])
  await reader.close()
}

async function open(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
}

async function reject(...events: object[]): Promise<void> {
  const { answer } = await ecluse.post('transactions', events)
  assert.equal(answer.rejected, events.length)
  await ecluse.settled()
}

/** A means of payment that no schema knows yet, and the version that mends it. */
const mended = { en: { means: 'cheque', version: '1-0-1' }, fr: { means: 'lettre_de_change', version: '1-0-2' } }
const CAUSE = '/moyen_paiement enum'

for (const language of ['en', 'fr'] as const) {
  const say = textsIn(language)
  const filled = (key: string, count: number) => say(key).replace('{count}', String(count))
  const pick = (page: Page, cause: string) =>
    page
      .getByRole('group', { name: say('quarantine.causes') })
      .getByRole('row', { name: cause })
      .getByRole('button')
      .click()

  describe(`in ${language}`, () => {
    test('a steward tries a replay in vain, mends the schema, and replays the cause; the page tells what changed', async () => {
      const { means, version } = mended[language]
      await reject(sale({ moyen_paiement: means }), sale({ moyen_paiement: means }))
      const reader = await enter('data-steward', language)
      const { page } = reader
      await open(page, say('page.quarantine'))
      await pick(page, CAUSE)
      await page.getByRole('button', { name: say('quarantine.dryRun') }).click()
      await page.getByText(say('quarantine.noneWould')).waitFor()

      await mendSchema(ecluse, version, ({ properties }) => (properties.moyen_paiement!.enum as string[]).push(means))
      await page
        .getByRole('button', { name: say('again') })
        .first()
        .click()
      await page.getByText(say('quarantine.mayPassLong')).waitFor()
      await page.getByRole('button', { name: say('quarantine.dryRun') }).click()
      const planned = page.getByRole('group', { name: say('quarantine.dryRun') }).getByRole('row')
      await planned.getByText(say('became.replay.accepted'), { exact: true }).waitFor()
      await page.getByRole('button', { name: filled('quarantine.replayDo', 2) }).click()
      const replayed = page.getByRole('group', { name: say('quarantine.replayed'), exact: true })
      await replayed.getByText(say('means.replay.accepted')).waitFor()
      await page.getByText(say('quarantine.allLeft')).waitFor()
      assert.ok(!reader.answers().includes(`"${means}"`), 'no answer of the quarantine held the value')

      await open(page, say('page.datasets'))
      await page.getByRole('link', { name: 'transactions' }).click()
      const changed = page.getByRole('row', { name: '/moyen_paiement' }).getByText(`+ "${means}"`)
      await changed.waitFor()
      await leave(reader)
    })

    test('a steward destroys rejected events that will never pass, for a reason that the audit keeps', async () => {
      await reject(sale({ montant: 'plenty' }))
      const reader = await enter('data-steward', language)
      const { page } = reader
      await open(page, say('page.quarantine'))
      await pick(page, '/montant type')
      await page.getByText(say('quarantine.discard')).click()
      await page.getByLabel(say('quarantine.reason')).fill('ticket 4711: a test till')
      await page.getByLabel(say('quarantine.sure')).check()
      await page.getByRole('button', { name: filled('quarantine.discardDo', 1) }).click()
      await page.getByText(say('means.discard.discarded')).waitFor()
      const filed = page
        .getByRole('group', { name: say('quarantine.done') })
        .getByRole('row', { name: '/montant type' })
      await filed.getByText(say('work.done')).first().waitFor()
      await leave(reader)
      const entries = await ecluse.call('dpo', '/v1/audit/entries?kind=discard-requested')
      assert.match(await entries.text(), /ticket 4711/)
    })

    test('a steward acknowledges an anomaly with a comment, and others see who did', async () => {
      const event = sale({ montant: 10 })
      for (const montant of [10, 20]) await ecluse.post('transactions', { ...event, montant })
      await ecluse.settled()
      const [steward, owner] = [await enter('data-steward', language), await enter('data-owner', language)]
      const { page } = steward
      await open(page, say('page.anomalies'))
      await page.getByLabel(say('dataset')).selectOption('transactions')
      await page.getByLabel(say('requests.state')).selectOption('open')
      await page
        .getByRole('link', { name: say('anomaly.conflict') })
        .first()
        .click()
      await page.getByLabel(say('anomalies.comment')).fill('asking the producer')
      await page.getByRole('button', { name: say('anomalies.judgeDo') }).click()
      await page.locator('.big-state').getByText(say('state.acknowledged')).waitFor()

      await open(owner.page, say('page.anomalies'))
      await owner.page.getByLabel(say('dataset')).selectOption('transactions')
      await owner.page.getByLabel(say('requests.state')).selectOption('acknowledged')
      await owner.page
        .getByRole('link', { name: say('anomaly.conflict') })
        .first()
        .click()
      const judged = owner.page.getByRole('row', { name: 'asking the producer' })
      const who = (await (await ecluse.call('data-steward', '/v1/access/me')).json()) as { id: string }
      await judged.getByText(who.id).waitFor()
      // The way to the event, and to what the copies hold.
      await owner.page.getByRole('link', { name: idOf(event) }).click()
      await owner.page
        .getByRole('list', { name: say('passport.steps') })
        .getByText(say('passport.conflict'))
        .waitFor()
      await owner.page.getByRole('row', { name: '/montant 10 20' }).waitFor()
      await Promise.all([leave(steward), leave(owner)])
    })

    test('a steward judges a flood of conflicts at once, and each says so', async () => {
      const events = Array.from({ length: 12 }, () => sale({ montant: 10 }))
      for (const montant of [10, 20]) {
        const { answer } = await ecluse.post(
          'transactions',
          events.map(event => ({ ...event, montant })),
        )
        assert.equal(answer.accepted, events.length)
        await ecluse.settled()
      }
      const steward = await enter('data-steward', language)
      const { page } = steward
      await open(page, say('page.anomalies'))
      await page.getByLabel(say('dataset')).selectOption('transactions')
      await page.getByLabel(say('requests.state')).selectOption('open')
      await page.getByRole('button', { name: `${say('anomaly.conflict')} (12)` }).click()
      await page.locator('.choice').getByText(say('judge.resolved'), { exact: true }).click()
      await page.getByLabel(say('anomalies.comment')).fill(`sent twice, ${language}`)
      await page.getByRole('button', { name: filled('anomalies.judgeAll', 12) }).click()
      const judged = await eventually('all are resolved', async () => {
        const path = '/v1/anomalies?dataset=transactions&kind=conflict&state=resolved'
        const { items } = (await (await ecluse.call('data-steward', path)).json()) as {
          items: { event: { id: string }; history: { comment?: string }[] }[]
        }
        const said = items.filter(({ history }) => history.at(-1)!.comment === `sent twice, ${language}`)
        return said.length === events.length && said
      })
      assert.deepEqual(judged.map(({ event }) => event.id).sort(), events.map(idOf).sort())
      await leave(steward)
    })

    test('an analyst reads a quality report and takes it along as CSV, and no value with it', async () => {
      const nowhere = `12, rue ${randomUUID()}`
      const { answer } = await ecluse.post(
        'transactions',
        Array.from({ length: 6 }, () => sale({ lieu: nowhere })),
      )
      assert.equal(answer.accepted, 6)
      await ecluse.settled()
      const reader = await enter('analyst', language)
      const { page } = reader
      await open(page, say('page.quality'))
      await page.getByLabel(say('dataset')).selectOption('transactions')
      await page.getByText(say('quality.formula')).waitFor()
      const heat = page.getByRole('group', { name: say('quality.heat') })
      await heat.getByRole('rowheader', { name: '/lieu' }).waitFor()
      await page.locator('.choice').getByText(say('trend.volume'), { exact: true }).click()
      await page.getByText(say('chart.asTable')).click()
      await page
        .getByRole('group', { name: say('trendOf.volume') })
        .getByRole('columnheader', { name: say('volume.rejected') })
        .waitFor()
      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: say('quality.csv') }).click()
      const csv = await readFile(await (await download).path(), 'utf8')
      assert.match(csv, /^\ufeff"dataset","from","to","measure","about","value","of"\r\n/)
      assert.match(csv, /"missing","\/lieu",0,\d+\r\n/)
      await page.evaluate('window.print = () => document.body.setAttribute("data-printed", "")')
      await page.getByRole('button', { name: say('quality.print') }).click()
      await page.locator('body[data-printed]').waitFor()
      await page.emulateMedia({ media: 'print' })
      await page.getByRole('navigation').waitFor({ state: 'hidden' })
      assert.ok(await heat.isVisible())
      for (const text of [csv, await page.content(), reader.answers()]) assert.ok(!text.includes(nowhere))
      await leave(reader)
    })

    test('a data protection officer agrees to an edit that weakens protection, and it goes live', async () => {
      const path = join(ecluse.policiesDir, 'transactions.yaml')
      const text = readFileSync(path, 'utf8')
      const weaker = text.replace('level: confidential, action: pseudonymise }', 'level: confidential, action: keep }')
      assert.notEqual(weaker, text)
      const live = async () => (await ecluse.call('dpo', '/v1/datasets/transactions/policy')).text()
      writeFileSync(path, weaker)
      const waiting = () => ecluse.call('dpo', '/v1/policy-approvals').then(answer => answer.text())
      await eventually('the edit waits', async () => (await waiting()).includes('pseudonymise becomes keep'))
      assert.equal(await live(), text)
      const reader = await enter('dpo', language)
      const { page } = reader
      await open(page, say('page.datasets'))
      await page.getByRole('link', { name: 'transactions' }).click()
      await page
        .locator('.notice')
        .getByRole('link', { name: say('page.approvals') })
        .click()
      await page.getByText('/utilisateur/email: pseudonymise becomes keep').first().waitFor()
      await page.getByLabel(say('approvals.reason')).fill('agreed with the works council')
      await page.getByRole('button', { name: say('approvals.approve') }).click()
      await page.getByText(say('approvals.done')).waitFor()
      await eventually('the edit is live', async () => (await live()) === weaker)
      await page.getByRole('button', { name: say('again') }).click()
      await page.getByText(say('approvals.none')).waitFor()
      await leave(reader)
      writeFileSync(path, text)
      await eventually('it is taken back', async () => (await live()) === text)
    })

    test('an owner asks who is behind a pseudonym; an officer agrees; the owner alone sees it', async () => {
      const person = randomUUID()
      const event = transactionOf(person)
      assert.equal((await ecluse.post('transactions', event)).answer.accepted, 1)
      await ecluse.settled()
      const stored = await ecluse.call('data-owner', `/v1/datasets/transactions/events/${event.id_transaction}`)
      const { subject } = (await stored.json()) as { subject: string }
      const [owner, officer] = [await enter('data-owner', language), await enter('dpo', language)]
      await open(owner.page, say('page.reidentification'))
      const dataset = owner.page.getByLabel(say('dataset'))
      await dataset.selectOption('transactions')
      await owner.page.getByLabel(say('explore.subject')).fill(subject)
      await owner.page.getByLabel(say('identity.purpose')).fill('a fraud the bank told of')
      await owner.page.getByRole('button', { name: say('identity.ask') }).click()
      await owner.page.locator('.big-state').getByText(say('identity.pending')).waitFor()

      await open(officer.page, say('page.reidentification'))
      const asked = officer.page.getByRole('group', { name: say('identity.all') }).getByRole('row')
      await asked
        .filter({ hasText: say('identity.pending') })
        .first()
        .getByRole('link')
        .click()
      await officer.page.getByText('a fraud the bank told of').waitFor()
      await officer.page.getByRole('button', { name: say('identity.approve') }).click()
      await officer.page.locator('.big-state').getByText(say('identity.approved')).waitFor()
      assert.ok(!officer.answers().includes(person))

      await owner.page.getByRole('button', { name: say('again') }).click()
      await owner.page.getByRole('button', { name: say('identity.look') }).click()
      await owner.page.getByText(person).waitFor()
      await Promise.all([leave(owner), leave(officer)])
    })
  })
}
