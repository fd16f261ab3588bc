// The passport of one stored event: what became of it, and where it rests. Asked for once somebody opens it.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { useLoad } from '../kit/load.js'
import { Trouble, Waiting } from '../kit/parts.js'
import { Time } from '../kit/show.js'
import { t, word } from '../kit/text.js'

export function Passport({ dataset, id }) {
  const [isOpen, setOpen] = useState(false)
  return html`<details onToggle=${({ currentTarget }) => setOpen(currentTarget.open)}>
    <summary>${t('show')}</summary>
    ${isOpen && html`<${History} dataset=${dataset} id=${id} />`}
  </details>`
}

function History({ dataset, id }) {
  const path = `/v1/datasets/${encodeURIComponent(dataset)}/events/${encodeURIComponent(id)}/history`
  const { data, problem } = useLoad(path)
  if (problem) return html`<${Trouble} problem=${problem} />`
  if (!data) return html`<${Waiting} />`
  return html`
    <ol class="plain" aria-label=${t('passport.steps')}>
      ${data.steps.map(step => html`<li><${Step} ...${step} /></li>`)}
    </ol>
    <ul class="plain" aria-label=${t('passport.places')}>
      ${data.stored.map(place => html`<li><${Place} ...${place} /></li>`)}
    </ul>`
}

function Step({ step, at, position, event }) {
  return html`${word('passport', step)}
    ${at && html` · <${Time} at=${at} seconds=${true} />`}
    ${position && html` · <span class="mono soft">${position.partition}/${position.offset}</span>`}
    ${event && html` · <span class="mono soft">${event}</span>`}`
}

function Place({ holder, found, until, day }) {
  const at = day && html`<span class="mono soft">${day}</span>`
  if (found === false) return html`${word('holder', holder)} · <span class="soft">${t('passport.absent')}</span>`
  if (!until) return word('holder', holder)
  return html`${word('holder', holder)} ${at} · ${t('passport.until')} <${Time} at=${until} dateOnly=${true} />`
}
