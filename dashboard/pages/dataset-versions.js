// The schema versions of a dataset: each as it is registered, and what lies between two of them.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { compareSchemas, ruleText } from '../kit/compare-schemas.js'
import { Select } from '../kit/form.js'
import { useLoad } from '../kit/load.js'
import { Code, List, Table, Trouble, Waiting } from '../kit/parts.js'
import { t } from '../kit/text.js'

const PAGE = 50
/** Of a rule's text in a table; the whole of it shows where one points to it. */
const MAX_TEXT = 90

const pathOf = (dataset, version) =>
  `/v1/datasets/${encodeURIComponent(dataset)}/schemas/${encodeURIComponent(version)}`

export function Versions({ contract }) {
  const [shown, setShown] = useState(null)
  const { data } = useLoad(shown && pathOf(contract.dataset, shown), { exact: true })
  const columns = [
    { label: t('dataset.version'), head: true, show: ({ version }) => html`<span class="mono">${version}</span>` },
    { label: 'SHA-256', show: ({ sha256 }) => html`<span class="mono" title=${sha256}>${sha256.slice(0, 16)}…</span>` },
    {
      label: t('dataset.schema'),
      show: ({ version }) =>
        html`<button type="button" class="quiet" aria-expanded=${shown === version} onClick=${() => setShown(shown === version ? null : version)}>${shown === version ? t('hide') : t('show')}<span class="unseen"> ${version}</span></button>`,
    },
  ]
  return html`
    <${Table} quiet caption=${t('dataset.versions')} rows=${contract.versions} columns=${columns} keyOf=${({ version }) => version} />
    ${shown && data && html`<${Code} label=${t('dataset.schemaOf', { version: shown })} text=${data} />`}
    ${contract.versions.length > 1 && html`<${Between} contract=${contract} />`}`
}

function Between({ contract: { dataset, versions } }) {
  const names = versions.map(({ version }) => version)
  const [from, setFrom] = useState(names.at(-2))
  const [to, setTo] = useState(names.at(-1))
  const options = names.map(name => [name, name])
  return html`<h3 class="inner">${t('versions.between')}</h3>
    <div class="asked">
      <${Select} label=${t('versions.from')} value=${from} onInput=${setFrom} options=${options} />
      <${Select} label=${t('versions.to')} value=${to} onInput=${setTo} options=${options} />
    </div>
    <${Differences} key=${`${from} ${to}`} dataset=${dataset} from=${from} to=${to} />`
}

function Differences({ dataset, from, to }) {
  const [old, now] = [useSchema(dataset, from), useSchema(dataset, to)]
  const [count, setCount] = useState(PAGE)
  const problem = old.problem ?? now.problem
  if (problem) return html`<${Trouble} problem=${problem} />`
  if (!old.data || !now.data) return html`<${Waiting} />`
  const all = compareSchemas(JSON.parse(old.data), JSON.parse(now.data))
  const columns = [
    { label: t('field.pointer'), head: true, show: ({ pointer }) => html`<span class="mono">${pointer || '/'}</span>` },
    {
      label: t('versions.change'),
      show: ({ change }) => html`<span class=${`change ${change}`}>${t(`change.${change}`)}</span>`,
    },
    { label: t('versions.rules'), show: ({ change, rules }) => html`<${Rules} change=${change} rules=${rules} />` },
  ]
  const list = { items: all.slice(0, count), more: count < all.length ? () => setCount(count + PAGE) : undefined }
  return html`<${List} list=${list} caption=${t('versions.of', { from, to })} columns=${columns} keyOf=${({ pointer }) => pointer}
    empty=${html`<p class="soft" role="status">${t('versions.same')}</p>`} />`
}

const useSchema = (dataset, version) => useLoad(pathOf(dataset, version), { exact: true })

/** Of a field that went there is nothing to say. */
function Rules({ change, rules }) {
  if (change === 'removed') return html`<span class="soft">–</span>`
  return html`<ul class="rules">${rules.map(rule => html`<li><${Rule} rule=${rule} /></li>`)}</ul>`
}

function Rule({ rule }) {
  if (rule.keyword === 'required') return rule.after ? t('versions.nowRequired') : t('versions.nowOptional')
  const text = ruleText(rule)
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  return html`<span class="mono soft">${rule.keyword}</span> <span class="mono" title=${text}>${short}</span>`
}
