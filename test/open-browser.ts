// Opens pages in Debian's Chromium as a reader would, and keeps note of what must never happen on them: errors on the
// console, requests to elsewhere, and anything that the content security policy had to stop.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const EXECUTABLE = '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** On a machine that does much else at the same time. */
const WAIT_MS = 60_000

export interface ReaderOptions {
  language?: 'en' | 'fr'
  colours?: 'light' | 'dark'
  width?: number
  height?: number
}

export interface Reader {
  page: Page
  /** What went wrong since the last look; nothing, it is to be hoped. */
  faults(): string[]
  /** Everything that the pages were answered by the API, as text. */
  answers(): string
  close(): Promise<void>
}

/** Where pictures of the pages go: `ECLUSE_TEST_PICTURES`, else where nobody looks. */
export function picturesDir(): string {
  return process.env.ECLUSE_TEST_PICTURES || mkdtempSync(join(tmpdir(), 'ecluse-pictures-'))
}

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS })
}

/** A reader with a browser window of their own, at an Écluse. */
export async function openReader(
  browser: Browser,
  url: string,
  { language = 'en', colours = 'light', width = 1_360, height = 900 }: ReaderOptions = {},
): Promise<Reader> {
  const context = await browser.newContext({
    baseURL: url,
    locale: language === 'fr' ? 'fr-FR' : 'en-GB',
    timezoneId: 'Europe/Paris',
    colorScheme: colours,
    viewport: { width, height },
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(WAIT_MS)
  const page = await context.newPage()
  const noted: string[] = []
  const answered: string[] = []
  watch(context, page, url, noted, answered)
  await page.goto('/')
  return {
    page,
    faults: () => noted.splice(0),
    answers: () => answered.join('\n'),
    close: () => context.close(),
  }
}

function watch(context: BrowserContext, page: Page, url: string, noted: string[], answered: string[]): void {
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') noted.push(`console: ${message.text()}`)
  })
  page.on('pageerror', error => noted.push(`page: ${error.message}`))
  context.on('request', request => {
    const { protocol, origin } = new URL(request.url())
    if (origin !== new URL(url).origin && protocol !== 'data:' && protocol !== 'blob:')
      noted.push(`request to ${origin}`)
  })
  page.on('response', response => {
    if (!new URL(response.url()).pathname.startsWith('/v1/')) return
    // What streams, or was left behind by a change of page, has no body to read.
    response.text().then(
      text => answered.push(text),
      () => {},
    )
  })
}

/** Signs in as whoever has this key. */
export async function signIn({ page }: Reader, key: string): Promise<void> {
  await page.locator('input[type=password]').fill(key)
  await page.locator('button[type=submit]').click()
  await page.locator('nav').waitFor()
}

/** Goes to a page by its address. */
export async function visit({ page }: Reader, hash: string): Promise<void> {
  await page.goto(`/${hash}`)
  await page.locator('h1').first().waitFor()
}
