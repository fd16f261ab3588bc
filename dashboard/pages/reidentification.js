// One request to learn who is behind a pseudonym: what is asked and why, the second person's decision, and, while it is
// open, who it is, for the requester alone. Each look stands in the audit.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { call, may, me } from '../kit/call.js'
import { Field, Form } from '../kit/form.js'
import { useLoad } from '../kit/load.js'
import { Facts, Page, State, say, Trouble, Waiting } from '../kit/parts.js'
import { link } from '../kit/route.js'
import { Time } from '../kit/show.js'
import { t, word } from '../kit/text.js'
import { PATH, Who } from './reidentifications.js'

export function ReidentificationPage({ parts: [id] }) {
  const path = `${PATH}/${encodeURIComponent(id)}`
  const { data, problem, again } = useLoad(path)
  const [decided, setDecided] = useState(null)
  const request = decided ?? data
  const take = answered => {
    setDecided(answered)
    say(word('identity', answered.state))
  }
  return html`<${Page} title=${t('identity.one')} back=${{ href: link(['reidentification']), text: t('page.reidentification') }}>
    ${problem && html`<${Trouble} problem=${problem} />`}
    ${!request && !problem && html`<${Waiting} />`}
    ${request && html`<${Shown} request=${request} path=${path} onDecide=${take} again=${again} />`}
  </${Page}>`
}

function Shown({ request, path, onDecide, again }) {
  const { id, dataset, state, requester, requestedAt, endsAt, decidedBy, decidedAt, pseudonym, purpose, reason } =
    request
  const isOwn = requester === me.value.id
  return html`
    <p class="big-state"><${State} name=${state} family="identity" /></p>
    <p class="note">${t(`identityNote.${state}`)}</p>
    <${Facts} facts=${[
      [t('requests.number'), html`<span class="mono">${id}</span>`],
      [t('dataset'), dataset],
      [t('identity.askedBy'), html`<${Who} id=${requester} />`],
      [t('identity.asked'), html`<${Time} at=${requestedAt} />`],
      [t('identity.endsAt'), html`<${Time} at=${endsAt} />`],
      ...(pseudonym ? [[t('explore.subject'), html`<span class="mono">${pseudonym}</span>`]] : []),
      ...(purpose ? [[t('identity.purpose'), purpose]] : []),
      ...(decidedBy ? [[t('identity.decidedBy'), html`<${Who} id=${decidedBy} />`]] : []),
      ...(decidedAt ? [[t('identity.decidedAt'), html`<${Time} at=${decidedAt} />`]] : []),
      ...(reason ? [[t('identity.reason'), reason]] : []),
    ]} />
    ${state === 'pending' && isOwn && html`<p><button type="button" class="quiet" onClick=${again}>${t('again')}</button></p>`}
    ${state === 'pending' && !isOwn && may('approve') && html`<${Decide} path=${path} onDecide=${onDecide} />`}
    ${state === 'approved' && isOwn && html`<${Identity} path=${path} />`}`
}

function Decide({ path, onDecide }) {
  const [reason, setReason] = useState('')
  const approve = async () => onDecide(await call(`${path}/approvals`, { method: 'POST' }))
  const refuse = async () => onDecide(await call(`${path}/refusals`, { method: 'POST', body: { reason } }))
  return html`
    <${Form} submit=${t('identity.approve')} onSubmit=${approve}><p class="note">${t('identity.approveNote')}</p></${Form}>
    <${Form} submit=${t('identity.refuse')} onSubmit=${refuse} grave=${true}>
      <${Field} label=${t('identity.refuseWhy')} hint=${t('identity.refuseHint')} value=${reason} onInput=${setReason} required=${true} minlength="3" maxlength="200" />
    </${Form}>`
}

function Identity({ path }) {
  const [person, setPerson] = useState(null)
  const look = async () => {
    setPerson(await call(`${path}/identity`))
    say(t('identity.shown'))
  }
  if (!person)
    return html`<${Form} submit=${t('identity.look')} onSubmit=${look}><p class="note">${t('identity.lookNote')}</p></${Form}>`
  return html`<div class="card">
    <${Facts} facts=${[
      [t('requests.type'), person.type],
      [t('audit.by.subject'), html`<span class="mono">${person.id}</span>`],
    ]} />
    <p><button type="button" class="quiet" onClick=${() => setPerson(null)}>${t('hide')}</button></p>
  </div>`
}
