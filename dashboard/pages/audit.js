// The audit: what was done and by whom, who read a person's data, and whether an entry stands where it is said to stand.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { call, may } from '../kit/call.js'
import { useDeclared } from '../kit/declared.js'
import { Choice, Field, Form, OneOf, Select } from '../kit/form.js'
import { useList, useLoad } from '../kit/load.js'
import { Empty, Facts, List, Page, Section, say, Trouble, Waiting } from '../kit/parts.js'
import { number, Time } from '../kit/show.js'
import { t, word } from '../kit/text.js'
import { verifyProof } from '../kit/verify.js'

const kinds = [
  'clear-read',
  'original-revealed',
  'reidentification-requested',
  'reidentified',
  'approval',
  'refusal',
  'right-requested',
  'right-changed',
  'right-done',
  'request-read',
  'package-read',
  'legal-hold',
  'erasure-lifted',
  'contract-activated',
  'policy-approved',
  'access-changed',
  'reprotection-requested',
  'reprotected',
  'replay-requested',
  'replayed',
  'discard-requested',
  'discarded',
  'key-made',
  'key-revoked',
  'key-rotated',
  'login-failures',
]

export function AuditPage() {
  const [person, setPerson] = useState(null)
  return html`<${Page} title=${t('page.audit')} lead=${t('audit.lead')}>
    <${Head} />
    <${Section} id="person" title=${t('audit.person')} note=${t('audit.personNote')}>
      <${OfPerson} onAsk=${setPerson} />
      ${person && html`<${Entries} asked=${person.asked} ask=${person.ask} isOfPerson=${true} />`}
    </${Section}>
    <${Section} id="search" title=${t('audit.search')}><${Search} /></${Section}>
  </${Page}>`
}

function Head() {
  const { data, problem } = useLoad('/v1/audit/head')
  if (problem)
    return problem.status === 404
      ? html`<p class="note">${t('audit.noHead')}</p>`
      : html`<${Trouble} problem=${problem} />`
  if (!data) return null
  const { payload, signature } = data
  return html`<${Facts} facts=${[
    [t('audit.signedEntries'), number(payload.treeSize)],
    [t('audit.signedAt'), html`<${Time} at=${payload.at} seconds=${true} />`],
    [t('audit.signedBy'), html`<span class="mono">${signature.keyId}</span>`],
  ]} />`
}

/** By the id people know, for whoever may name persons; by pseudonym for everybody else. */
function OfPerson({ onAsk }) {
  const ways = [...(may('export') ? ['subject', 'alias'] : []), 'pseudonym']
  const [by, setBy] = useState(ways[0])
  const [type, setType] = useState('')
  const declared = useDeclared()
  const [id, setId] = useState('')
  if (!declared) return html`<${Waiting} />`
  const types = by === 'alias' ? declared.aliasTypes : declared.types
  const choose = way => {
    setBy(way)
    setType('')
  }
  const send = async () => {
    const ask = page =>
      by === 'pseudonym'
        ? call(`/v1/audit/entries?${new URLSearchParams({ subject: id.trim(), ...page })}`)
        : call('/v1/audit/searches', { method: 'POST', body: { [by]: { type: type || types[0], id }, ...page } })
    onAsk({ asked: `${by} ${type} ${id} ${Date.now()}`, ask })
  }
  return html`<${Form} submit=${t('audit.ask')} onSubmit=${send}>
    ${ways.length > 1 && html`<${Choice} label=${t('requests.by')} value=${by} onInput=${choose} options=${ways.map(way => [way, t(`audit.by.${way}`)])} />`}
    <div class="asked">
      ${by !== 'pseudonym' && html`<${OneOf} key=${by} label=${by === 'alias' ? t('requests.aliasType') : t('requests.type')} known=${types} value=${type || types[0]} onInput=${setType} />`}
      <${Field} label=${t(`audit.by.${by}`)} value=${id} onInput=${setId} required=${true} maxlength="1024" />
    </div>
  </${Form}>`
}

function Search() {
  const [given, setGiven] = useState({ kind: '', dataset: '', actor: '', from: '', to: '' })
  const [{ asked, turn }, setAsked] = useState({ asked: {}, turn: 0 })
  const set = name => value => setGiven({ ...given, [name]: value })
  const send = async () => {
    const { from, to, ...names } = given
    const times = { ...(from && { from: new Date(from).toISOString() }), ...(to && { to: new Date(to).toISOString() }) }
    const named = Object.entries(names).filter(([, name]) => name.trim() !== '')
    setAsked({
      asked: { ...Object.fromEntries(named.map(([of, name]) => [of, name.trim()])), ...times },
      turn: turn + 1,
    })
  }
  return html`
    <${Form} submit=${t('audit.find')} onSubmit=${send}>
      <div class="asked">
        <${Select} label=${t('audit.kind')} value=${given.kind} onInput=${set('kind')} options=${[['', t('audit.anyKind')], ...kinds.map(kind => [kind, t(`audited.${kind}`)])]} />
        <${Field} label=${t('dataset')} value=${given.dataset} onInput=${set('dataset')} maxlength="256" />
        <${Field} label=${t('audit.actor')} value=${given.actor} onInput=${set('actor')} maxlength="256" />
        <${Field} label=${t('explore.from')} type="datetime-local" value=${given.from} onInput=${set('from')} />
        <${Field} label=${t('explore.to')} type="datetime-local" value=${given.to} onInput=${set('to')} />
      </div>
    </${Form}>
    <${Entries} asked=${`${turn} ${JSON.stringify(asked)}`} ask=${page => call(`/v1/audit/entries?${new URLSearchParams({ ...asked, ...page })}`)} />`
}

function Entries({ asked, ask, isOfPerson = false }) {
  const list = useList(asked, ask)
  const columns = [
    {
      label: t('time'),
      head: true,
      show: ({ entry }) => (entry ? html`<${Time} at=${entry.at} seconds=${true} />` : '–'),
    },
    { label: t('audit.kind'), show: ({ entry, note }) => (entry ? word('audited', entry.kind) : note) },
    { label: t('audit.actor'), show: ({ entry }) => html`<span class="mono">${entry?.actor ?? '–'}</span>` },
    { label: t('dataset'), show: ({ entry }) => entry?.dataset ?? '–' },
    ...(isOfPerson ? [{ label: t('audit.purpose'), show: each => each.private?.purpose ?? '–' }] : []),
    { label: t('audit.details'), show: each => html`<${Details} each=${each} />` },
    { label: t('audit.proof'), show: each => html`<${Verify} entry=${each} />` },
  ]
  const empty = html`<${Empty} title=${t('audit.none')}>${isOfPerson ? t('audit.nonePerson') : t('audit.noneDo')}</${Empty}>`
  return html`<${List} list=${list} caption=${isOfPerson ? t('audit.person') : t('audit.entries')} quiet columns=${columns} keyOf=${({ index }) => index} empty=${empty} />`
}

function Details({ each: { index, entry, private: opened } }) {
  if (!entry) return '–'
  const { id, at, kind, actor, dataset, sealed, ...rest } = entry
  const shown = { number: index, ...rest, ...(opened && { private: opened }) }
  return html`<details><summary>${t('show')}<span class="unseen"> ${index}</span></summary><pre class="whole">${JSON.stringify(shown, null, 2)}</pre></details>`
}

function Verify({ entry: { index, leafHash } }) {
  const [state, setState] = useState(null)
  const verify = async () => {
    try {
      const [text, { items }] = await Promise.all([
        call(`/v1/audit/entries/${index}/proof`, { exact: true }),
        call('/v1/signing-keys'),
      ])
      const checks = await verifyProof(text, items, leafHash)
      setState({ checks })
      say(checks.every(({ good }) => good) ? t('audit.proven') : t('audit.notProven'))
    } catch (problem) {
      setState({ problem })
    }
  }
  if (state?.problem)
    return html`<span class="soft">${state.problem.status === 404 ? t('audit.notSigned') : t('problem.internal')}</span>`
  if (!state)
    return html`<button type="button" class="quiet" onClick=${verify}>${t('audit.verify')}<span class="unseen"> ${index}</span></button>`
  return html`<ul class="checks">${state.checks.map(({ check, good }) => html`<li class=${good ? 'state good' : 'state bad'}>${t(`check.${check}.${good ? 'good' : 'bad'}`)}</li>`)}</ul>`
}
