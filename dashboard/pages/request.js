// One request as it is carried out: stages, what each holder did, deadline, and what comes of it in the end.

import { html } from 'htm/preact'
import { useRef, useState } from 'preact/hooks'
import { call } from '../kit/call.js'
import { Field, Form } from '../kit/form.js'
import { useLoad, useStream } from '../kit/load.js'
import { Facts, Page, Section, State, say, Table, Trouble, Waiting } from '../kit/parts.js'
import { link } from '../kit/route.js'
import { number, Time } from '../kit/show.js'
import { t, word } from '../kit/text.js'
import { Due } from './requests.js'

const isOpen = request => request !== undefined && request.finishedAt === null
/** Once, and within the month: the person has to be told in it. */
const mayExtend = ({ dueAt, extendedAt, finishedAt }) =>
  dueAt !== null && extendedAt === null && finishedAt === null && Date.parse(dueAt) > Date.now()

export function RequestPage({ parts: [kind, id] }) {
  const path = `/v1/${encodeURIComponent(kind)}-requests/${encodeURIComponent(id)}`
  const { data, problem } = useLoad(path)
  const [told, setTold] = useState(undefined)
  const [isStreaming, setStreaming] = useState(true)
  const before = useRef(undefined)
  const request = told ?? data
  useStream(data && isOpen(data) && isStreaming ? `${path}/events` : null, 'progress', progress => {
    setTold(progress)
    if (before.current !== progress.state) say(t('request.said', { state: word('state', progress.state) }))
    before.current = progress.state
    if (isOpen(progress)) return undefined
    setStreaming(false)
    return 'over'
  })
  return html`<${Page} title=${t(`kind.${kind}`)} back=${{ href: link(['requests']), text: t('page.requests') }}>
    ${problem && html`<${Trouble} problem=${problem} />`}
    ${!request && !problem && html`<${Waiting} />`}
    ${request && html`<${Shown} request=${request} path=${path} onChange=${setTold} />`}
  </${Page}>`
}

function Shown({ request, path, onChange }) {
  const { id, kind, state, createdAt, createdBy, extendedAt, finishedAt, because, outcome, stages, holders } = request
  return html`
    <p class="big-state"><${State} name=${state} /></p>
    ${because && html`<div class="notice"><p lang="en">${because}</p></div>`}
    <${Outcome} request=${request} path=${path} />
    <${Facts} facts=${[
      [t('requests.number'), html`<span class="mono">${id}</span>`],
      [t('requests.filedAt'), html`<${Time} at=${createdAt} />`],
      [t('request.filedBy'), html`<span class="mono">${createdBy}</span>`],
      [t('requests.due'), html`<${Due} request=${request} />`],
      ...(extendedAt ? [[t('request.extendedAt'), html`<${Time} at=${extendedAt} />`]] : []),
      ...(finishedAt ? [[t('request.finishedAt'), html`<${Time} at=${finishedAt} seconds=${true} />`]] : []),
      ...Object.entries(outcome ?? {})
        .filter(([, value]) => typeof value !== 'object')
        .map(([name, value]) => [word('outcomeOf', name), String(value)]),
    ]} />
    ${isOpen(request) && kind !== 'reprotection' && html`<${Details} path=${path} />`}
    <${Section} id="stages" title=${t('request.stages')}>
      <ol class="stages">
        ${stages.map(({ name, at }) => html`<li><span>${stageText(name)}</span><${Time} at=${at} seconds=${true} /></li>`)}
        ${isOpen(request) && html`<li class="going"><span>${t('request.going')}</span></li>`}
      </ol>
    </${Section}>
    ${
      holders.length > 0 &&
      html`<${Section} id="holders" title=${t('request.holders')} note=${t('request.holdersNote')}>
      <${Table} quiet caption=${t('request.holders')} rows=${holders} keyOf=${({ name }) => name} columns=${[
        { label: t('request.holder'), head: true, show: ({ name }) => word('holder', name) },
        { label: t('request.records'), numeric: true, show: ({ records }) => number(records) },
        {
          label: t('request.verified'),
          show: ({ verifiedAt }) =>
            verifiedAt
              ? html`<${Time} at=${verifiedAt} seconds=${true} />`
              : html`<span class="state busy">${t('request.notYet')}</span>`,
        },
      ]} />
    </${Section}>`
    }
    ${mayExtend(request) && html`<${Extend} path=${path} onChange=${onChange} />`}`
}

/** `erased: tables` is a stage for each holder. */
function stageText(name) {
  const [stage, holder] = name.split(': ')
  return holder === undefined ? word('stage', stage) : `${word('stage', stage)}${t('colon')}${word('holder', holder)}`
}

/** What there is to fetch once it is done. */
function Outcome({ request: { kind, state, id }, path }) {
  if (state !== 'done') return null
  if (kind === 'erasure')
    return html`<p><a class="button" href=${`${path}/certificate`} download=${`${id}.certificate.json`}>${t('request.certificate')}</a> <span class="soft">${t('request.certificateNote')}</span></p>`
  if (kind === 'export')
    return html`<p><a class="button" href=${`${path}/package`} download=${`${id}.zip`}>${t('request.package')}</a> <span class="soft">${t('request.packageNote')}</span></p>`
  return null
}

/** What is sealed in it: asked for when it is wanted, since each look is recorded. */
function Details({ path }) {
  const [details, setDetails] = useState(null)
  const look = async () => {
    setDetails(await call(`${path}/details`))
    say(t('request.detailsShown'))
  }
  if (!details)
    return html`<${Form} submit=${t('request.look')} onSubmit=${look}><p class="note">${t('request.lookNote')}</p></${Form}>`
  const { subjects, alias, reason, requester, asked, extension } = details
  const person = ({ type, id }) => html`${type} <span class="mono">${id}</span>`
  const shown = value => (typeof value === 'string' ? value : html`<span class="mono">${JSON.stringify(value)}</span>`)
  const beside = [
    [t('dataset'), asked.dataset],
    [t('requests.event'), asked.event],
    [t('request.changes'), asked.changes],
    [t('requests.purpose'), asked.purpose],
    [t('requests.packageLanguage'), asked.language],
    [t('requests.lift'), asked.lift],
    [t('requests.withdraw'), asked.withdraw],
  ]
  return html`<div class="card">
    <${Facts} facts=${[
      ...subjects.map(subject => [t('requests.bySubject'), person(subject)]),
      ...(alias ? [[t('requests.byAlias'), person(alias)]] : []),
      [t('requests.reason'), reason],
      [t('requests.requester'), requester || '–'],
      ...(extension ? [[t('request.extensionReason'), extension]] : []),
      ...beside.filter(([, value]) => value !== undefined).map(([label, value]) => [label, shown(value)]),
    ]} />
    <p><button type="button" class="quiet" onClick=${() => setDetails(null)}>${t('hide')}</button></p>
  </div>`
}

function Extend({ path, onChange }) {
  const [reason, setReason] = useState('')
  const send = async () => onChange(await call(`${path}/extensions`, { method: 'POST', body: { reason } }))
  return html`<details class="apart">
    <summary>${t('request.extend')}</summary>
    <p class="note">${t('request.extendNote')}</p>
    <${Form} submit=${t('request.extendDo')} onSubmit=${send}>
      <${Field} label=${t('requests.reason')} value=${reason} onInput=${setReason} required=${true} maxlength="2000" />
    </${Form}>
  </details>`
}
