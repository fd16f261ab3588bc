// One dataset: what its contract says of each field, how to send to it, its versions, and the policy as it is written.

import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { may } from '../kit/call.js'
import { Choice } from '../kit/form.js'
import { useLoad } from '../kit/load.js'
import { Code, Facts, Page, Section, Table, Trouble, Waiting } from '../kit/parts.js'
import { link, route } from '../kit/route.js'
import { daysUntil, duration, durationMs, share, Time } from '../kit/show.js'
import { snippets } from '../kit/snippets.js'
import { t, word } from '../kit/text.js'
import { Versions } from './dataset-versions.js'

export function DatasetPage({ parts: [name] }) {
  const { data, problem } = useLoad(`/v1/datasets/${encodeURIComponent(name)}`)
  return html`<${Page} title=${name} lead=${data?.title} back=${{ href: link(['datasets']), text: t('page.datasets') }}>
    ${problem && html`<${Trouble} problem=${problem} />`}
    ${!data && !problem && html`<${Waiting} />`}
    ${data && html`<${Contract} contract=${data} />`}
  </${Page}>`
}

function Contract({ contract }) {
  const { owner, steward, purpose, legalBasis, retention, coverage, waiting } = contract
  useEffect(() => document.getElementById(route.value.query.at)?.scrollIntoView(), [])
  return html`
    ${waiting && html`<${WaitingEdit} reasons=${waiting.reasons} />`}
    <${Facts} facts=${[
      [t('datasets.owner'), owner],
      [t('datasets.steward'), steward],
      [t('dataset.purpose'), purpose],
      [t('dataset.legalBasis'), word('basis', legalBasis)],
      [t('dataset.review'), html`<${Review} review=${contract.review} />`],
      [
        t('dataset.coverage'),
        t('dataset.coverageOf', {
          classified: share(coverage.classified, coverage.declared),
          protected: coverage.protected,
          declared: coverage.declared,
        }),
      ],
      [
        t('dataset.retention'),
        Object.entries(retention)
          .map(([place, days]) => `${t(`retention.${place}`)} ${duration(days)}`)
          .join(' · '),
      ],
    ]} />
    <${Section} id="fields" title=${t('dataset.fields')} note=${t('dataset.fieldsNote')}>
      <${Table} quiet caption=${t('dataset.fields')} rows=${contract.fields} keyOf=${({ pointer }) => pointer} columns=${fieldColumns(contract.fields)} />
    </${Section}>
    <${Section} id="send" title=${t('dataset.send')} note=${t('dataset.sendNote')}><${Send} contract=${contract} /></${Section}>
    <${Section} id="aggregates" title=${t('dataset.aggregates')}><${Aggregates} contract=${contract} /></${Section}>
    <${Section} id="versions" title=${t('dataset.versions')}><${Versions} contract=${contract} /></${Section}>
    <${Section} id="policy" title=${t('dataset.policy')} note=${t('dataset.policyNote')}><${Policy} name=${contract.dataset} /></${Section}>`
}

function WaitingEdit({ reasons }) {
  return html`<div class="notice">
    <p><strong>${t('dataset.waiting')}</strong></p>
    <ul>${reasons.map(reason => html`<li lang="en">${reason}</li>`)}</ul>
    ${may('approve') && html`<p><a href=${link(['approvals'])}>${t('page.approvals')}</a></p>`}
  </div>`
}

function Review({ review }) {
  if (!review) return t('dataset.noReview')
  const dueAt = new Date(Date.parse(review.last) + durationMs(review.every)).toISOString()
  const days = daysUntil(dueAt)
  const left = days < 0 ? t('dataset.reviewOver', { days: -days }) : t('dataset.reviewIn', { days })
  return html`<${Time} at=${dueAt} dateOnly=${true} /> <span class=${days < 0 ? 'state bad' : 'soft'}>${left}</span>`
}

const fieldColumns = fields => [
  { label: t('field.pointer'), head: true, show: ({ pointer }) => html`<span class="mono">${pointer}</span>` },
  {
    label: t('field.category'),
    show: ({ category }) =>
      category ? html`<span class="mono">${category}</span>` : html`<span class="soft">–</span>`,
  },
  {
    label: t('field.level'),
    show: ({ level }) => html`<span class=${`level ${level}`}>${word('level', level)}</span>`,
  },
  { label: t('field.action'), show: ({ action }) => word('action', action) },
  // Where several persons are in an event, whose field it is.
  ...(fields.some(({ of }) => of)
    ? [{ label: t('field.of'), show: ({ of }) => of ?? html`<span class="soft">–</span>` }]
    : []),
]

function Send({ contract }) {
  const [language, setLanguage] = useState('curl')
  if (contract.sample === undefined) return html`<p class="soft">${t('dataset.noSample')}</p>`
  const text = snippets[language](contract, location.origin)
  return html`
    <${Choice} label=${t('dataset.sendWith')} value=${language} onInput=${setLanguage} options=${[['curl', 'curl'], ['javascript', 'JavaScript'], ['python', 'Python'], ['sample', t('dataset.sampleAlone')]]} />
    <${Code} label=${t('dataset.snippet')} text=${text} />`
}

function Aggregates({ contract }) {
  if (contract.aggregates.length === 0) return html`<p class="soft">${t('explore.noneDo')}</p>`
  const columns = [
    {
      label: t('aggregate.name'),
      head: true,
      show: ({ name }) =>
        html`<a href=${link(['explore'], { dataset: contract.dataset, aggregate: name })}>${name}</a>`,
    },
    { label: t('aggregate.window'), show: ({ window }) => html`<span class="mono">${windowText(window)}</span>` },
    { label: t('aggregate.groups'), show: ({ groupBy }) => groupBy.map(each => each.name).join(', ') || '–' },
    { label: t('aggregate.measures'), show: ({ measures }) => measures.map(({ name }) => name).join(', ') },
    { label: t('aggregate.k'), numeric: true, show: ({ k }) => k },
    {
      label: t('field.level'),
      show: ({ level }) => html`<span class=${`level ${level}`}>${word('level', level)}</span>`,
    },
  ]
  return html`<${Table} quiet caption=${t('dataset.aggregates')} rows=${contract.aggregates} columns=${columns} keyOf=${({ name }) => name} />`
}

function windowText(window) {
  const [[kind, size]] = Object.entries(window)
  return `${kind} ${typeof size === 'object' ? Object.values(size).join(' / ') : size}`
}

function Policy({ name }) {
  const { data, problem } = useLoad(`/v1/datasets/${encodeURIComponent(name)}/policy`, { exact: true })
  if (problem) return html`<${Trouble} problem=${problem} />`
  return data ? html`<${Code} label=${`policies/${name}.yaml`} text=${data} />` : html`<${Waiting} />`
}
