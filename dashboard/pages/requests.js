// Persons' requests: what is open and until when, and a new one. Raw ids go into a body, and stand nowhere afterwards.

import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { call, datasetsWhere, may } from '../kit/call.js'
import { useDeclared } from '../kit/declared.js'
import { Choice, Field, Form, OneOf, Select, Tick } from '../kit/form.js'
import { Empty, Page, Section, State, Table, Trouble, Waiting } from '../kit/parts.js'
import { go, link } from '../kit/route.js'
import { daysUntil, Time } from '../kit/show.js'
import { t } from '../kit/text.js'

const actions = {
  erasure: 'erase',
  export: 'export',
  rectification: 'rectify',
  restriction: 'restrict',
  objection: 'object',
}
/** Of each kind, the newest. */
const SHOWN = 20

export function RequestsPage() {
  const kinds = Object.keys(actions).filter(kind => may(actions[kind]))
  return html`<${Page} title=${t('page.requests')} lead=${t('requests.lead')}>
    <${Section} id="new" title=${t('requests.new')}><${NewRequest} kinds=${kinds} /></${Section}>
    <${Section} id="filed" title=${t('requests.filed')} note=${t('requests.filedNote', { count: SHOWN })}><${Filed} kinds=${kinds} /></${Section}>
  </${Page}>`
}

function Filed({ kinds }) {
  const [state, setState] = useState({})
  useEffect(() => {
    Promise.all(kinds.map(kind => call(`/v1/${kind}-requests?limit=${SHOWN}`))).then(
      lists =>
        setState({ items: lists.flatMap(({ items }) => items).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)) }),
      problem => setState({ problem }),
    )
  }, [])
  if (state.problem) return html`<${Trouble} problem=${state.problem} />`
  if (!state.items) return html`<${Waiting} />`
  if (state.items.length === 0) return html`<${Empty} title=${t('requests.none')}>${t('requests.noneDo')}</${Empty}>`
  const columns = [
    {
      label: t('requests.kind'),
      head: true,
      show: ({ kind, id }) => html`<a href=${link(['requests', kind, id])}>${t(`kind.${kind}`)}</a>`,
    },
    { label: t('requests.state'), show: ({ state: name }) => html`<${State} name=${name} />` },
    { label: t('requests.filedAt'), show: ({ createdAt }) => html`<${Time} at=${createdAt} />` },
    { label: t('requests.due'), show: each => html`<${Due} request=${each} />` },
    { label: t('requests.number'), show: ({ id }) => html`<span class="mono">${id.slice(0, 13)}…</span>` },
  ]
  return html`<${Table} quiet caption=${t('requests.filed')} rows=${state.items} columns=${columns} keyOf=${({ id }) => id} />`
}

export function Due({ request: { dueAt, finishedAt } }) {
  if (dueAt === null) return '–'
  if (finishedAt !== null) return html`<span class="soft"><${Time} at=${dueAt} dateOnly=${true} /></span>`
  const days = daysUntil(dueAt)
  const left = days < 0 ? t('requests.late', { days: -days }) : t('requests.left', { days })
  return html`<${Time} at=${dueAt} dateOnly=${true} /> <span class=${days < 7 ? 'state warn' : 'soft'}>${left}</span>`
}

const empty = {
  by: 'subject',
  type: '',
  id: '',
  reason: '',
  requester: '',
  language: 'en',
  dataset: '',
  event: '',
  pointer: '',
  value: '',
  isWithdrawn: false,
  purpose: '',
  isSure: false,
}

function NewRequest({ kinds }) {
  const [kind, setKind] = useState(kinds[0])
  const [given, setGiven] = useState(empty)
  const set = name => value => setGiven(before => ({ ...before, [name]: value }))
  const declared = useDeclared()
  if (!declared) return html`<${Waiting} />`
  const types = given.by === 'alias' ? declared.aliasTypes : declared.types
  const chooseBy = by => setGiven(before => ({ ...before, by, type: '' }))
  const send = async () => {
    const filed = await call(`/v1/${kind}-requests`, {
      method: 'POST',
      body: bodyOf(kind, { ...given, type: given.type || types[0], purpose: given.purpose || declared.purposes[0] }),
    })
    setGiven(empty)
    go(['requests', kind, filed.id])
  }
  return html`<${Form} submit=${t(`file.${kind}`)} onSubmit=${send} grave=${kind === 'erasure'}>
    <${Choice} label=${t('requests.kind')} value=${kind} onInput=${setKind} options=${kinds.map(name => [name, t(`kind.${name}`)])} />
    <p class="note">${t(`kindNote.${kind}`)}</p>
    <${Choice} label=${t('requests.by')} value=${given.by} onInput=${chooseBy} options=${[['subject', t('requests.bySubject')], ['alias', t('requests.byAlias')]]} />
    <div class="asked">
      <${OneOf} label=${given.by === 'alias' ? t('requests.aliasType') : t('requests.type')} hint=${t('requests.typeHint')} known=${types} value=${given.type || types[0]} onInput=${set('type')} />
      <${Field} label=${given.by === 'alias' ? t('requests.alias') : t('requests.id')} hint=${t('requests.idHint')} value=${given.id} onInput=${set('id')} required=${true} maxlength="1024" />
    </div>
    <${More} kind=${kind} given=${given} set=${set} purposes=${declared.purposes} />
    <${Field} label=${t('requests.reason')} hint=${t('requests.reasonHint')} value=${given.reason} onInput=${set('reason')} required=${true} maxlength="2000" />
    <${Field} label=${t('requests.requester')} hint=${t('requests.requesterHint')} value=${given.requester} onInput=${set('requester')} required=${false} maxlength="2000" />
    ${kind === 'erasure' && html`<${Tick} label=${t('requests.sure')} value=${given.isSure} onInput=${set('isSure')} required=${true} />`}
  </${Form}>`
}

/** What a kind of request needs beside the person. */
function More({ kind, given, set, purposes }) {
  if (kind === 'export')
    return html`<${Select} label=${t('requests.packageLanguage')} value=${given.language} onInput=${set('language')} options=${[['en', 'English'], ['fr', 'Français']]} />`
  if (kind === 'restriction')
    return html`<${Tick} label=${t('requests.lift')} value=${given.isWithdrawn} onInput=${set('isWithdrawn')} />`
  if (kind === 'objection')
    return html`<${OneOf} label=${t('requests.purpose')} hint=${t('requests.purposeHint')} known=${purposes} value=${given.purpose || purposes[0]} onInput=${set('purpose')} />
      <${Tick} label=${t('requests.withdraw')} value=${given.isWithdrawn} onInput=${set('isWithdrawn')} />`
  if (kind !== 'rectification') return null
  const names = datasetsWhere('describe')
  return html`<div class="asked">
    <${Select} label=${t('dataset')} value=${given.dataset || names[0]} onInput=${set('dataset')} options=${names.map(name => [name, name])} />
    <${Field} label=${t('requests.event')} value=${given.event} onInput=${set('event')} required=${true} maxlength="1024" />
    <${Field} label=${t('requests.pointer')} hint=${t('requests.pointerHint')} value=${given.pointer} onInput=${set('pointer')} required=${true} maxlength="1024" />
    <${Field} label=${t('requests.value')} hint=${t('requests.valueHint')} value=${given.value} onInput=${set('value')} required=${true} />
  </div>`
}

function bodyOf(kind, given) {
  const { by, type, id, reason, requester, language, event, pointer, isWithdrawn, purpose } = given
  const common = { [by]: { type: type.trim(), id }, reason, ...(requester && { requester }) }
  if (kind === 'export') return { ...common, language }
  if (kind === 'restriction') return { ...common, ...(isWithdrawn && { lift: true }) }
  if (kind === 'objection') return { ...common, purpose, ...(isWithdrawn && { withdraw: true }) }
  if (kind !== 'rectification') return common
  const dataset = given.dataset || datasetsWhere('describe')[0]
  return { ...common, dataset, event, changes: [{ pointer, value: readValue(given.value) }] }
}

/** JSON where it is some, else the text itself. */
function readValue(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
