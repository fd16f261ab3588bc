// Edits of policies, schemas and rights that weaken protection, and wait for a second person.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { call } from '../kit/call.js'
import { Field, Form } from '../kit/form.js'
import { useLoad } from '../kit/load.js'
import { Empty, Page, Section, say, Trouble, Waiting } from '../kit/parts.js'
import { link } from '../kit/route.js'
import { number } from '../kit/show.js'
import { t } from '../kit/text.js'

const PATH = '/v1/policy-approvals'
/** Reasons of one edit that are shown at once. */
const MAX_REASONS = 100

export function ApprovalsPage() {
  const { data, problem, again } = useLoad(PATH)
  const [approved, setApproved] = useState([])
  const take = ({ dataset, policySha256 }) => {
    setApproved(before => [...before, policySha256])
    say(t('approvals.approved', { what: nameOf(dataset) }))
  }
  return html`<${Page} title=${t('page.approvals')} lead=${t('approvals.lead')}>
    ${problem && html`<${Trouble} problem=${problem} />`}
    ${!data && !problem && html`<${Waiting} />`}
    ${data?.items.length === 0 && html`<${Empty} title=${t('approvals.none')}>${t('approvals.noneDo')}</${Empty}>`}
    ${data?.items.map(edit => html`<${Edit} key=${`${edit.dataset} ${edit.policySha256}`} edit=${edit} isApproved=${approved.includes(edit.policySha256)} onApprove=${take} />`)}
    ${data && html`<p><button type="button" class="quiet" onClick=${again}>${t('again')}</button></p>`}
  </${Page}>`
}

const nameOf = dataset => (dataset === '*' ? t('approvals.access') : dataset)

function Edit({ edit, isApproved, onApprove }) {
  const { dataset, policySha256, liveSha256, schemas, reasons } = edit
  const [reason, setReason] = useState('')
  const send = async () => {
    const named = Object.keys(schemas).length > 0 ? { schemas } : {}
    onApprove(await call(PATH, { method: 'POST', body: { dataset, policySha256, ...named, reason } }))
  }
  const file = dataset === '*' ? 'policies/access/policy.csv' : `policies/${dataset}.yaml`
  return html`<${Section} id=${`edit-${policySha256.slice(0, 8)}`} title=${nameOf(dataset)}>
    <p>${t('approvals.weakens')}</p>
    <ul class="plain">
      ${reasons.slice(0, MAX_REASONS).map(each => html`<li lang="en">${each}</li>`)}
    </ul>
    ${reasons.length > MAX_REASONS && html`<p class="note">${t('approvals.more', { count: number(reasons.length - MAX_REASONS) })}</p>`}
    <dl class="hashes">
      <div><dt>${file}</dt><dd class="mono">${policySha256}</dd></div>
      ${Object.entries(schemas).map(([name, sha256]) => html`<div><dt>${name}</dt><dd class="mono">${sha256}</dd></div>`)}
      <div><dt>${t('approvals.live')}</dt><dd class="mono">${liveSha256}</dd></div>
    </dl>
    ${dataset !== '*' && html`<p><a href=${link(['datasets', dataset], { at: 'policy' })}>${t('approvals.inForce')}</a></p>`}
    ${
      isApproved
        ? html`<p class="notice">${t('approvals.done')}</p>`
        : html`<${Form} submit=${t('approvals.approve')} onSubmit=${send}>
          <${Field} label=${t('approvals.reason')} hint=${t('approvals.reasonHint')} value=${reason} onInput=${setReason} required=${true} minlength="3" maxlength="2000" />
          <p class="hint">${t('approvals.refuse')}</p>
        </${Form}>`
    }
  </${Section}>`
}
