// The pages' beginning: who is it, which pages may they see, and which of them does the address name?

import { html, render } from 'htm/preact'
import { greet, may, me, signOut } from './kit/call.js'
import { Trouble } from './kit/parts.js'
import { link, route } from './kit/route.js'
import { language, languages, speak, t } from './kit/text.js'
import { AccessPage } from './pages/access.js'
import { AnomaliesPage } from './pages/anomalies.js'
import { AnomalyPage } from './pages/anomaly.js'
import { ApprovalsPage } from './pages/approvals.js'
import { AuditPage } from './pages/audit.js'
import { DatasetPage } from './pages/dataset.js'
import { DatasetsPage } from './pages/datasets.js'
import { ExplorePage } from './pages/explore.js'
import { OverviewPage } from './pages/overview.js'
import { EventPage } from './pages/passport.js'
import { QualityPage } from './pages/quality.js'
import { QuarantinePage } from './pages/quarantine.js'
import { ReidentificationPage } from './pages/reidentification.js'
import { ReidentificationsPage } from './pages/reidentifications.js'
import { RequestPage } from './pages/request.js'
import { RequestsPage } from './pages/requests.js'
import { SignInPage } from './pages/sign-in.js'

const rights = ['erase', 'export', 'rectify', 'restrict', 'object']

/** In the order of the navigation. The API decides all the same: who calls a page they may not see is answered 403. */
const pages = [
  { name: 'overview', is: OverviewPage, shown: () => may('describe') },
  { name: 'datasets', is: DatasetsPage, one: DatasetPage, shown: () => may('describe') },
  {
    name: 'explore',
    is: ExplorePage,
    one: EventPage,
    shown: () => me.value.access.some(({ read }) => read.length > 0),
  },
  { name: 'quality', is: QualityPage, shown: () => may('quality') },
  { name: 'quarantine', is: QuarantinePage, shown: () => may('quarantine') },
  { name: 'anomalies', is: AnomaliesPage, one: AnomalyPage, shown: () => may('anomalies') },
  { name: 'requests', is: RequestsPage, one: RequestPage, shown: () => rights.some(may) },
  {
    name: 'reidentification',
    is: ReidentificationsPage,
    one: ReidentificationPage,
    shown: () => may('reidentify') || may('approve'),
  },
  { name: 'approvals', is: ApprovalsPage, shown: () => may('approve') },
  { name: 'audit', is: AuditPage, shown: () => may('audit') },
  { name: 'access', is: AccessPage, shown: () => may('describe') },
]

function Languages() {
  return html`<div class="languages" role="group" aria-label=${t('language')}>
    ${Object.entries(languages).map(
      ([name, text]) =>
        html`<button type="button" class="quiet" lang=${name} aria-pressed=${language.value === name} onClick=${() => speak(name)}>${text}</button>`,
    )}
  </div>`
}

function Navigation({ offered, current }) {
  return html`<nav aria-label=${t('navigation')}>
    <ul>
      ${offered.map(
        ({ name }) =>
          html`<li><a href=${link([name])} aria-current=${name === current ? 'page' : undefined}>${t(`page.${name}`)}</a></li>`,
      )}
    </ul>
  </nav>`
}

function Mark() {
  return html`<a class="mark" href="#/">Écluse</a>`
}

function Signed() {
  const offered = pages.filter(({ shown }) => shown())
  const { path } = route.value
  const found = offered.find(({ name }) => name === path[0]) ?? (path.length === 0 ? offered[0] : undefined)
  const parts = path.slice(1)
  const Shown = found && (parts.length > 0 && found.one ? found.one : found.is)
  const { roles, id } = me.value
  return html`<div class="frame">
    <a class="skip" href="#main" onClick=${skip}>${t('skip')}</a>
    <header class="side">
      <${Mark} />
      <${Navigation} offered=${offered} current=${found?.name} />
      <div class="who">
        <p><span class="soft">${t('signedInAs')}</span><br /><strong>${roles.map(role => t(`role.${role}`)).join(', ')}</strong><br /><span class="mono soft">${id}</span></p>
        <p><button type="button" class="quiet" onClick=${signOut}>${t('signOut')}</button></p>
        <${Languages} />
      </div>
    </header>
    <main id="main" tabindex="-1">
      ${Shown ? html`<${Shown} key=${path.join('/')} parts=${parts} />` : html`<${NotOffered} />`}
    </main>
  </div>`
}

function skip(event) {
  event.preventDefault()
  document.getElementById('main').focus()
}

function NotOffered() {
  return html`<article class="page"><h1>${t('notOffered.title')}</h1><p class="lead">${t('notOffered.text')}</p></article>`
}

function App() {
  if (me.value === undefined) return null
  if (me.value) return html`<${Signed} />`
  return html`<div class="door"><header><${Mark} /><${Languages} /></header><main><${SignInPage} /></main></div>`
}

const place = document.getElementById('app')
try {
  await greet()
  render(html`<${App} />`, place)
} catch (problem) {
  render(html`<main class="door"><${Trouble} problem=${problem} /></main>`, place)
}
