// The passport of one stored event: what became of it, and where it rests. Beside the newest events it is asked for once
// somebody opens it; on a page of its own, with what is stored, and what copies with other content hold otherwise.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { differencesOf } from '../kit/anomalies.js'
import { useLoad } from '../kit/load.js'
import { Code, Facts, Page, Section, Table, Trouble, Waiting } from '../kit/parts.js'
import { link } from '../kit/route.js'
import { Stored, Time } from '../kit/show.js'
import { t, word } from '../kit/text.js'

const pathOf = (dataset, id) => `/v1/datasets/${encodeURIComponent(dataset)}/events/${encodeURIComponent(id)}`

/** To the page of an event, for who may know where it stands: whoever may not, may not see its passport. */
export function EventLink({ dataset, event: { id, position } }) {
  if (!position) return html`<span class="mono">${id}</span>`
  return html`<a class="mono" href=${link(['explore', dataset, id])}>${id}</a>`
}

export function Passport({ dataset, id }) {
  const [isOpen, setOpen] = useState(false)
  return html`<details onToggle=${({ currentTarget }) => setOpen(currentTarget.open)}>
    <summary>${t('show')}</summary>
    ${isOpen && html`<${History} dataset=${dataset} id=${id} />`}
  </details>`
}

export function EventPage({ parts: [dataset, id] }) {
  const { data: event, problem } = useLoad(pathOf(dataset, id))
  const back = { href: link(['explore'], { dataset }), text: t('page.explore') }
  return html`<${Page} title=${t('passport.one')} back=${back}>
    ${problem && html`<${Trouble} problem=${problem} />`}
    ${!event && !problem && html`<${Waiting} />`}
    ${event && html`<${Whole} dataset=${dataset} event=${event} />`}
  </${Page}>`
}

function Whole({ dataset, event: { id, event, conflicts } }) {
  return html`
    <${Facts} facts=${[
      [t('dataset'), html`<a href=${link(['datasets', dataset])}>${dataset}</a>`],
      [t('passport.id'), html`<span class="mono">${id}</span>`],
    ]} />
    <${Section} id="passport" title=${t('explore.passport')}><${History} dataset=${dataset} id=${id} /></${Section}>
    ${
      conflicts.length > 0 &&
      html`<${Section} id="copies" title=${t('passport.copies')} note=${t('passport.copiesNote')}>
        ${conflicts.map(copy => html`<${Differences} first=${event} copy=${copy} />`)}
      </${Section}>`
    }
    <div class="inner"><${Code} label=${t('passport.whole')} text=${JSON.stringify(event, null, 2)} /></div>`
}

function Differences({ first, copy: { detectedAt, position, event } }) {
  const rows = differencesOf(first, event)
  const columns = [
    { label: t('field.pointer'), head: true, show: ([pointer]) => html`<span class="mono">${pointer}</span>` },
    { label: t('passport.counts'), show: ([, value]) => html`<${Stored} value=${value} />` },
    { label: t('passport.apart'), show: ([, , value]) => html`<${Stored} value=${value} />` },
  ]
  const at = html`<${Time} at=${detectedAt} seconds=${true} />${position && html` · <span class="mono soft">${position.partition}/${position.offset}</span>`}`
  if (rows.length === 0) return html`<p>${at} · <span class="soft">${t('passport.alike')}</span></p>`
  return html`<h3 class="inner">${at}</h3><${Table} quiet caption=${t('passport.copies')} rows=${rows} columns=${columns} />`
}

function History({ dataset, id }) {
  const { data, problem } = useLoad(`${pathOf(dataset, id)}/history`)
  if (problem) return html`<${Trouble} problem=${problem} />`
  if (!data) return html`<${Waiting} />`
  return html`
    <ol class="plain" aria-label=${t('passport.steps')}>
      ${data.steps.map(step => html`<li><${Step} dataset=${dataset} ...${step} /></li>`)}
    </ol>
    <ul class="plain" aria-label=${t('passport.places')}>
      ${data.stored.map(place => html`<li><${Place} ...${place} /></li>`)}
    </ul>`
}

function Step({ dataset, step, at, position, event }) {
  return html`${word('passport', step)}
    ${at && html` · <${Time} at=${at} seconds=${true} />`}
    ${position && html` · <span class="mono soft">${position.partition}/${position.offset}</span>`}
    ${event && html` · <a class="mono" href=${link(['explore', dataset, event])}>${event}</a>`}`
}

function Place({ holder, found, until, day }) {
  const at = day && html`<span class="mono soft">${day}</span>`
  if (found === false) return html`${word('holder', holder)} · <span class="soft">${t('passport.absent')}</span>`
  if (!until) return word('holder', holder)
  return html`${word('holder', holder)} ${at} · ${t('passport.until')} <${Time} at=${until} dateOnly=${true} />`
}
