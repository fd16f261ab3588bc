// Rejected events: why, how many, and one by one without any value; the original for whoever may, for a purpose.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { call, datasetsWhere, mayOn } from '../kit/call.js'
import { Field, Form, Select } from '../kit/form.js'
import { useList, useLoad } from '../kit/load.js'
import { Code, Empty, Facts, List, Page, Section, say, Table, Trouble, Waiting } from '../kit/parts.js'
import { note, route } from '../kit/route.js'
import { number, Time } from '../kit/show.js'
import { t } from '../kit/text.js'
import { Cause } from './quarantine-cause.js'
import { Done } from './quarantine-work.js'

export function QuarantinePage() {
  const names = datasetsWhere('quarantine')
  const { dataset = names[0] } = route.value.query
  return html`<${Page} title=${t('page.quarantine')} lead=${t('quarantine.lead')}>
    <${Select} label=${t('dataset')} value=${dataset} onInput=${name => note(['quarantine'], { dataset: name })} options=${names.map(name => [name, name])} />
    <${OfDataset} key=${dataset} dataset=${dataset} />
  </${Page}>`
}

function OfDataset({ dataset }) {
  const { cause } = route.value.query
  const causes = useLoad(`/v1/quarantine/causes?${new URLSearchParams({ dataset })}`)
  const [turn, setTurn] = useState(0)
  const look = () => {
    causes.again()
    setTurn(before => before + 1)
  }
  const found = causes.data?.items.find(each => each.cause === cause)
  return html`
    <${Section} id="causes" title=${t('quarantine.causes')}><${Causes} causes=${causes} dataset=${dataset} chosen=${cause} onLook=${look} /></${Section}>
    ${cause && causes.data && html`<${Cause} key=${cause} dataset=${dataset} cause=${cause} found=${found} onChange=${look} />`}
    <${Section} id="entries" title=${cause ? t('quarantine.entriesOf', { cause }) : t('quarantine.entries')} note=${t('quarantine.entriesNote')}>
      ${cause && html`<p><button type="button" class="quiet" onClick=${() => note(['quarantine'], { dataset })}>${t('quarantine.allCauses')}</button></p>`}
      <${Entries} key=${`${turn} ${cause}`} dataset=${dataset} cause=${cause} />
    </${Section}>
    <${Done} key=${`done ${turn}`} dataset=${dataset} />`
}

function Causes({ causes: { data, problem }, dataset, chosen, onLook }) {
  const [count, setCount] = useState(20)
  if (problem) return html`<${Trouble} problem=${problem} />`
  if (!data) return html`<${Waiting} />`
  const look = html`<button type="button" class="quiet" onClick=${onLook}>${t('again')}</button>`
  if (data.items.length === 0)
    return html`<${Empty} title=${t('quarantine.none')}>${t('quarantine.noneDo')} ${look}</${Empty}>`
  const choose = cause =>
    html`<button type="button" class="quiet" aria-pressed=${cause === chosen} onClick=${() => note(['quarantine'], { dataset, cause })}>${t('quarantine.choose')}<span class="unseen"> ${cause}</span></button>`
  const columns = [
    { label: t('quarantine.cause'), head: true, show: ({ cause }) => html`<span class="mono">${cause}</span>` },
    { label: t('quarantine.count'), numeric: true, show: each => number(each.count) },
    { label: t('quarantine.lastSeen'), show: ({ lastSeen }) => html`<${Time} at=${lastSeen} />` },
    {
      label: t('quarantine.mended'),
      show: ({ mayPassNow }) =>
        mayPassNow
          ? html`<span class="state good">${t('quarantine.mayPass')}</span>`
          : html`<span class="soft">–</span>`,
    },
    { label: t('quarantine.show'), show: ({ cause }) => choose(cause) },
  ]
  const list = {
    items: data.items.slice(0, count),
    more: count < data.items.length ? () => setCount(count + 50) : undefined,
  }
  return html`<${List} list=${list} quiet caption=${t('quarantine.causes')} columns=${columns} keyOf=${({ cause }) => cause} />
    <p>${look}</p>`
}

function Entries({ dataset, cause }) {
  const [opened, setOpened] = useState(null)
  const asked = { dataset, ...(cause && { cause }) }
  const list = useList(JSON.stringify(asked), page =>
    call(`/v1/quarantine?${new URLSearchParams({ ...asked, ...page })}`),
  )
  const columns = [
    {
      label: t('quarantine.receivedAt'),
      head: true,
      show: ({ receivedAt }) => html`<${Time} at=${receivedAt} seconds=${true} />`,
    },
    { label: t('dataset.schema'), show: ({ schema }) => html`<span class="mono">${schema}</span>` },
    { label: t('quarantine.errors'), show: ({ errors }) => html`<${Errors} errors=${errors} />` },
    { label: t('quarantine.expiresAt'), show: ({ expiresAt }) => html`<${Time} at=${expiresAt} dateOnly=${true} />` },
    {
      label: t('quarantine.entry'),
      show: entry =>
        html`<button type="button" class="quiet" aria-expanded=${opened?.id === entry.id} onClick=${() => setOpened(opened?.id === entry.id ? null : entry)}>${t('quarantine.open')}<span class="unseen"> ${entry.id}</span></button>`,
    },
  ]
  return html`
    ${opened && html`<${Entry} key=${opened.id} entry=${opened} onClose=${() => setOpened(null)} />`}
    <${List} list=${list} quiet caption=${t('quarantine.entries')} columns=${columns} keyOf=${({ id }) => id} empty=${html`<p class="soft">${t('quarantine.noEntries')}</p>`} />`
}

function Errors({ errors }) {
  const [first, ...more] = errors
  if (!first) return '–'
  return html`<span class="mono">${first.pointer || '/'}</span> ${first.keyword}${more.length > 0 && html` <span class="soft">${t('quarantine.andMore', { count: more.length })}</span>`}`
}

/** One entry: what was wrong and what to do. What mends many at once has its place with the causes. */
function Entry({ entry, onClose }) {
  const { id, dataset, errors, schema, policy, sealedBy } = entry
  return html`<section class="card" aria-labelledby="entry">
    <h3 id="entry">${t('quarantine.one')}</h3>
    <${Facts} facts=${[
      [t('requests.number'), html`<span class="mono">${id}</span>`],
      [t('dataset.schema'), html`<span class="mono">${schema}</span>`],
      [t('dataset.policy'), html`<span class="mono">${policy.slice(0, 16)}</span>`],
      [t('quarantine.sealedBy'), t(`sealedBy.${sealedBy}`)],
    ]} />
    <${Table} caption=${t('quarantine.wrong')} rows=${errors} columns=${[
      {
        label: t('field.pointer'),
        head: true,
        show: ({ pointer }) => html`<span class="mono">${pointer || '/'}</span>`,
      },
      { label: t('quarantine.keyword'), show: ({ keyword }) => html`<span class="mono">${keyword}</span>` },
      { label: t('quarantine.detail'), show: ({ detail }) => html`<span lang="en">${detail}</span>` },
      { label: t('quarantine.fix'), show: ({ fix }) => html`<span lang="en">${fix}</span>` },
    ]} />
    ${mayOn(dataset, 'reveal') && html`<${Reveal} id=${id} />`}
    <p><button type="button" class="quiet" onClick=${onClose}>${t('close')}</button></p>
  </section>`
}

function Reveal({ id }) {
  const [purpose, setPurpose] = useState('')
  const [original, setOriginal] = useState(null)
  const send = async () => {
    setOriginal(await call(`/v1/quarantine/${encodeURIComponent(id)}/reveal`, { method: 'POST', body: { purpose } }))
    say(t('quarantine.revealed'))
  }
  if (original)
    return html`<${Code} label=${t('quarantine.original', { id: original.eventId })} text=${original.encoding === 'utf8' ? readable(original.body) : original.body} />
      <p><button type="button" class="quiet" onClick=${() => setOriginal(null)}>${t('quarantine.hide')}</button></p>`
  return html`<${Form} submit=${t('quarantine.reveal')} onSubmit=${send}>
    <${Field} label=${t('quarantine.purpose')} hint=${t('quarantine.purposeHint')} value=${purpose} onInput=${setPurpose} required=${true} minlength="3" maxlength="200" />
  </${Form}>`
}

/** With line breaks, where that changes nothing; what is no JSON stays as it came. */
function readable(text) {
  try {
    const value = JSON.parse(text)
    return JSON.stringify(value) === text ? JSON.stringify(value, null, 2) : text
  } catch {
    return text
  }
}
