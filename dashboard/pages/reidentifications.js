// Who is behind a pseudonym: asked here with a purpose, decided on by a second person. What is asked stands on no list.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { call, datasetsWhere, may, me } from '../kit/call.js'
import { Field, Form, Select } from '../kit/form.js'
import { useList } from '../kit/load.js'
import { Empty, List, Page, Section, State } from '../kit/parts.js'
import { go, link } from '../kit/route.js'
import { Time } from '../kit/show.js'
import { t } from '../kit/text.js'

export const PATH = '/v1/reidentification-requests'

export function ReidentificationsPage() {
  const list = useList('all', page => call(`${PATH}?${new URLSearchParams(page)}`))
  const columns = [
    {
      label: t('requests.number'),
      head: true,
      show: ({ id }) => html`<a class="mono" href=${link(['reidentification', id])}>${id.slice(0, 13)}…</a>`,
    },
    { label: t('requests.state'), show: ({ state }) => html`<${State} name=${state} family="identity" />` },
    { label: t('dataset'), show: ({ dataset }) => dataset },
    { label: t('identity.asked'), show: ({ requestedAt }) => html`<${Time} at=${requestedAt} />` },
    { label: t('identity.askedBy'), show: ({ requester }) => html`<${Who} id=${requester} />` },
    { label: t('identity.endsAt'), show: ({ endsAt }) => html`<${Time} at=${endsAt} />` },
  ]
  return html`<${Page} title=${t('page.reidentification')} lead=${t('identity.lead')}>
    ${may('reidentify') && html`<${Section} id="new" title=${t('identity.new')}><${Ask} /></${Section}>`}
    <${Section} id="asked" title=${t('identity.all')} note=${may('approve') ? t('identity.allNote') : t('identity.ownNote')}>
      <${List} list=${list} quiet caption=${t('identity.all')} columns=${columns} keyOf=${({ id }) => id}
        empty=${html`<${Empty} title=${t('identity.none')}>${t('identity.noneDo')}</${Empty}>`} />
    </${Section}>
  </${Page}>`
}

export function Who({ id }) {
  return id === me.value.id ? html`<strong>${t('identity.you')}</strong>` : html`<span class="mono">${id}</span>`
}

function Ask() {
  const names = datasetsWhere('reidentify')
  const [given, setGiven] = useState({ dataset: names[0], pseudonym: '', purpose: '' })
  const set = name => value => setGiven(before => ({ ...before, [name]: value }))
  const send = async () => {
    const { id } = await call(PATH, { method: 'POST', body: { ...given, pseudonym: given.pseudonym.trim() } })
    go(['reidentification', id])
  }
  return html`<${Form} submit=${t('identity.ask')} onSubmit=${send}>
    <${Select} label=${t('dataset')} value=${given.dataset} onInput=${set('dataset')} options=${names.map(name => [name, name])} />
    <${Field} label=${t('explore.subject')} hint=${t('identity.pseudonymHint')} value=${given.pseudonym} onInput=${set('pseudonym')} required=${true} maxlength="64" />
    <${Field} label=${t('identity.purpose')} hint=${t('identity.purposeHint')} value=${given.purpose} onInput=${set('purpose')} required=${true} minlength="3" maxlength="200" />
  </${Form}>`
}
