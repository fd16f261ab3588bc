// The work of a day, done by clicking, in both languages: in a real browser, against a real Écluse.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import type { Language } from '../runtime/language.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { openBrowser, openReader, type Reader, signIn, visit } from './open-browser.ts'
import { textsIn } from './page-texts.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

/** A hundred groups for each payment. */
const BY_PAYER = `  by-payer:
    window: { hopping: { size: 100m, every: 1m } }
    groupBy: [/utilisateur/email]
    perPerson: true
    measures: { payments: count }
  by-type:
`

let ecluse: EcluseProcess
let browser: Browser
before(async () => {
  const dir = makeDir()
  const policy = join(dir, 'policies/transactions.yaml')
  writeFileSync(policy, readFileSync(policy, 'utf8').replace('  by-type:\n', BY_PAYER))
  ecluse = await spawnEcluse({
    dir,
    environment: { ECLUSE_LEASE_MS: '500', ECLUSE_AUDIT_HEAD_MS: '200', ECLUSE_MAINTENANCE_INTERVAL_MS: '500' },
  })
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await ecluse?.end()
})

/** Does something as a role, in a window of its own, on whose console nothing may be said. */
async function as(role: string, language: Language, work: (page: Page, reader: Reader) => Promise<void>) {
  const reader = await openReader(browser, ecluse.url, { language })
  await signIn(reader, ecluse.keys[role]!)
  await work(reader.page, reader)
  assert.deepEqual(reader.faults(), [])
  await reader.close()
}

async function open(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
}

/** One of few. */
function choose(page: Page, text: string): Promise<void> {
  return page.locator('.choice').getByText(text, { exact: true }).click()
}

async function accepted(...events: object[]): Promise<void> {
  const { answer } = await ecluse.post('transactions', events)
  assert.equal(answer.accepted, events.length)
  await ecluse.settled()
}

test('of more groups than are drawn, an analyst sees the newest, and is told so above them', async () => {
  const [say, person, newestMs] = [textsIn('en'), randomUUID(), Date.now() - 60_000]
  const minutes = Array.from({ length: 11 }, (_, i) => 100 * (10 - i))
  await accepted(...minutes.map(ago => transactionOf(person, { date: localTime(newestMs - ago * 60_000) })))
  await as('analyst', 'en', async (page, reader) => {
    await visit(reader, '#/explore?dataset=transactions&aggregate=by-payer')
    const window = page.getByRole('combobox', { name: say('explore.window') })
    const newest = new Date(Math.floor(newestMs / 60_000) * 60_000).toISOString()
    assert.equal(await window.inputValue(), newest)
    const note = page.getByText(say('explore.cut').replace('{count}', '1,000'))
    const [above, below] = [await note.boundingBox(), await page.locator('.bars').boundingBox()]
    assert.ok(above!.y < below!.y)
  })
})

test('an address that nobody can read shows that there is no such page', async () => {
  await as('analyst', 'en', async (page, reader) => {
    await visit(reader, '#/datasets/%E0%A4%A')
    await page.getByRole('heading', { name: textsIn('en')('notOffered.title') }).waitFor()
  })
})

for (const language of ['en', 'fr'] as const) {
  const say = textsIn(language)

  describe(`in ${language}`, () => {
    test('somebody signs in, is told when a key is wrong, and signs out', async () => {
      const reader = await openReader(browser, ecluse.url, { language })
      const { page } = reader
      await page.getByRole('heading', { name: say('signIn') }).waitFor()
      await page.getByLabel(say('signIn.credential')).fill('eck_0123456789abcdef_wrong')
      await page.getByRole('button', { name: say('signIn') }).click()
      await page.getByRole('alert').getByText(say('problem.unauthenticated')).waitFor()
      // The browser itself notes that the answer was 401.
      assert.deepEqual(
        reader.faults().filter(fault => !fault.includes('401')),
        [],
      )
      await signIn(reader, ecluse.keys.analyst!)
      await page.getByText(say('role.analyst'), { exact: true }).waitFor()
      await page.getByRole('button', { name: say('signOut') }).click()
      await page.getByRole('heading', { name: say('signIn') }).waitFor()
      assert.deepEqual(await page.context().cookies(), [])
      assert.deepEqual(reader.faults(), [])
      await reader.close()
    })

    test('a data protection officer files an erasure, watches it end, and has its certificate', async () => {
      const person = randomUUID()
      await accepted(transactionOf(person))
      await as('dpo', language, async page => {
        await open(page, say('page.requests'))
        await page.getByLabel(say('requests.id')).fill(person)
        await page.getByLabel(say('requests.reason'), { exact: true }).fill('a letter')
        await page.getByLabel(say('requests.sure')).check()
        await page.getByRole('button', { name: say('file.erasure') }).click()
        await page.getByRole('heading', { level: 1, name: say('kind.erasure') }).waitFor()
        await page.locator('.big-state').getByText(say('state.done')).waitFor()
        await page.getByRole('row', { name: say('holder.documents') }).waitFor()
        const download = page.waitForEvent('download')
        await page.getByRole('link', { name: say('request.certificate') }).click()
        const certificate = await readFile(await (await download).path(), 'utf8')
        assert.deepEqual(JSON.parse(certificate).payload.persons, { erased: 1, erasedBefore: 0, unknown: 0 })
        assert.ok(!(await page.content()).includes(person))
        assert.ok(!page.url().includes(person))
      })
    })

    test('a data protection officer sees whom a blocked request is about, when that is asked for', async () => {
      const person = randomUUID()
      await accepted(transactionOf(person))
      const subject = { type: 'customer', id: person }
      const post = async (path: string, body: object) => {
        const headers = { 'content-type': 'application/json' }
        const response = await ecluse.call('dpo', path, { method: 'POST', headers, body: JSON.stringify(body) })
        assert.ok(response.ok)
        return (await response.json()) as { id: string }
      }
      await post('/v1/legal-holds', { subject, reason: 'a lawsuit' })
      const { id } = await post('/v1/erasure-requests', { subject, reason: 'a letter', requester: 'by phone' })
      await as('dpo', language, async page => {
        await open(page, say('page.requests'))
        await page.locator(`a[href$="${id}"]`).click()
        await page.getByRole('button', { name: say('request.look') }).click()
        for (const text of [person, 'a letter', 'by phone']) await page.getByText(text, { exact: true }).waitFor()
        await page.getByRole('button', { name: say('hide') }).click()
        await page.getByRole('button', { name: say('request.look') }).waitFor()
        assert.ok(!(await page.content()).includes(person))
      })
    })

    test('a data protection officer asks for an export and fetches the package', async () => {
      const person = randomUUID()
      await accepted(transactionOf(person))
      await as('dpo', language, async page => {
        await open(page, say('page.requests'))
        await choose(page, say('kind.export'))
        await page.getByLabel(say('requests.id')).fill(person)
        await page.getByLabel(say('requests.reason'), { exact: true }).fill('a letter')
        await page.getByRole('button', { name: say('file.export') }).click()
        await page.locator('.big-state').getByText(say('state.done')).waitFor()
        const download = page.waitForEvent('download')
        await page.getByRole('link', { name: say('request.package') }).click()
        const bytes = await readFile(await (await download).path())
        assert.equal(bytes.subarray(0, 2).toString(), 'PK')
      })
    })

    test('a data protection officer finds out who read a person’s data, and why', async () => {
      const [person, purpose] = [randomUUID(), `a complaint ${randomUUID()}`]
      const event = transactionOf(person)
      await accepted(event)
      const path = `/v1/datasets/transactions/events/${event.id_transaction}?clear=true&purpose=${encodeURIComponent(purpose)}`
      assert.equal((await ecluse.call('data-owner', path)).status, 200)
      await ecluse.settled()
      await as('dpo', language, async page => {
        await open(page, say('page.audit'))
        await page.getByLabel(say('audit.by.subject'), { exact: true }).last().fill(person)
        await page.getByRole('button', { name: say('audit.ask') }).click()
        const found = page.getByRole('group', { name: say('audit.person') }).getByRole('row', { name: purpose })
        await found.getByText(say('audited.clear-read')).waitFor()
      })
    })

    test('an auditor verifies in the browser that an entry stands in the signed audit', async () => {
      await as('auditor', language, async page => {
        await open(page, say('page.audit'))
        const oldest = page
          .getByRole('group', { name: say('audit.entries') })
          .getByRole('row')
          .last()
        await oldest.getByRole('button', { name: say('audit.verify') }).click()
        for (const check of ['entry', 'tree', 'signature']) await oldest.getByText(say(`check.${check}.good`)).waitFor()
      })
    })

    test('an analyst sees an aggregate as bars, lines and table, and no group of few persons', async () => {
      const minutesAgo = (minutes: number) => localTime(Date.now() - minutes * 60_000)
      const persons = Array.from({ length: 6 }, () => randomUUID())
      const payments = persons.flatMap(person =>
        [1, 2, 3].map(minutes =>
          transactionOf(person, { moyen_paiement: 'especes', montant: 10, date: minutesAgo(minutes) }),
        ),
      )
      await accepted(
        ...payments,
        transactionOf(randomUUID(), { moyen_paiement: 'virement_bancaire', date: minutesAgo(20) }),
      )
      await as('analyst', language, async page => {
        await open(page, say('page.explore'))
        await page.locator('.bars').getByText('especes').waitFor()
        await choose(page, say('explore.lines'))
        await page.locator('canvas').waitFor()
        await choose(page, say('explore.table'))
        const groups = page.getByRole('group', { name: say('explore.tableOf') })
        await groups.getByRole('cell', { name: 'especes' }).first().waitFor()
        assert.equal(await groups.getByRole('cell', { name: 'virement_bancaire' }).count(), 0)
      })
    })

    test('an analyst opens an event’s passport: what became of it, and where it is', async () => {
      const event = transactionOf(randomUUID(), { date: localTime(Date.now()) })
      await accepted(event)
      await accepted(event)
      await as('analyst', language, async page => {
        await open(page, say('page.explore'))
        const newest = page
          .getByRole('group', { name: say('explore.latest') })
          .getByRole('row')
          .nth(1)
        await newest.getByText(say('show')).first().click()
        const steps = newest.getByRole('list', { name: say('passport.steps') })
        for (const step of ['received', 'appended', 'duplicate'])
          await steps.getByText(say(`passport.${step}`)).waitFor()
        const places = newest.getByRole('list', { name: say('passport.places') })
        await places.getByText(say('holder.documents')).waitFor()
        const { violations } = await new AxeBuilder({ page }).setLegacyMode().include('details[open]').analyze()
        assert.deepEqual(
          violations.map(({ id }) => id),
          [],
        )
      })
    })

    test('a steward reveals the original of a rejected event for a purpose', async () => {
      const event = transactionOf(randomUUID(), { montant: 'plenty' })
      assert.equal((await ecluse.post('transactions', event)).answer.rejected, 1)
      await ecluse.settled()
      await as('data-steward', language, async page => {
        await open(page, say('page.quarantine'))
        const causes = page.getByRole('group', { name: say('quarantine.causes') })
        await causes.getByRole('row', { name: '/montant type' }).getByRole('button').click()
        await page.getByRole('region', { name: '/montant type', exact: true }).waitFor()
        await page
          .getByRole('button', { name: say('quarantine.open') })
          .first()
          .click()
        await page.getByLabel(say('quarantine.purpose')).fill('mending the feed')
        assert.ok(!(await page.content()).includes('plenty'))
        await page.getByRole('button', { name: say('quarantine.reveal') }).click()
        await page.getByText('"montant": "plenty"').waitFor()
      })
    })

    test('an engineer sees events come in while they come', async () => {
      await as('data-engineer', language, async page => {
        const received = page.locator('.step.received .step-count')
        await received.waitFor()
        const count = async () => Number((await received.innerText()).replace(/\D/g, ''))
        const before = await count()
        await accepted(transactionOf(randomUUID()))
        await eventually('the page counts it', async () => (await count()) > before)
      })
    })
  })
}

/** As the feed sends it: French local time. */
function localTime(ms: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris', dateStyle: 'short', timeStyle: 'medium' })
    .format(ms)
    .replace(' ', 'T')
}
