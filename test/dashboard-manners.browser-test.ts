// What every page owes to every reader: nothing that is not theirs, nothing from elsewhere, usable by eye, ear and
// keyboard, and as quick with a hundred thousand entries as with ten.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { declareWide } from './declare-wide.ts'
import { transactionOf } from './fixtures.ts'
import { openBrowser, openReader, type Reader, signIn, visit } from './open-browser.ts'
import { textsIn } from './page-texts.ts'
import { idOf } from './quarantine.ts'
import { seedAnomaly, seedQuality } from './seed-quality.ts'
import { seedQuarantine } from './seed-quarantine.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

const QUARANTINED = 100_000
const HOUR_MS = 3_600_000
const say = textsIn('en')

let ecluse: StartedEcluse
let browser: Browser
const person = randomUUID()
const raw = { nom: 'Camille Exemplaire', adresse: '12, rue des Essais', email: 'camille.exemplaire@example.org' }
let request: string
let identity: string
let anomaly: string
let event: string

before(async () => {
  ecluse = await startEcluse({ ECLUSE_AUDIT_HEAD_MS: '200', ECLUSE_LEASE_MS: '500' })
  const utilisateur = { idUtilisateur: person, ...raw }
  const events = Array.from({ length: 5 }, () => transactionOf(person, { utilisateur }))
  await ecluse.accept('transactions', ...events)
  // One came again with other content.
  await ecluse.accept('transactions', { ...events[0]!, montant: 7.25 })
  event = idOf(events[0]!)
  const stranger = transactionOf(person, {
    montant: 'secret-amount',
    utilisateur: { ...utilisateur, idUtilisateur: randomUUID() },
  })
  assert.deepEqual(await ecluse.post('transactions', stranger), ['rejected'])
  const filed = await ecluse.answer('dpo', '/v1/export-requests', {
    body: { subject: { type: 'customer', id: person }, reason: 'a letter' },
  })
  request = filed.body.id!
  const pseudonym = `p1.${'A'.repeat(22)}`
  const asked = await ecluse.answer('data-owner', '/v1/reidentification-requests', {
    body: { dataset: 'transactions', pseudonym, purpose: 'a complaint' },
  })
  identity = asked.body.id!
  anomaly = await seedAnomaly(ecluse.stores.documents, 'transactions')
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await ecluse?.stop()
})

const readerAs = async (role: string, options: Parameters<typeof openReader>[2] = {}): Promise<Reader> => {
  const reader = await openReader(browser, ecluse.address, options)
  await signIn(reader, ecluse.keys[role]!)
  return reader
}

/** What each of these roles is offered, in order. */
const offered = {
  analyst: ['overview', 'datasets', 'explore', 'quality', 'access'],
  dpo: ['overview', 'datasets', 'quarantine', 'requests', 'reidentification', 'approvals', 'audit', 'access'],
  'data-steward': ['overview', 'datasets', 'explore', 'quality', 'quarantine', 'anomalies', 'access'],
  auditor: ['overview', 'datasets', 'audit', 'access'],
  producer: ['overview', 'datasets', 'access'],
}

const addressesOf = (names: string[]) => [
  ...names.map(name => `#/${name}`),
  '#/datasets/transactions',
  ...(names.includes('explore') ? [`#/explore/transactions/${event}`] : []),
  ...(names.includes('quarantine') ? ['#/quarantine?dataset=transactions&cause=%2Fmontant%20type'] : []),
  ...(names.includes('quality') ? ['#/quality?dataset=transactions'] : []),
  ...(names.includes('anomalies') ? [`#/anomalies/${encodeURIComponent(anomaly)}`] : []),
  ...(names.includes('requests') ? [`#/requests/export/${request}`] : []),
  ...(names.includes('approvals') ? [`#/reidentification/${identity}`] : []),
]

/** Everything a page waits for has come. */
async function arrived(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  await page.locator('.waiting').first().waitFor({ state: 'detached' })
}

describe('a role', () => {
  for (const [role, names] of Object.entries(offered))
    test(`${role} is offered its own pages, and neither page nor answer holds what it may not read`, async () => {
      const reader = await readerAs(role)
      const { page } = reader
      const links = await page.getByRole('navigation').getByRole('link').allInnerTexts()
      assert.deepEqual(
        links,
        names.map(name => say(`page.${name}`)),
      )
      let seen = ''
      for (const address of addressesOf(names)) {
        await visit(reader, address)
        await arrived(page)
        seen += await page.content()
      }
      for (const value of [...Object.values(raw), person, 'secret-amount']) {
        assert.ok(!seen.includes(value), `${role} sees ${value}`)
        assert.ok(!reader.answers().includes(value), `${role} is answered ${value}`)
      }
      assert.deepEqual(reader.faults(), [])
      await reader.close()
    })

  test('that may not see a page is told so, and the gateway refuses all the same', async () => {
    const reader = await readerAs('analyst')
    for (const name of ['requests', 'reidentification', 'approvals', 'audit', 'quarantine', 'anomalies']) {
      await visit(reader, `#/${name}`)
      await reader.page.getByRole('heading', { name: say('notOffered.title') }).waitFor()
    }
    const answers = ['/v1/audit/entries', '/v1/erasure-requests', '/v1/quarantine?dataset=transactions'].map(path =>
      reader.page.request.get(path),
    )
    for (const answer of await Promise.all(answers)) assert.equal(answer.status(), 403)
    await reader.close()
  })
})

for (const colours of ['light', 'dark'] as const)
  for (const role of ['data-steward', 'dpo'] as const)
    test(`axe finds nothing serious on any page of a ${role}, in the ${colours}`, async () => {
      const reader = await openReader(browser, ecluse.address, { colours })
      await reader.page.locator('h1').waitFor()
      await inspect(reader.page, 'sign-in')
      await signIn(reader, ecluse.keys[role]!)
      for (const address of addressesOf(offered[role])) {
        await visit(reader, address)
        await arrived(reader.page)
        await inspect(reader.page, address)
      }
      assert.deepEqual(reader.faults(), [])
      await reader.close()
    })

async function inspect(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ['violations'] })
    .analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  assert.deepEqual(
    serious.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
    [],
  )
}

for (const role of ['data-steward', 'dpo'] as const)
  test(`no page of a ${role} is wider than a telephone, in either language`, async () => {
    for (const language of ['en', 'fr'] as const) {
      const reader = await readerAs(role, { language, width: 390 })
      for (const address of addressesOf(offered[role])) {
        await visit(reader, address)
        await arrived(reader.page)
        const width = await reader.page.evaluate<number>('document.documentElement.scrollWidth')
        assert.ok(width <= 390, `${address} is ${width} wide in ${language}`)
      }
      await reader.close()
    }
  })

test('an erasure is filed with the keyboard alone, from the sign-in to its end', async () => {
  const somebody = randomUUID()
  await ecluse.accept('transactions', transactionOf(somebody))
  const reader = await openReader(browser, ecluse.address)
  const { page } = reader
  const { keyboard } = page
  await page.locator('h1').waitFor()
  /** Tabs on until what is named has the focus. */
  const reach = async (name: string) => {
    for (let i = 0; i < 60; i++) {
      const focused = await page.evaluate<string>(focusedName)
      if (focused.includes(name)) return
      await keyboard.press('Tab')
    }
    assert.fail(`the keyboard does not reach ${name}`)
  }
  await reach(say('signIn.credential'))
  await keyboard.type(ecluse.keys.dpo!)
  await keyboard.press('Enter')
  await page.locator('nav').waitFor()
  await reach(say('page.requests'))
  await keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: say('page.requests') }).waitFor()
  await reach(say('requests.id'))
  await keyboard.type(somebody)
  await reach(say('requests.reason'))
  await keyboard.type('a letter')
  await reach(say('requests.sure'))
  await keyboard.press('Space')
  await reach(say('file.erasure'))
  await keyboard.press('Enter')
  await page.locator('.big-state').getByText(say('state.done')).waitFor()
  await page.locator('#said').getByText(say('state.done')).waitFor({ state: 'attached' })
  assert.deepEqual(reader.faults(), [])
  await reader.close()
})

/** In the page: label or text of what has the focus. */
const focusedName = `(() => {
  const { activeElement: at } = document
  return at === document.body ? '' : [...(at.labels ?? [])].map(label => label.textContent).join(' ') + ' ' + (at.textContent ?? '')
})()`

test('a hundred thousand rejected events are a list like any other', async () => {
  await seedQuarantine(ecluse.stores.documents, 'user-profiles', QUARANTINED)
  const reader = await readerAs('data-steward')
  const { page } = reader
  await visit(reader, '#/quarantine?dataset=user-profiles')
  const entries = page.getByRole('group', { name: say('quarantine.entries') })
  const rows = entries.locator('tbody tr')
  await rows.first().waitFor()
  assert.equal(await rows.count(), 50)
  const causes = page.getByRole('group', { name: say('quarantine.causes') }).locator('tbody tr')
  await causes
    .first()
    .getByText(new Intl.NumberFormat('en-GB').format(QUARANTINED / 10))
    .waitFor()
  await page
    .getByRole('button', { name: say('list.more') })
    .last()
    .click()
  await rows.nth(99).waitFor()
  assert.equal(await rows.count(), 100)
  await causes.first().getByRole('button').click()
  await page.getByRole('button', { name: say('quarantine.allCauses') }).waitFor()
  assert.ok(reader.answers().length < 1_000_000, `${reader.answers().length} characters were answered`)
  assert.deepEqual(reader.faults(), [])
  await reader.close()
})

test('three thousand checks of quality are shown at once, and more when asked for', async () => {
  const [fields, hours] = [80, 49]
  const pointers = await declareWide(ecluse, 'wide', fields)
  await seedQuality(ecluse.stores.documents, { dataset: 'wide', hours, pointers, causes: ['/wide_1 type'] })
  const reader = await readerAs('data-steward')
  const { page } = reader
  const to = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS
  const asked = { dataset: 'wide', from: new Date(to - (hours + 1) * HOUR_MS), to: new Date(to) }
  await visit(reader, `#/quality?dataset=wide&from=${asked.from.toISOString()}&to=${asked.to.toISOString()}&step=1h`)
  const rows = page.getByRole('group', { name: say('quality.heat') }).locator('tbody tr')
  await rows.first().waitFor()
  assert.equal(await rows.count(), 60)
  assert.equal(await rows.first().locator('td').count(), hours + 1)
  await page.locator('.heat + .under').getByRole('button').click()
  await rows.nth(fields - 1).waitFor()
  await page.getByRole('button', { name: say('signOut') }).click()
  await page.getByRole('heading', { name: say('signIn') }).waitFor()
  assert.deepEqual(reader.faults(), [])
  await reader.close()
})

test('a session that is over asks to sign in again, and goes on where it was', async () => {
  const reader = await readerAs('auditor')
  await visit(reader, '#/audit')
  await reader.page.context().clearCookies()
  // What the page reads by itself may find out first: then nothing is left to press.
  const search = reader.page.getByRole('button', { name: say('audit.find') })
  await search.evaluateAll((buttons: unknown[]) => {
    for (const button of buttons) (button as { click(): void }).click()
  })
  await reader.page.getByText(say('signIn.over')).waitFor()
  await signIn(reader, ecluse.keys.auditor!)
  await reader.page.getByRole('heading', { level: 1, name: say('page.audit') }).waitFor()
  await reader.close()
})

test('the language that somebody chose is remembered', async () => {
  const reader = await readerAs('analyst')
  await reader.page.getByRole('button', { name: 'Français' }).click()
  await reader.page.getByRole('heading', { name: textsIn('fr')('page.overview') }).waitFor()
  await reader.page.reload()
  await reader.page.getByRole('heading', { name: textsIn('fr')('page.overview') }).waitFor()
  assert.equal(await reader.page.locator('html').getAttribute('lang'), 'fr')
  await reader.close()
})
